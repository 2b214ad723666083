//! OpenPGP beside GnuPG.
#![cfg(feature = "openpgp")]

use crate::{ANNA, MAIL, has, is_encrypted, must_hide, must_hold, now, run, sealed};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};
use tempfile::TempDir;
use wehr::{
    judge::policy::encryption::sealing::Sealing,
    mail::timestamp::Timestamp,
    seal::keyring::{Key, Reason},
};

/// A GnuPG of its own; its agent ends with it.
pub struct Gpg(TempDir);

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").arg("--homedir").arg(self.0.path()).args(["--kill", "all"]).output();
    }
}

impl Gpg {
    pub fn new() -> Self {
        // A socket's path has at most 108 octets.
        let home = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Self(home)
    }

    pub fn home(&self) -> &Path {
        self.0.path()
    }

    pub fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(self.home());
        command.args([
            "--batch",
            "--quiet",
            "--yes",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--trust-model",
            "always",
        ]);
        run(command.args(arguments), input)
    }

    fn fingerprint(&self) -> String {
        let told = String::from_utf8(self.run(&["--with-colons", "--list-keys"], b"")).unwrap();
        told.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap().trim_end_matches(':').to_owned()
    }

    /// A primary key, and a subkey for encrypting unless `encryption` is empty.
    pub fn make(&self, id: &str, primary: &str, encryption: &str, expire: &str) {
        self.run(
            &[
                "--quick-gen-key",
                id,
                primary,
                if primary == "default" || primary == "future-default" { "default" } else { "sign,cert" },
                expire,
            ],
            b"",
        );
        if !encryption.is_empty() {
            self.run(&["--quick-add-key", &self.fingerprint(), encryption, "encr", expire], b"");
        }
    }

    pub fn export(&self) -> Vec<u8> {
        self.run(&["--armor", "--export"], b"")
    }
}

/// The armoured message of a sealed mail.
pub fn opened(gpg: &Gpg, sealed: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(sealed);
    let start = text.find("-----BEGIN PGP MESSAGE-----").unwrap();
    gpg.run(&["--decrypt"], &text.as_bytes()[start..])
}

const ID: &str = "Anna Example <Anna@School.example>";

#[test]
fn gnupg_opens_what_we_seal() {
    if !has("gpg") {
        return;
    }
    for (primary, encryption) in [
        ("default", ""),
        ("future-default", ""),
        ("rsa2048", "rsa2048"),
        ("rsa4096", "rsa4096"),
        ("ed25519", "cv25519"),
        ("nistp256", "nistp256"),
        ("nistp384", "nistp384"),
    ] {
        let gpg = Gpg::new();
        gpg.make(ID, primary, encryption, "30d");
        let ours = Key::read(&gpg.export(), ANNA).unwrap_or_else(|why| panic!("{primary}: {why}"));
        ours.at(now()).unwrap();
        let sealed = sealed(MAIL.as_bytes(), &ours, Sealing::default());
        must_hide(&sealed);
        must_hold(&opened(&gpg, &sealed), MAIL);
        let binary = gpg.run(&["--export"], b"");
        assert_eq!(Key::read(&binary, ANNA).unwrap().fingerprint(), ours.fingerprint());
    }
}

#[test]
fn what_gnupg_encrypts_is_left_alone_and_what_it_signs_is_not() {
    if !has("gpg") {
        return;
    }
    let gpg = Gpg::new();
    gpg.make(ID, "future-default", "", "0");
    let armour = |arguments: &[&str]| String::from_utf8(gpg.run(arguments, b"Meet me at nine.\n")).unwrap();
    for message in [
        armour(&["--armor", "--encrypt", "-r", ANNA]),
        armour(&["--armor", "--sign", "--encrypt", "-r", ANNA]),
        armour(&["--passphrase", "nine", "--armor", "--symmetric"]),
        armour(&["--armor", "--comment", "made by hand", "--hidden-recipient", ANNA, "--encrypt"]),
    ] {
        assert!(is_encrypted(format!("Subject: x\r\n\r\n{message}").as_bytes()), "{message}");
        let mime = format!(
            "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=cut\r\n\r\n--cut\r\n\
             Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--cut\r\nContent-Type: application/octet-stream\r\n\r\n\
             {message}\r\n--cut--\r\n"
        );
        assert!(is_encrypted(mime.as_bytes()), "{mime}");
    }
    for message in [armour(&["--armor", "--sign"]), armour(&["--clear-sign"]), armour(&["--armor", "--store"])] {
        assert!(!is_encrypted(format!("Subject: x\r\n\r\n{message}").as_bytes()), "{message}");
    }
}

#[test]
fn keys_that_cannot_be_used_say_why() {
    if !has("gpg") {
        return;
    }
    let reason = |gpg: &Gpg| Key::read(&gpg.export(), ANNA).map(drop);
    let gpg = Gpg::new();
    gpg.make(ID, "ed25519", "", "0");
    assert_eq!(reason(&gpg), Err(Reason::Usage), "no key for encrypting");
    let fingerprint = gpg.fingerprint();
    gpg.run(&["--quick-add-key", &fingerprint, "cv25519", "encr", "2d"], b"");
    let ours = Key::read(&gpg.export(), ANNA).unwrap();
    let days = |days: i64| Timestamp::from_seconds(now().seconds() + days * 86_400);
    assert_eq!(ours.at(days(3)), Err(Reason::Expired), "the subkey ends");
    assert_eq!(ours.at(days(-1)), Err(Reason::NotYetValid));
    // A later subkey that lasts is chosen in place of the one that ends.
    gpg.run(&["--quick-add-key", &fingerprint, "cv25519", "encr", "0"], b"");
    let later = Key::read(&gpg.export(), ANNA).unwrap();
    assert_ne!(later.fingerprint(), ours.fingerprint());
    assert_eq!(later.at(days(3)), Ok(()));
    // The primary key ends, and with it all below.
    gpg.run(&["--quick-set-expire", &fingerprint, "2d"], b"");
    assert_eq!(Key::read(&gpg.export(), ANNA).unwrap().at(days(3)), Err(Reason::Expired));
    // An address that was given up.
    gpg.run(&["--quick-add-uid", &fingerprint, "Anna <new@school.example>"], b"");
    assert_eq!(reason(&gpg), Ok(()));
    gpg.run(&["--quick-revoke-uid", &fingerprint, ID], b"");
    assert_eq!(reason(&gpg), Err(Reason::Address));
    assert_eq!(Key::read(&gpg.export(), "new@school.example").map(drop), Ok(()));
    assert_eq!(Key::read(&gpg.run(&["--armor", "--export-secret-keys"], b""), ANNA).map(drop), Err(Reason::Secret));
    // The certificate of revocation that GnuPG makes with every key; a colon keeps it from being taken by mistake.
    let made = fs::read_to_string(gpg.home().join(format!("openpgp-revocs.d/{fingerprint}.rev"))).unwrap();
    gpg.run(&["--import"], made.replace(":-----", "-----").as_bytes());
    assert_eq!(Key::read(&gpg.export(), "new@school.example").map(drop), Err(Reason::Revoked));
}

#[test]
fn an_altered_key_is_not_used() {
    if !has("gpg") {
        return;
    }
    let gpg = Gpg::new();
    gpg.make(ID, "ed25519", "cv25519", "0");
    let octets = gpg.run(&["--export"], b"");
    // Somebody writes another address into the user ID: its signature is no longer right.
    let text = b"School.example";
    let at = octets.windows(text.len()).position(|window| window == text).unwrap();
    let mut forged = octets.clone();
    forged[at..at + 6].copy_from_slice(b"Anders");
    assert_eq!(Key::read(&forged, "anna@anders.example").map(drop), Err(Reason::Address));
    // Any octet altered gives an answer.
    for place in (0..octets.len()).step_by(7) {
        let mut altered = octets.clone();
        altered[place] ^= 0x55;
        let _ = Key::read(&altered, ANNA);
    }
}
