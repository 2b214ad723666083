//! TODO(content)
