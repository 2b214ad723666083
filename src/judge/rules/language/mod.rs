//! The rule language: what stands in `when`, read into a tree. Names are not resolved here.
//!
//! Pure.

pub mod lexer;
pub mod parser;
pub mod syntax;
