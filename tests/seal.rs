//! Sealing beside foreign tools: what we seal OpenSSL and GnuPG open, what they encrypt we leave alone.
//!
//! A tool that is missing leaves its tests out with a word on stderr, or fails them where `CI` or `WEHR_REQUIRE_PARTS` is set.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "seal/door.rs"]
mod door;
#[path = "seal/gnupg.rs"]
mod gnupg;
#[path = "lmtp/house.rs"]
#[allow(dead_code, reason = "shared with the tests of the LMTP door, which use more of it")]
mod house;
#[path = "seal/ldap.rs"]
mod ldap;
#[path = "seal/lent.rs"]
mod lent;
#[path = "seal/openssl.rs"]
mod openssl;
#[path = "seal/wkd.rs"]
mod wkd;

use bytes::Bytes;
use std::{
    io::Write,
    process::{Command, Stdio},
};
use wehr::{
    judge::policy::encryption::sealing::Sealing,
    mail::{head::Head, timestamp::Timestamp},
    seal::{keyring::Key, recognise, seal},
};

/// Whose mail is sealed.
const ANNA: &str = "anna@school.example";

const MAIL: &str = "X-Wehr-Verdict: action=accept; score=0; ref=1\r\nAuthentication-Results: mx.school.example; dkim=pass\r\n\
    Received: from a by b;\r\n\tSun, 22 Nov 2026 12:00:00 +0000\r\nFrom: Bert <bert@other.example>\r\n\
    To: Anna <anna@school.example>\r\nSubject: The marks of class 7b\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\
    Message-ID: <1@other.example>\r\nX-Mailer: Secret Mailer\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
    Gr\u{fc}\u{df}e!\r\n\r\n.\r\n..two\r\n \r\n- dash\r\nFrom here\r\nno line end";

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_seconds(since.as_secs().cast_signed())
}

fn sealed(mail: &[u8], key: &Key, how: Sealing) -> Vec<u8> {
    let raw = Bytes::copy_from_slice(mail);
    let head = Head::parse(&raw);
    seal(&head, &raw[head.len_bytes()..], key, how).unwrap()
}

fn is_encrypted(mail: &[u8]) -> bool {
    let raw = Bytes::copy_from_slice(mail);
    let head = Head::parse(&raw);
    recognise::is_encrypted(&head, &raw[head.len_bytes()..])
}

/// The opened entity holds the mail: its body byte for byte, and its Subject.
fn must_hold(opened: &[u8], mail: &str) {
    let text = String::from_utf8_lossy(opened);
    let body = |octets: &[u8]| {
        let cut = octets.windows(4).position(|window| window == b"\r\n\r\n").expect("an empty line");
        octets[cut + 4..].to_vec()
    };
    assert_eq!(body(opened), body(mail.as_bytes()), "{text}");
    assert!(text.contains("Subject: The marks of class 7b\r\n"), "{text}");
    assert!(text.contains("X-Mailer: Secret Mailer\r\n") && text.contains("hp=\"cipher\""), "{text}");
}

/// Nothing of the content can be read outside, and what has to stand there does.
fn must_hide(sealed: &[u8]) {
    let text = String::from_utf8_lossy(sealed);
    // None of them is made of the letters of base64 alone: short words come up there by chance.
    for secret in ["marks of class", "Secret Mailer", "..two", "- dash", "From here"] {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
    for kept in [
        "X-Wehr-Verdict: action=accept",
        "Authentication-Results: mx",
        "Received: ",
        "Message-ID: <1@",
        "Subject: [...]",
    ] {
        assert!(text.contains(kept), "{kept} not in\n{text}");
    }
    assert!(text.lines().all(|line| line.len() < 200) && text.is_ascii());
    assert!(is_encrypted(sealed), "our own sealed mail is not known as encrypted:\n{text}");
}

/// Is the program here? A missing one fails in CI.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    let required =
        ["CI", "WEHR_REQUIRE_PARTS"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    assert!(found || !required, "{program} is missing, and here a missing part is a failure");
    if !found {
        eprintln!("left out: {program} is missing");
    }
    found
}

/// Runs a command with this input; what it printed.
fn run(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that reads no input closes its end.
    let writing = std::thread::spawn(move || drop(pipe.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
