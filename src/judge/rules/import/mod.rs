//! Import: SpamAssassin's `.cf` rule files become packs in our language, with a report on every rule.
//!
//! Pure: texts in, texts out. Written from the documented behaviour of version 4.0.1.

pub mod book;
mod condition;
pub mod expression;
pub mod header;
mod lines;
mod lists;
pub mod meta;
mod octets;
pub mod site;
mod tags;
