//! What mails of this house taught: a linear model over hashed marks of a mail, with the probability that it is unwanted.
//!
//! Pure. `marks` says what is looked at, `hash` hides it, `model` weighs and learns it, `counts` counts it, `file` keeps
//! both,
//! `voices` tells which marks of a mail spoke.

pub mod counts;
pub mod file;
pub mod forms;
pub mod hash;
pub mod header;
pub mod marks;
pub mod model;
pub mod origin;
pub mod voices;
pub mod words;
