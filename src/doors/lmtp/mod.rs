//! TODO(lmtp) The LMTP door: sockets.

pub mod line;
pub mod session;
