//! TODO(reception)
