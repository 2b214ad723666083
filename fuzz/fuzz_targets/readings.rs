//! Readings beside the main one, the decoders they use, and TNEF: any bytes are read within the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use wehr::mail::{
    coding::{base64, binhex, quoted, uuencode, yenc},
    names, readings, tnef,
};

fuzz_target!(|raw: &[u8]| {
    let mut octets = 0usize;
    let mut work = readings::work_of(raw.len());
    let _ = readings::each(raw, &BTreeSet::new(), &mut work, &mut |found| octets += found.octets.len());
    assert!(octets <= raw.len() * 64 + (64 << 20));
    base64::readings(raw, &mut |decoded| assert!(decoded.len() <= raw.len()));
    quoted::readings(raw, &mut |decoded| assert!(decoded.len() <= raw.len()));
    for file in uuencode::files(raw).into_iter().chain(yenc::files(raw)) {
        assert!(file.octets.len() <= raw.len());
    }
    let _ = binhex::files(raw);
    let _ = tnef::read(raw);
    let _ = tnef::read(&[tnef::SIGNATURE, b"\0\0", raw].concat());
    let _ = names::readings([raw].into_iter(), [raw].into_iter());
});
