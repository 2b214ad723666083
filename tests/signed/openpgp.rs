//! OpenPGP, made and checked by GnuPG.

use crate::house::{ANNA, DAY, crlf, has, judge, must, now, rulebook, run, symbols};
use std::{fs, path::Path, sync::Arc};
use wehr::{
    judge::{auth::signed::Standing, rulebook::Rulebook},
    mail::{message::Message, protection::Family},
};

const CONTENT: &str =
    "Content-Type: text/plain; charset=utf-8\r\n\r\nDear all,\r\n- the room is changed.\r\n-- \r\nAnna";

/// A ring of keys, its agent ended with it.
struct Ring {
    folder: tempfile::TempDir,
}

impl Drop for Ring {
    fn drop(&mut self) {
        let _ended = run(self.path(), "gpgconf", "--kill gpg-agent");
    }
}

impl Ring {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["gnupg", "keys"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        must(folder.path(), "chmod", "700 gnupg");
        fs::write(folder.path().join("content"), CONTENT).unwrap();
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn gpg(&self, words: &str) -> Vec<u8> {
        must(self.path(), "gpg", &format!("--batch --yes --quiet --pinentry-mode loopback --passphrase= {words}"))
    }

    /// Makes a key and puts it into the folder of keys.
    fn key(&self, address: &str, algorithm: &str, usage: &str, expires: &str) -> String {
        self.gpg(&format!("--quick-gen-key {address} {algorithm} {usage} {expires}"));
        self.export(address);
        let listed = String::from_utf8(self.gpg(&format!("--with-colons --list-keys {address}"))).unwrap();
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }

    fn export(&self, address: &str) {
        let key = self.gpg(&format!("--armor --export {address}"));
        fs::write(self.path().join("keys").join(format!("{address}.asc")), key).unwrap();
    }

    fn rulebook(&self) -> Arc<Rulebook> {
        rulebook(None, Some(self.path().join("keys")), None)
    }

    /// PGP/MIME by this key.
    fn mail(&self, key: &str, options: &str) -> Vec<u8> {
        let signature =
            crlf(&self.gpg(&format!("--armor --local-user {key} {options} --output - --detach-sign content")));
        let signature = String::from_utf8(signature).unwrap();
        format!(
            "From: Anna <{ANNA}>\r\nTo: all@schule.example\r\nSubject: room\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/signed; micalg=pgp-sha512; protocol=\"application/pgp-signature\"; boundary=sig\r\n\r\n\
             --sig\r\n{CONTENT}\r\n--sig\r\nContent-Type: application/pgp-signature; name=signature.asc\r\n\r\n{signature}\r\n--sig--\r\n"
        )
        .into_bytes()
    }

    /// Text signed in the clear.
    fn inline(&self, key: &str) -> String {
        fs::write(self.path().join("text"), "Dear all,\n- the room is changed.  \n\n-- \nAnna\n").unwrap();
        let text =
            String::from_utf8(crlf(&self.gpg(&format!("--local-user {key} --output - --clear-sign text")))).unwrap();
        format!(
            "From: {ANNA}\r\nTo: all@schule.example\r\nSubject: room\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n{text}"
        )
    }
}

fn standing(rulebook: &Arc<Rulebook>, mail: &[u8], at: i64) -> (Standing, String) {
    let signature = judge(rulebook, mail, "all@schule.example", at).authentication.signatures.openpgp;
    (signature.result, signature.reason)
}

#[test]
fn what_gnupg_signs_is_valid_and_what_is_changed_is_not() {
    if !has("gpg") {
        return;
    }
    let mut wrong = Vec::new();
    for algorithm in ["rsa2048", "ed25519", "nistp256", "nistp384", "nistp521"] {
        let ring = Ring::new();
        let fingerprint = ring.key(ANNA, algorithm, "sign", "1y");
        let rulebook = ring.rulebook();
        for options in ["", "--textmode", "--digest-algo SHA512"] {
            let mail = ring.mail(ANNA, options);
            let found = standing(&rulebook, &mail, now());
            if found.0 != Standing::Valid {
                wrong.push(format!("{algorithm} {options}: {found:?}"));
            }
            let changed = String::from_utf8(mail).unwrap().replace("changed", "chanced");
            let found = standing(&rulebook, changed.as_bytes(), now());
            if found.0 != Standing::Invalid {
                wrong.push(format!("{algorithm} {options}, changed: {found:?}"));
            }
        }
        let inline = ring.inline(ANNA);
        for (what, mail, expected) in [
            ("inline", inline.clone(), Standing::Valid),
            ("inline changed", inline.replace("changed", "chanced"), Standing::Invalid),
            ("inline with more below", format!("{inline}pay now\r\n"), Standing::Invalid),
            ("inline with more above", inline.replacen("\r\n\r\n", "\r\n\r\npay now\r\n", 1), Standing::None),
        ] {
            let found = standing(&rulebook, mail.as_bytes(), now());
            if found.0 != expected {
                wrong.push(format!("{algorithm} {what}: expected {expected:?}, found {found:?}"));
            }
        }
        let verdict = judge(&rulebook, &ring.mail(ANNA, ""), "all@schule.example", now());
        let fields = format!("{:?}", verdict.edits);
        assert!(fields.contains("x-openpgp=pass"), "{fields}");
        assert_eq!(verdict.authentication.signatures.openpgp.serial.to_uppercase(), fingerprint);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whose_key_it_is_decides() {
    if !has("gpg") {
        return;
    }
    let ring = Ring::new();
    let own = ring.key(ANNA, "ed25519", "sign", "1y");
    ring.key("bob@schule.example", "ed25519", "sign", "never");
    ring.key("gone@schule.example", "ed25519", "sign", "never");
    ring.key("weak@schule.example", "rsa1024", "sign", "never");
    let base = ring.key("sub@schule.example", "ed25519", "cert", "never");
    ring.gpg(&format!("--quick-add-key {base} rsa2048 sign 1y"));
    ring.export("sub@schule.example");
    ring.gpg("--quick-gen-key stranger@schule.example ed25519 sign never");
    let gone = String::from_utf8(ring.gpg("--with-colons --list-keys gone@schule.example")).unwrap();
    let gone = gone.lines().find(|line| line.starts_with("fpr:")).unwrap().split(':').nth(9).unwrap().to_owned();
    let signed_before = ring.mail("gone@schule.example", "");
    let revocation = fs::read_to_string(ring.path().join(format!("gnupg/openpgp-revocs.d/{gone}.rev"))).unwrap();
    fs::write(ring.path().join("revocation"), revocation.replace(":-----BEGIN", "-----BEGIN")).unwrap();
    ring.gpg("--import revocation");
    ring.export("gone@schule.example");
    let rulebook = ring.rulebook();
    let from = |mail: Vec<u8>, address: &str| String::from_utf8(mail).unwrap().replace(ANNA, address).into_bytes();
    let mut wrong = Vec::new();
    for (what, mail, at, expected) in [
        ("good", ring.mail(ANNA, ""), 0, Standing::Valid),
        ("another one's", ring.mail("bob@schule.example", ""), 0, Standing::WrongAddress),
        ("their own", from(ring.mail("bob@schule.example", ""), "Bob@Schule.example"), 0, Standing::Valid),
        ("later", ring.mail(ANNA, ""), 400 * DAY, Standing::Expired),
        (
            "a signature that ends",
            ring.mail("bob@schule.example", "--default-sig-expire 1d"),
            3 * DAY,
            Standing::Expired,
        ),
        ("before it was made", ring.mail(ANNA, ""), -3 * DAY, Standing::Expired),
        ("stranger", ring.mail("stranger@schule.example", ""), 0, Standing::UnknownKey),
        ("SHA-1", ring.mail(ANNA, "--digest-algo SHA1"), 0, Standing::Invalid),
        ("revoked", from(signed_before, "gone@schule.example"), 0, Standing::Untrusted),
        ("weak key", from(ring.mail("weak@schule.example", ""), "weak@schule.example"), 0, Standing::Invalid),
        ("subkey", from(ring.mail("sub@schule.example", ""), "sub@schule.example"), 0, Standing::Valid),
        (
            "subkey, later",
            from(ring.mail("sub@schule.example", ""), "sub@schule.example"),
            400 * DAY,
            Standing::Expired,
        ),
        ("two signers", ring.mail(&format!("bob@schule.example --local-user {own}"), ""), 0, Standing::Valid),
    ] {
        let found = standing(&rulebook, &mail, now() + at);
        if found.0 != expected {
            wrong.push(format!("{what}: expected {expected:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn messages_that_anybody_can_read_are_opened() {
    if !has("gpg") {
        return;
    }
    let ring = Ring::new();
    ring.key(ANNA, "rsa2048", "sign,encr", "1y");
    fs::write(ring.path().join("trap.js"), "WScript.Echo('hidden');".repeat(20)).unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(crlf(&octets)).unwrap();
    for (what, words) in [
        ("signed", "--armor --output - --sign trap.js"),
        ("signed, not compressed", "--armor --compress-algo none --output - --sign trap.js"),
        ("bzip2", "--armor --compress-algo bzip2 --output - --sign trap.js"),
        ("stored", "--armor --output - --store trap.js"),
    ] {
        let armour = text(ring.gpg(words));
        for before in ["", "see below\r\n"] {
            let mail = format!("From: {ANNA}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n{before}{armour}");
            let message = Message::parse(mail.into_bytes().into());
            let is_found = message.parts.iter().any(|part| part.name == "trap.js" && !part.encrypted);
            assert!(is_found && message.protection.encrypted.is_none(), "{what} {before}: {:?}", message.parts);
        }
    }
    let binary = ring.gpg("--output - --sign trap.js");
    let mut mail =
        format!("From: {ANNA}\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=a.gpg\r\n\r\n")
            .into_bytes();
    mail.extend(&binary);
    assert!(Message::parse(mail.into()).parts.iter().any(|part| part.name == "trap.js"), "{binary:02x?}");
    let sealed = [
        "--armor --output - --trust-model always -r anna@schule.example --encrypt trap.js",
        "--armor --passphrase=word --output - --symmetric trap.js",
    ];
    for words in sealed {
        let armour = text(ring.gpg(words));
        let mail = format!("From: {ANNA}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n{armour}");
        let message = Message::parse(mail.into_bytes().into());
        assert_eq!(message.protection.encrypted, Some(Family::Openpgp), "{words}");
        let binary = ring.gpg(&words.replace("--armor ", ""));
        let head =
            format!("From: {ANNA}\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=a.gpg\r\n\r\n");
        let message = Message::parse([head.into_bytes(), binary.clone()].concat().into());
        assert!(message.parts[0].encrypted, "{words}: {:02x?}", &binary[..16]);
    }
    let verdict = judge(
        &ring.rulebook(),
        format!(
            "From: {ANNA}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; \
             boundary=e\r\n\r\n--e\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--e\r\n\
             Content-Type: application/octet-stream\r\n\r\n{}\r\n--e--\r\n",
            text(ring.gpg("--armor --output - --sign trap.js"))
        )
        .as_bytes(),
        "all@schule.example",
        now(),
    );
    assert!(symbols(&verdict).contains(&"ENCRYPTION_LABEL_FALSE"));
}

#[test]
fn bad_key_files_are_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("broken.asc"), "no key").unwrap();
    fs::write(folder.path().join("anchors.pem"), "no certificate").unwrap();
    let mut settings = wehr::config::Settings::load(None).unwrap();
    settings.encryption_keys = Some(folder.path().to_owned());
    settings.encryption_anchors = Some(folder.path().join("anchors.pem"));
    let errors = settings.rulebook().unwrap_err().to_string();
    for part in ["broken.asc:1:1: ", "gpg --export", "anchors.pem:1:1: ", "PEM certificates"] {
        assert!(errors.contains(part), "{part} in\n{errors}");
    }
}
