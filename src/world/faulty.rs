//! TODO(world)
