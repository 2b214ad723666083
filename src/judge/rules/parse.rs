//! Reads rule files: every error at once, with its place and a suggestion.
//!
//! Pure.
