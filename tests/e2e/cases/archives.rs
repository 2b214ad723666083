//! What stands in archives that clamd does not open.

use crate::{
    cases::verdicts::must_refuse,
    clamd::eicar,
    dovecot::contains,
    lab::{HONEST, Lab, SENDER, mail_with_attachment, must_be_taken, send},
};

/// A frame of one raw block (RFC 8878 3.1.1), for content below 256 octets.
fn zstd(content: &[u8]) -> Vec<u8> {
    let size = u8::try_from(content.len()).expect("a short content");
    let [low, high, _, _] = ((u32::from(size) << 3) | 1).to_le_bytes();
    [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, size, low, high, 0], content].concat()
}

/// The checksum of zip archives, bit by bit.
fn crc32(content: &[u8]) -> u32 {
    let round = |sum: u32, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
    !content.iter().fold(!0, |sum, octet| (0..8).fold(sum ^ u32::from(*octet), round))
}

/// An archive of one stored file.
fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len()).expect("a short content").to_le_bytes();
    let length = u16::try_from(name.len()).expect("a short name").to_le_bytes();
    // Version, flags, method, time, date; sums; length of the name, no extra field.
    let common =
        [&[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x5d][..], &crc32(content).to_le_bytes(), &size, &size, &length, &[0; 2]]
            .concat();
    let local = [&b"PK\x03\x04"[..], &common, name.as_bytes(), content].concat();
    let central = [&b"PK\x01\x02\x14\0"[..], &common, &[0; 14], name.as_bytes()].concat();
    let place = |length: usize| u32::try_from(length).expect("a short archive").to_le_bytes();
    let end = [&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &place(central.len()), &place(local.len()), &[0; 2]].concat();
    [local, central, end].concat()
}

/// Only because each file is shown to clamd by itself is it found: clamd does not read Zstandard.
pub fn virus_that_clamd_cannot_unpack_is_refused(lab: &mut Lab) {
    lab.with_filter();
    let archive = zip("letter.txt.zst", &zstd(eicar().as_bytes()));
    let mail = |mark: &str| mail_with_attachment("anna@example.net", mark, "letters.zip", &archive);
    let alone = lab.clamd.asked(&mail("zstd-alone"));
    assert!(alone.contains("OK"), "clamd has learnt Zstandard, this case needs another kind: {alone}");
    let reply = send(lab.postfix.behind_tcp, HONEST, SENDER, &["anna@direct.example.org"], &mail("zstd-milter"));
    must_refuse(&reply, 550, "5.7.1");
    must_be_taken(lab.postfix.plain, &["anna@filtered.example.org"], &mail("zstd-lmtp"));
    let bounce = lab.dovecot.wait_for_mail("sender", "zstd-lmtp");
    assert!(contains(&bounce, b"550 5.7.1"), "the bounce does not say 550 5.7.1");
    for mark in ["zstd-milter", "zstd-lmtp"] {
        assert!(lab.dovecot.mails_with("anna", mark).is_empty(), "{mark} was delivered");
    }
    // Refused as a virus, and for nothing else that the archive may be.
    let harmless = zip("letter.txt.zst", &zstd(b"a letter"));
    let message = mail_with_attachment("anna@example.net", "zstd-harmless", "letters.zip", &harmless);
    must_be_taken(lab.postfix.behind_tcp, &["anna@direct.example.org"], &message);
    lab.dovecot.wait_for_mail("anna", "zstd-harmless");
}
