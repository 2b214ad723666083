//! OpenPGP: any octets as packets, as armour, as text signed in the clear, as a signature and as a key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::{
    judge::auth::signed::{Scene, Standing, openpgp as verifier, trust::Trust},
    limits,
    mail::{
        openpgp::{self, armor, cleartext, packets::Packets},
        unpack::{self, budget::Budget},
    },
};

fuzz_target!(|bytes: &[u8]| {
    let total: usize = Packets::of(bytes).map(|packet| packet.body.len()).sum();
    assert!(total <= bytes.len());
    let _kind = openpgp::kind(bytes);
    let _texts = openpgp::texts(bytes);
    let _is_binary = openpgp::is_binary_message(bytes);
    for block in armor::blocks(bytes) {
        assert!(block.octets().len() <= bytes.len());
    }
    if let Some(read) = cleartext::read(bytes) {
        assert!(read.signed.len() <= 2 * bytes.len());
    }
    let contents = unpack::open("application/pgp-encrypted", "a.asc", bytes, &[], &mut Budget::default());
    assert!(contents.members.len() <= limits::UNPACKED_MEMBERS_MAX);
    let mut trust = Trust::default();
    let _added = trust.add_keys(bytes);
    let scene = Scene { authors: &[], at: 1_800_000_000, trust: &trust };
    for content in [None, Some(&b"words\r\n"[..])] {
        assert_ne!(verifier::verify(bytes, content, &scene).result, Standing::Valid);
    }
});
