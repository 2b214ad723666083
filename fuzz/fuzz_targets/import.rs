//! Rule files of SpamAssassin: whatever stands in them, what is imported loads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::judge::rules::{
    import::{import, site::Site},
    ruleset::{Proof, Ruleset, Sources},
};

fuzz_target!(|text: &[u8]| {
    let imported = import(&[("fuzz.cf", text)], Site::default());
    let read = Ruleset::read(&Sources { files: imported.packs, ..Sources::default() }, Proof::Done);
    assert!(read.is_ok(), "{read:?}");
});
