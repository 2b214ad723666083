//! CMS files: any octets are read, opened and verified, as a file of their own and as a detached signature.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::{
    judge::auth::signed::{Scene, Standing, certificate::Certificate, smime, trust::Trust},
    mail::{
        asn1,
        cms::{self, signed},
        unpack::{self, budget::Budget},
    },
};

fuzz_target!(|bytes: &[u8]| {
    if let Some(item) = asn1::item(bytes) {
        assert!(item.whole.len() <= bytes.len() && item.content.len() <= item.whole.len());
        assert!(item.octets().len() <= item.content.len());
    }
    if let Some(info) = cms::read(bytes)
        && let Some(data) = signed::read(&info)
    {
        for der in &data.certificates {
            let _read = Certificate::read(der);
        }
    }
    let _opened = unpack::open("application/pkcs7-mime", "smime.p7m", bytes, &[], &mut Budget::default());
    let trust = Trust::default();
    let scene = Scene { authors: &[], at: 1_800_000_000, trust: &trust };
    for content in [None, Some(&b"Content-Type: text/plain\r\n\r\nwords\r\n"[..])] {
        // Nobody is trusted and nobody is the author.
        assert_ne!(smime::verify(bytes, content, &scene).result, Standing::Valid);
    }
});
