//! The packs and lists that are built into the program, so that it needs no file.
//!
//! Pure.

/// File name and text of every embedded pack.
pub const PACKS: &[(&str, &str)] = &[
    ("authentication.toml", include_str!("../../../rules/authentication.toml")),
    ("structure.toml", include_str!("../../../rules/structure.toml")),
    ("virus.toml", include_str!("../../../rules/virus.toml")),
];

/// Name and text of every embedded list.
pub const LISTS: &[(&str, &str)] = &[];
