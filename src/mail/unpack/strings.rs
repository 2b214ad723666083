//! Addresses of pages in octets of any kind, in letters of one octet or two.
//!
//! Pure.

use super::{contents::Contents, octets::utf16_le};
use memchr::memmem;

/// Takes every `http`, `https` or `ftp` address as a link.
pub fn urls(bytes: &[u8], contents: &mut Contents) {
    let mut found = 0;
    for at in memmem::find_iter(bytes, "://").take(LOOKS_MAX) {
        let Some(start) = ["https", "http", "ftp"].iter().find_map(|scheme| {
            let start = at.checked_sub(scheme.len())?;
            bytes.get(start..at).is_some_and(|word| word.eq_ignore_ascii_case(scheme.as_bytes())).then_some(start)
        }) else {
            continue;
        };
        let rest = bytes.get(start..).unwrap_or_default();
        let end = rest.iter().take(LENGTH_MAX).position(|octet| !is_url(*octet)).unwrap_or(LENGTH_MAX.min(rest.len()));
        found += usize::from(take(&String::from_utf8_lossy(rest.get(..end).unwrap_or_default()), contents));
        if found >= URLS_MAX {
            return;
        }
    }
    for at in memmem::find_iter(bytes, b":\0/\0/\0").take(LOOKS_MAX) {
        let Some(start) = [&b"h\0t\0t\0p\0s\0"[..], b"h\0t\0t\0p\0", b"f\0t\0p\0"].iter().find_map(|scheme| {
            let start = at.checked_sub(scheme.len())?;
            bytes.get(start..at).is_some_and(|word| word.eq_ignore_ascii_case(scheme)).then_some(start)
        }) else {
            continue;
        };
        let rest = bytes.get(start..).unwrap_or_default();
        let (units, _) = rest.as_chunks::<2>();
        let length = units.iter().take(LENGTH_MAX).take_while(|[low, high]| *high == 0 && is_url(*low)).count();
        found += usize::from(take(&utf16_le(rest.get(..2 * length).unwrap_or_default()), contents));
        if found >= URLS_MAX {
            return;
        }
    }
}

fn take(url: &str, contents: &mut Contents) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default().to_ascii_lowercase();
    if host.is_empty() || NAMESPACES.iter().any(|known| host.starts_with(known)) {
        return false;
    }
    contents.link(url);
    true
}

fn is_url(octet: u8) -> bool {
    octet.is_ascii_graphic() && !matches!(octet, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | b')')
}

/// Hosts of names of vocabularies, which nobody visits.
const NAMESPACES: &[&str] = &[
    "schemas.openxmlformats.org",
    "schemas.microsoft.com",
    "www.w3.org",
    "purl.org",
    "ns.adobe.com",
    "purl.oclc.org",
    "openoffice.org",
    "docs.oasis-open.org",
    "www.iec.ch",
    "sectigo.com",
    "ocsp.",
    "crl.",
];
const LOOKS_MAX: usize = 20_000;
const URLS_MAX: usize = 200;
const LENGTH_MAX: usize = 2048;
