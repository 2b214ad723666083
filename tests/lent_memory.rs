//! What opening a large encrypted mail with a lent key takes of memory at its peak, counted at the allocator: no more
//! than any other mail may take.
//!
//! One test in a process of its own, so that nothing else allocates meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use bytes::Bytes;
use peak_alloc::PeakAlloc;
use rcgen::{CertificateParams, KeyPair, SanType};
use std::{sync::Arc, time::Instant};
use wehr::{
    judge::policy::encryption::sealing::{Cipher, Sealing},
    limits,
    mail::{
        head::Head,
        message::Message,
        unpack::lent::{self, Lent},
    },
    seal::{base64, keyring::Key, seal},
};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const HEAD: &str = "From: bert@other.example\r\nTo: anna@school.example\r\nSubject: large\r\nMIME-Version: 1.0\r\n\
    Content-Type: application/octet-stream; name=large.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n";
/// Octets of the attachment; the sealed mail has some 25 MiB.
const ATTACHED: usize = 13 << 20;

/// A certificate for Anna, and its private key, as PEM.
fn made() -> (String, String) {
    let mut parameters = CertificateParams::default();
    parameters.subject_alt_names.push(SanType::Rfc822Name("anna@school.example".try_into().unwrap()));
    let key = KeyPair::generate().unwrap();
    (parameters.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn a_large_mail_that_is_opened_stays_within_the_memory_of_any_mail() {
    let (certificate, key) = made();
    let certificate = Key::read(certificate.as_bytes(), "anna@school.example").unwrap();
    let keys = lent::Key::read(key.as_bytes()).unwrap().into_iter().map(Arc::new).collect();
    let lent = Lent::of(keys);
    // Octets without pattern, always the same.
    let mut state = 1_u32;
    let attached: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(ATTACHED)
    .collect();
    let mut body = Vec::new();
    base64::lines(&attached, &mut body);
    drop(attached);
    for cipher in [Cipher::Gcm, Cipher::Cbc] {
        let how = Sealing { cipher, ..Sealing::default() };
        let raw = Bytes::from(seal(&Head::parse(&Bytes::from(HEAD)), &body, &certificate, how).unwrap());
        let octets = raw.len();
        assert!((24 << 20..28 << 20).contains(&octets), "{octets}");
        for (lent, is_opened) in [(Lent::default(), false), (lent.clone(), true)] {
            let (before, begun) = (ALLOCATOR.current_usage(), Instant::now());
            ALLOCATOR.reset_peak_usage();
            let message = Message::parse_with(raw.clone(), lent);
            let (peak, kept) = (ALLOCATOR.peak_usage() - before, ALLOCATOR.current_usage() - before);
            println!(
                "{cipher:?}, opened {is_opened}: mail {} MiB, peak {} MiB, kept {} MiB, {:?}",
                octets >> 20,
                peak >> 20,
                kept >> 20,
                begun.elapsed()
            );
            assert_eq!(message.is_opened, is_opened);
            assert_eq!(
                message.parts.iter().any(|part| part.bytes == ATTACHED),
                is_opened,
                "the file in it is seen whole"
            );
            assert!(peak <= octets * limits::MAIL_MEMORY_FACTOR + limits::MAIL_MEMORY_BYTES_MAX, "{peak}");
            // Beside the mail itself: the opened entity's parts for the scanner, and little else.
            assert!(kept <= 2 * octets, "{kept}");
        }
    }
}
