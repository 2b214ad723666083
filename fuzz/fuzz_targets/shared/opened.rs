//! Opening anything as one of some kinds: what comes out stays within the budget.

use wehr::{
    limits,
    mail::unpack::{self, budget::Budget},
};

/// The first octet names a kind, the rest is opened as it.
pub fn open_as_one_of(kinds: &[&str], bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let kind = kinds[usize::from(*kind) % kinds.len()];
    let mut budget = Budget::default();
    let contents = unpack::open(kind, "a.bin", bytes, &["secret".to_owned()], &mut budget);
    let total: usize = contents.members.iter().map(|member| member.bytes.len()).sum();
    assert!(total <= limits::UNPACKED_BYTES_MAX);
    assert!(contents.members.len() <= limits::UNPACKED_MEMBERS_MAX);
    assert!(contents.text.len() <= limits::DOCUMENT_TEXT_BYTES_MAX);
}
