//! The packs and lists that are built into the program, so that it needs no file.
//!
//! Pure.

/// File name and text of every embedded pack.
pub const PACKS: &[(&str, &str)] = &[
    ("attachments.toml", include_str!("../../../rules/attachments.toml")),
    ("authentication.toml", include_str!("../../../rules/authentication.toml")),
    ("bulk.toml", include_str!("../../../rules/bulk.toml")),
    ("fraud.toml", include_str!("../../../rules/fraud.toml")),
    ("invoices.toml", include_str!("../../../rules/invoices.toml")),
    ("learned.toml", include_str!("../../../rules/learned.toml")),
    ("oddities.toml", include_str!("../../../rules/oddities.toml")),
    ("pharma_and_goods.toml", include_str!("../../../rules/pharma_and_goods.toml")),
    ("phishing.toml", include_str!("../../../rules/phishing.toml")),
    ("school.toml", include_str!("../../../rules/school.toml")),
    ("senders.toml", include_str!("../../../rules/senders.toml")),
    ("signed.toml", include_str!("../../../rules/signed.toml")),
    ("smuggling.toml", include_str!("../../../rules/smuggling.toml")),
    ("spoofing.toml", include_str!("../../../rules/spoofing.toml")),
    ("structure.toml", include_str!("../../../rules/structure.toml")),
    ("transport.toml", include_str!("../../../rules/transport.toml")),
    ("virus.toml", include_str!("../../../rules/virus.toml")),
];

/// Name and text of every embedded list.
pub const LISTS: &[(&str, &str)] = &[
    ("authorities", include_str!("../../../rules/lists/authorities.txt")),
    ("brands", include_str!("../../../rules/lists/brands.txt")),
    ("freemail", include_str!("../../../rules/lists/freemail.txt")),
    ("logo_sources", include_str!("../../../rules/lists/logo_sources.txt")),
    ("open_hosting", include_str!("../../../rules/lists/open_hosting.txt")),
    ("picture_dumps", include_str!("../../../rules/lists/picture_dumps.txt")),
    ("redirectors", include_str!("../../../rules/lists/redirectors.txt")),
    ("remailers", include_str!("../../../rules/lists/remailers.txt")),
    ("school_platforms", include_str!("../../../rules/lists/school_platforms.txt")),
    ("shorteners", include_str!("../../../rules/lists/shorteners.txt")),
];
