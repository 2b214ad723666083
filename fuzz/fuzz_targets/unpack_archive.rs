//! Archives of every kind: the first octet names one, any octets behind it are opened within the budget.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::{
    limits,
    mail::unpack::{self, budget::Budget},
};

const KINDS: &[&str] = &[
    "application/zip",
    "application/gzip",
    "application/x-bzip2",
    "application/x-xz",
    "application/x-lzip",
    "application/zstd",
    "application/x-compress",
    "application/x-lzma",
    "application/x-tar",
    "application/x-cpio",
    "application/x-unix-archive",
    "application/x-iso9660-image",
    "application/x-arj",
    "application/x-lzh-compressed",
    "application/vnd.ms-cab-compressed",
    "application/x-7z-compressed",
    "application/vnd.rar",
    "application/x-dosexec",
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
