//! Zone files: any octets are read or refused, every fault has its place, and any name can be asked afterwards.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::{
    judge::facts::{Fact, Name, Question},
    world::zone::Zone,
};

fuzz_target!(|text: &[u8]| {
    match Zone::parse("fuzz.zone", text) {
        Ok(zone) => {
            // Names out of the file itself reach its nodes more often than fixed ones.
            for word in text.split(|octet| octet.is_ascii_whitespace()).take(32) {
                let name = Name::new(&String::from_utf8_lossy(word));
                for question in [Question::Txt(name.clone()), Question::Ipv4(name.clone()), Question::Mx(name)] {
                    let fact: Fact = zone.answer(&question);
                    assert_eq!(fact.question(), question);
                }
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|fault| fault.starts_with("fuzz.zone:")));
        }
    }
});
