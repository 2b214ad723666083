//! Import: SpamAssassin's `.cf` rule files become packs in our language, with a report on every rule.
//!
//! Pure: texts in, texts out. Written from the documented behaviour of version 4.0.1.

pub mod book;
mod condition;
mod engine;
mod evals;
pub mod expression;
pub mod header;
mod lines;
mod lists;
pub mod meta;
mod octets;
mod packs;
mod patterns;
pub mod report;
pub mod site;
mod tags;
mod translate;

use report::Report;
use site::Site;

/// What an import gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// File name and text of every pack.
    pub packs: Vec<(String, String)>,
    /// File name and text of every list.
    pub lists: Vec<(String, String)>,
    pub report: Report,
}

/// Imports rule files, `(name, octets)` each, in the order SpamAssassin reads them: sorted by name.
#[must_use]
pub fn import(files: &[(&str, &[u8])], mut site: Site) -> Imported {
    let book = book::Book::read(files, &mut site);
    translate::translated(&book, &site)
}
