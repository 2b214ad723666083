//! Numbers and texts at a place in octets: every read may miss, none may fail.
//!
//! Pure. Numbers come as `usize`; those of 64 bits are cut at its end.

use memchr::memmem;

/// The octet at `at`.
#[must_use]
pub fn octet(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at).map(|octet| usize::from(*octet))
}

/// 16 bits, low octet first.
#[must_use]
pub fn le16(bytes: &[u8], at: usize) -> Option<usize> {
    let (group, _) = bytes.get(at..)?.split_first_chunk::<2>()?;
    Some(usize::from(u16::from_le_bytes(*group)))
}

/// 32 bits, low octet first.
#[must_use]
pub fn le32(bytes: &[u8], at: usize) -> Option<usize> {
    let (group, _) = bytes.get(at..)?.split_first_chunk::<4>()?;
    Some(u32::from_le_bytes(*group) as usize)
}

/// 64 bits, low octet first.
#[must_use]
pub fn le64(bytes: &[u8], at: usize) -> Option<usize> {
    let (group, _) = bytes.get(at..)?.split_first_chunk::<8>()?;
    Some(usize::try_from(u64::from_le_bytes(*group)).unwrap_or(usize::MAX))
}

/// 16 bits, high octet first.
#[must_use]
pub fn be16(bytes: &[u8], at: usize) -> Option<usize> {
    let (group, _) = bytes.get(at..)?.split_first_chunk::<2>()?;
    Some(usize::from(u16::from_be_bytes(*group)))
}

/// 32 bits, high octet first.
#[must_use]
pub fn be32(bytes: &[u8], at: usize) -> Option<usize> {
    let (group, _) = bytes.get(at..)?.split_first_chunk::<4>()?;
    Some(u32::from_be_bytes(*group) as usize)
}

/// Up to `length` octets from `at` on: fewer at the end.
#[must_use]
pub fn piece(bytes: &[u8], at: usize, length: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.get(..length).unwrap_or(rest)
}

/// Do the octets at `at` begin with `mark`?
#[must_use]
pub fn is_at(bytes: &[u8], at: usize, mark: &[u8]) -> bool {
    bytes.get(at..).is_some_and(|rest| rest.starts_with(mark))
}

/// Where `needle` stands first, from `from` on.
#[must_use]
pub fn find(bytes: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    memmem::find(bytes.get(from..)?, needle).map(|at| from + at)
}

/// Is `needle` there, whatever the case of its ASCII letters?
#[must_use]
pub fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    find_any_case(bytes, 0, needle).is_some()
}

/// Where `needle` stands first, from `from` on, whatever the case of its ASCII letters.
#[must_use]
pub fn find_any_case(bytes: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let (low, high) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let rest = bytes.get(from..)?;
    memchr::memchr2_iter(low, high, rest)
        .find(|at| rest.get(*at..*at + needle.len()).is_some_and(|found| found.eq_ignore_ascii_case(needle)))
        .map(|at| from + at)
}

/// Text of UTF-16, low octet first.
#[must_use]
pub fn utf16_le(bytes: &[u8]) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit)))
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Text of UTF-16, high octet first.
#[must_use]
pub fn utf16_be(bytes: &[u8]) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)))
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Octets up to the first NUL.
#[must_use]
pub fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|octet| *octet == 0).next().unwrap_or_default()
}
