//! Documents, pages and pictures of every kind: the first octet names one, any octets behind it are opened within the budget.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::{
    limits,
    mail::unpack::{self, budget::Budget},
};

const KINDS: &[&str] = &[
    "application/x-ole-storage",
    "application/vnd.ms-excel",
    "application/vnd.ms-outlook",
    "application/rtf",
    "text/xml",
    "text/html",
    "application/pdf",
    "application/x-ms-shortcut",
    "application/onenote",
    "text/calendar",
    "application/pkcs7-mime",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let kind = KINDS[usize::from(*kind) % KINDS.len()];
    let mut budget = Budget::default();
    let contents = unpack::open(kind, "a.bin", bytes, &["secret".to_owned()], &mut budget);
    let total: usize = contents.members.iter().map(|member| member.bytes.len()).sum();
    assert!(total <= limits::UNPACKED_BYTES_MAX);
    assert!(contents.members.len() <= limits::UNPACKED_MEMBERS_MAX);
    assert!(contents.text.len() <= limits::DOCUMENT_TEXT_BYTES_MAX);
});
