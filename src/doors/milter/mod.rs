//! TODO(milter) The milter door: sockets.

pub mod frame;
pub mod session;
