//! S/MIME beside `openssl cms`.

use crate::{ANNA, MAIL, has, is_encrypted, must_hide, must_hold, now, run, sealed};
use proptest::prelude::*;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};
use tempfile::TempDir;
use wehr::{
    judge::policy::encryption::sealing::{Cipher, Sealing},
    mail::timestamp::Timestamp,
    seal::keyring::{Key, Reason},
};

/// Certificate and key made by OpenSSL, in files `NAME.pem`, `NAME.key`.
pub struct Made {
    folder: TempDir,
}

impl Made {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `kind` as for `-newkey`.
    pub fn make(&self, kind: &[&str], extensions: &[&str]) -> (PathBuf, PathBuf) {
        let (certificate, key) = (self.path("anna.pem"), self.path("anna.key"));
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=Anna"]).args(kind);
        for extension in extensions {
            command.args(["-addext", extension]);
        }
        run(command.arg("-keyout").arg(&key).arg("-out").arg(&certificate), b"");
        (certificate, key)
    }
}

pub const RSA: &[&str] = &["-newkey", "rsa:2048"];
pub const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const NAMED: &str = "subjectAltName=email:Anna@school.example";

pub fn opened(sealed: &[u8], certificate: &Path, key: &Path) -> Vec<u8> {
    let mut command = Command::new("openssl");
    run(command.args(["cms", "-decrypt", "-binary", "-recip"]).arg(certificate).arg("-inkey").arg(key), sealed)
}

#[test]
fn openssl_opens_what_we_seal() {
    if !has("openssl") {
        return;
    }
    let curve = |name| ["-newkey", "ec", "-pkeyopt", name];
    for kind in
        [RSA, &["-newkey", "rsa:4096"], P256, &curve("ec_paramgen_curve:P-384"), &curve("ec_paramgen_curve:P-521")]
    {
        let made = Made::new();
        let (certificate, key) = made.make(kind, &[NAMED]);
        let ours = Key::read(&fs::read(&certificate).unwrap(), ANNA).unwrap();
        ours.at(now()).unwrap();
        for cipher in [Cipher::Gcm, Cipher::Cbc] {
            let sealed = sealed(MAIL.as_bytes(), &ours, Sealing { cipher, ..Sealing::default() });
            must_hide(&sealed);
            must_hold(&opened(&sealed, &certificate, &key), MAIL);
            let kind = if cipher == Cipher::Gcm { "authEnveloped-data" } else { "enveloped-data" };
            assert!(String::from_utf8_lossy(&sealed).contains(&format!("smime-type={kind};")));
        }
    }
}

#[test]
fn what_openssl_encrypts_is_left_alone_and_what_it_signs_is_not() {
    if !has("openssl") {
        return;
    }
    let made = Made::new();
    let (certificate, key) = made.make(RSA, &[NAMED]);
    for options in [&["-aes256"][..], &["-aes-256-gcm"], &["-aes128", "-stream"]] {
        let mut command = Command::new("openssl");
        let mail = run(command.args(["cms", "-encrypt"]).args(options).arg(&certificate), MAIL.as_bytes());
        assert!(is_encrypted(&mail), "{options:?}\n{}", String::from_utf8_lossy(&mail));
    }
    for options in [&[][..], &["-nodetach"]] {
        let mut command = Command::new("openssl");
        let signing = command.args(["cms", "-sign"]).args(options).arg("-signer").arg(&certificate);
        let mail = run(signing.arg("-inkey").arg(&key), MAIL.as_bytes());
        assert!(!is_encrypted(&mail), "{options:?}\n{}", String::from_utf8_lossy(&mail));
        // Sealed around: the signed entity is inside as it was.
        let ours = Key::read(&fs::read(&certificate).unwrap(), ANNA).unwrap();
        let inside = opened(&sealed(&mail, &ours, Sealing::default()), &certificate, &key);
        let body = mail.windows(2).position(|window| window == b"\n\n").map(|at| &mail[at + 2..]);
        let body = body.or_else(|| mail.windows(4).position(|window| window == b"\r\n\r\n").map(|at| &mail[at + 4..]));
        assert!(inside.ends_with(body.unwrap()));
    }
}

#[test]
fn certificates_that_cannot_be_used_say_why() {
    if !has("openssl") {
        return;
    }
    let reason = |kind: &[&str], extensions: &[&str]| {
        let made = Made::new();
        let (certificate, _) = made.make(kind, extensions);
        Key::read(&fs::read(certificate).unwrap(), ANNA).map(drop)
    };
    assert_eq!(reason(RSA, &[NAMED, "keyUsage=digitalSignature"]), Err(Reason::Usage));
    assert_eq!(reason(P256, &[NAMED, "keyUsage=keyEncipherment"]), Err(Reason::Usage));
    assert_eq!(reason(RSA, &[NAMED, "keyUsage=keyEncipherment", "extendedKeyUsage=emailProtection"]), Ok(()));
    assert_eq!(reason(RSA, &[NAMED, "extendedKeyUsage=serverAuth"]), Err(Reason::Usage));
    assert_eq!(reason(RSA, &["subjectAltName=email:bert@school.example"]), Err(Reason::Address));
    assert_eq!(reason(&["-newkey", "rsa:1024"], &[NAMED]), Err(Reason::Algorithm));
    assert_eq!(reason(&["-newkey", "ed25519"], &[NAMED]), Err(Reason::Algorithm));
    assert_eq!(reason(&["-newkey", "rsa:2048", "-subj", "/CN=A/emailAddress=anna@school.example"], &[]), Ok(()));
    let made = Made::new();
    let (certificate, key) = made.make(RSA, &[NAMED]);
    let octets = fs::read(&certificate).unwrap();
    assert_eq!(Key::read(&fs::read(key).unwrap(), ANNA).map(drop), Err(Reason::Secret));
    assert_eq!(Key::read(b"hello", ANNA).map(drop), Err(Reason::Unreadable));
    let read = Key::read(&octets, ANNA).unwrap();
    let days = |days: i64| Timestamp::from_seconds(now().seconds() + days * 86_400);
    assert_eq!(read.at(days(31)), Err(Reason::Expired));
    assert_eq!(read.at(days(-1)), Err(Reason::NotYetValid));
    // DER in place of PEM.
    let mut command = Command::new("openssl");
    let der = run(command.args(["x509", "-outform", "DER", "-in"]).arg(&certificate), b"");
    assert_eq!(Key::read(&der, ANNA).unwrap().fingerprint(), read.fingerprint());
}

static RECIPIENT: LazyLock<(Made, PathBuf, PathBuf, Key)> = LazyLock::new(|| {
    let made = Made::new();
    let (certificate, key) = made.make(P256, &[NAMED]);
    let ours = Key::read(&fs::read(&certificate).unwrap(), ANNA).unwrap();
    (made, certificate, key, ours)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Any mail seals to a mail, and opened it is the same: its body, and each field inside or outside.
    #[test]
    fn any_mail_comes_back(
        fields in prop::collection::vec("(Subject|From|X-[A-Z]|Content-Type|Received): [ -~]{0,60}", 0..8),
        body in prop::collection::vec(any::<u8>(), 0..4000),
        hides_subject in any::<bool>(),
    ) {
        if !has("openssl") {
            return Ok(());
        }
        let (_, certificate, key, ours) = &*RECIPIENT;
        let head: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        let mail = [head.as_bytes(), b"\r\n", &body].concat();
        let sealed = sealed(&mail, ours, Sealing { hides_subject, ..Sealing::default() });
        prop_assert!(is_encrypted(&sealed));
        let inside = opened(&sealed, certificate, key);
        prop_assert!(inside.ends_with(&[b"\r\n\r\n", &body[..]].concat()));
        let outside = String::from_utf8_lossy(&sealed).into_owned();
        let inside = String::from_utf8_lossy(&inside).into_owned();
        for field in &fields {
            let start = field.trim_end().trim_end_matches(';');
            prop_assert!(inside.contains(start) || outside.contains(start), "{}", field);
        }
    }
}
