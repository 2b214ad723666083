//! A message: any bytes are read within the limits, and the coverage account adds up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::{limits, mail::message::Message};

fuzz_target!(|raw: &[u8]| {
    let message = Message::parse(raw.to_vec().into());
    assert!(message.parts.len() <= limits::PARTS_MAX + limits::UNPACKED_MEMBERS_MAX);
    assert!(message.links.len() <= limits::LINKS_MAX);
    assert_eq!(message.coverage.bytes, raw.len());
    assert!(message.coverage.scanned <= raw.len());
    assert!(message.defects.is_sorted());
    for part in &message.parts {
        assert!(!part.path.is_empty());
        assert!(part.names.len() <= limits::NAMES_MAX + 1);
        assert!(part.within.as_ref().is_none_or(|within| message.parts.iter().any(|outer| outer.path == *within)));
    }
});
