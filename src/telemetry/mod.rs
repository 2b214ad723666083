//! What operators see: metrics, the log line of a mail, the HTTP pages.

pub mod aside;
pub mod http;
pub mod keys;
pub mod log;
pub mod metrics;
pub mod panels;
pub mod registrar;
mod series;
pub mod settlement;
