//! Documents, pages and pictures of every kind: the first octet names one, any octets behind it are opened within the budget.
#![no_main]

#[path = "shared/opened.rs"]
mod opened;

use libfuzzer_sys::fuzz_target;

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

fuzz_target!(|bytes: &[u8]| opened::open_as_one_of(KINDS, bytes));
