//! Mail that OpenSSL and GnuPG encrypted, looked at with a key that its recipient lends; and left as it came.

use crate::{
    ANNA, has,
    house::House,
    openssl::{Made, P256, RSA},
    run,
};
use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, LazyLock},
};
use tempfile::TempDir;
use wehr::{
    config::{Settings, lent},
    doors::{desk::Parts, history::History},
    judge::{
        Judge, Progress,
        facts::{Digest, Fact, Facts, Failure, Question, Scanned},
        policy::{encryption::Encryption, senders, verdict::Verdict},
        rulebook::Rulebook,
    },
    mail::{
        Mail,
        address::Address,
        envelope::{Client, Envelope},
        message::Message,
        timestamp::Timestamp,
    },
    telemetry::metrics::Door,
    world::World,
};

/// The test file of the virus scanners, in two pieces, and in base64 as an attachment.
const EICAR: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];
const ENTITY: &str = "Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\nContent-Type: text/plain\r\n\r\n\
    Open https://inside.example/now\r\n--in\r\nContent-Type: application/octet-stream; name=test.com\r\n\
    Content-Transfer-Encoding: base64\r\n\r\n\
    WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo=\r\n--in--\r\n";
const FILE: &str = "Content-Type: application/octet-stream; name=test.com\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo=\r\n";

/// A folder with `encryption.toml` and the keys that its class lends.
struct Lender {
    folder: TempDir,
}

impl Lender {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("keys")).unwrap();
        let policy = "[[class]]\nname = 'other'\nrecipients = ['bert@school.example']\n\
                      \n[[class]]\nname = 'lending'\nrecipients = ['@school.example']\ncontent = 'encrypted'\nlent = 'keys'\n";
        fs::write(folder.path().join("encryption.toml"), policy).unwrap();
        Self { folder }
    }

    fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    fn lend(&self, name: &str, key: &[u8]) {
        let path = self.keys().join(name);
        fs::write(&path, key).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::load(None).unwrap();
        settings.encryption_file = Some(self.folder.path().join("encryption.toml"));
        settings
    }

    fn rulebook(&self) -> Arc<Rulebook> {
        Arc::new(self.settings().rulebook().unwrap_or_else(|errors| panic!("{errors}")))
    }
}

/// The verdict on a mail to `to`, and the message; a scanner that knows one virus answers.
fn judge(rulebook: &Arc<Rulebook>, raw: &[u8], to: &str) -> (Verdict, Arc<Mail>) {
    let (verdict, mail, ..) = judge_fully(rulebook, raw, to);
    (verdict, mail)
}

/// The same with the facts, and with every question that was asked.
fn judge_fully(rulebook: &Arc<Rulebook>, raw: &[u8], to: &str) -> (Verdict, Arc<Mail>, Facts, String) {
    let recipients = vec![Address::new(to)];
    let message = Message::parse_with(raw.to_vec().into(), rulebook.encryption.lent_to(&recipients));
    let envelope = Envelope { sender: Address::new("bert@other.example"), recipients, ..Envelope::default() };
    let client = Client { address: "192.0.2.1".parse().ok(), ..Client::default() };
    let mail = Arc::new(Mail { client, envelope, message, received_at: Timestamp::from_seconds(1_790_000_000) });
    let mut judge = Judge::new(Arc::clone(&mail), Arc::clone(rulebook));
    let mut facts = Facts::default();
    let (virus, mut asked) = (EICAR.concat(), String::new());
    loop {
        match judge.advance(&facts) {
            Progress::Done(verdict) => return (*verdict, mail, facts, asked),
            Progress::Wants(wanted) => wanted.into_iter().for_each(|question| {
                writeln!(asked, "{question:?}").unwrap();
                facts.learn(match question {
                    Question::Virus => Fact::Virus(Scanned::Clean),
                    Question::Inner(digest) => {
                        let held =
                            mail.message.inner.iter().find(|(name, _)| Digest::parse(name).as_ref() == Some(&digest));
                        let is_infected = held.is_some_and(|(_, octets)| octets.starts_with(virus.as_bytes()));
                        let infected = Scanned::Infected("Eicar".to_owned());
                        Fact::Inner(digest, if is_infected { infected } else { Scanned::Clean })
                    }
                    _ => question.failed(Failure::NotRecorded),
                });
            }),
        }
    }
}

fn symbols(verdict: &Verdict) -> Vec<&str> {
    verdict.findings.iter().map(|finding| finding.symbol.as_str()).collect()
}

/// Another key is lent.
static STRANGE: LazyLock<Arc<Rulebook>> = LazyLock::new(|| {
    let (made, lender) = (Made::new(), Lender::new());
    lender.lend("lent.pem", &fs::read(made.make(P256, &[]).1).unwrap());
    lender.rulebook()
});

/// With the key all is seen and the virus found; without it, with another one and for others nothing is.
fn must_open(what: &str, rulebook: &Arc<Rulebook>, mail: &[u8]) {
    let (verdict, looked) = judge(rulebook, mail, ANNA);
    let found = symbols(&verdict);
    let parts: Vec<_> = looked.message.parts.iter().map(|part| (&part.path, &part.detected, &part.traits)).collect();
    assert!(found.contains(&"VIRUS"), "{what}: {found:?} {parts:?}");
    assert!(found.contains(&"ENCRYPTED_MAIL") && !found.contains(&"POLICY_CONTENT"), "{what}: {found:?}");
    assert!(!found.contains(&"ENCRYPTION_LABEL_FALSE"), "{what}: {found:?}");
    assert!(verdict.coverage.is_complete(), "{what}: {:?}", verdict.coverage);
    assert!(looked.message.is_opened && looked.message.raw == mail);
    must_stay_closed(what, rulebook, mail, "bert@school.example");
    must_stay_closed(what, &STRANGE, mail, ANNA);
}

fn must_stay_closed(what: &str, rulebook: &Arc<Rulebook>, mail: &[u8], to: &str) {
    let (verdict, looked) = judge(rulebook, mail, to);
    assert!(verdict.coverage.reasons().contains("encrypted"), "{what}: {:?}", verdict.coverage);
    assert!(!symbols(&verdict).contains(&"VIRUS") && !looked.message.is_opened, "{what}");
}

/// A mail around CMS in DER.
fn smime(der: &[u8]) -> Vec<u8> {
    let mut mail = b"From: bert@other.example\r\nTo: anna@school.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
        Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    wehr::seal::base64::lines(der, &mut mail);
    mail
}

fn enveloped(certificate: &Path, entity: &str, cipher: &str, options: &[&str]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(["cms", "-encrypt", "-binary", "-outform", "DER", cipher, "-recip"]).arg(certificate).args(options);
    smime(&run(&mut command, entity.as_bytes()))
}

#[test]
fn what_openssl_encrypts_is_opened() {
    if !has("openssl") {
        return;
    }
    let curve = |name| ["-newkey", "ec", "-pkeyopt", name];
    let (p384, p521) = (curve("ec_paramgen_curve:P-384"), curve("ec_paramgen_curve:P-521"));
    for (kind, options) in [
        (RSA, &[][..]),
        (RSA, &["-keyopt", "rsa_padding_mode:oaep"]),
        (RSA, &["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]),
        (P256, &[]),
        (P256, &["-keyopt", "ecdh_kdf_md:sha256"]),
        (&p384, &["-keyopt", "ecdh_kdf_md:sha384"]),
        (&p521, &["-keyopt", "ecdh_kdf_md:sha512", "-stream"]),
    ] {
        let (made, lender) = (Made::new(), Lender::new());
        let (certificate, key) = made.make(kind, &["subjectAltName=email:anna@school.example"]);
        lender.lend("anna@school.example.key", &fs::read(&key).unwrap());
        let rulebook = lender.rulebook();
        for (cipher, entity) in
            [("-aes-128-cbc", ENTITY), ("-aes-256-cbc", FILE), ("-aes-128-gcm", FILE), ("-aes-256-gcm", ENTITY)]
        {
            let mail = enveloped(&certificate, entity, cipher, options);
            must_open(&format!("{kind:?} {options:?} {cipher}"), &rulebook, &mail);
        }
        // A sender's program may put any field first (RFC 9788).
        let odd = format!("HP-Outer: To: anna@school.example\r\nX-First: 1\r\n{FILE}");
        must_open("first field", &rulebook, &enveloped(&certificate, &odd, "-aes-256-gcm", options));
        if kind == RSA {
            // Curves wrap such a key in triple DES as well, which is not read.
            must_open("triple DES", &rulebook, &enveloped(&certificate, ENTITY, "-des3", options));
        }
    }
}

#[test]
fn of_several_recipients_ours_is_found_by_its_certificate() {
    if !has("openssl") {
        return;
    }
    let (ours, theirs, lender) = (Made::new(), Made::new(), Lender::new());
    let (certificate, key) = ours.make(RSA, &[]);
    let (stranger, strange_key) = theirs.make(RSA, &[]);
    let stranger = stranger.display().to_string();
    lender.lend("all.pem", &[fs::read(&key).unwrap(), fs::read(&certificate).unwrap()].concat());
    lender.lend("old.pem", &fs::read(strange_key).unwrap());
    must_open("two", &lender.rulebook(), &enveloped(&certificate, ENTITY, "-aes-256-gcm", &["-recip", &stranger]));
}

#[test]
fn what_was_altered_stays_closed() {
    if !has("openssl") {
        return;
    }
    let (made, lender) = (Made::new(), Lender::new());
    let (certificate, key) = made.make(P256, &[]);
    lender.lend("anna@school.example.pem", &fs::read(&key).unwrap());
    let mut command = Command::new("openssl");
    command.args(["cms", "-encrypt", "-binary", "-outform", "DER", "-aes-256-gcm", "-recip"]).arg(&certificate);
    let mut der = run(&mut command, ENTITY.as_bytes());
    let middle = der.len() * 3 / 4;
    der[middle] ^= 1;
    must_stay_closed("altered", &lender.rulebook(), &smime(&der), ANNA);
}

/// Octets of these packets or items altered, one at a time: they are read without a fault, and what is authenticated
/// comes whole or not at all.
fn must_bear(what: &str, rulebook: &Rulebook, octets: &[u8], wrap: fn(&[u8]) -> Vec<u8>) {
    let lent = rulebook.encryption.lent_to(&[Address::new(ANNA)]);
    assert!(Message::parse_with(wrap(octets).into(), lent.clone()).is_opened, "{what}");
    for at in 0..octets.len() {
        for bits in [1, 0x80, 0xff] {
            let mut altered = octets.to_vec();
            altered[at] ^= bits;
            let message = Message::parse_with(wrap(&altered).into(), lent.clone());
            let is_whole = message.links.iter().any(|link| link.domain.as_deref() == Some("inside.example"));
            assert!(is_whole || !message.is_opened, "{what}: octet {at} with {bits:x}");
        }
        let _cut = Message::parse_with(wrap(&octets[..at]).into(), lent.clone());
    }
}

#[test]
fn altered_envelopes_are_borne() {
    if !has("openssl") {
        return;
    }
    for kind in [P256, RSA] {
        let (made, lender) = (Made::new(), Lender::new());
        let (certificate, key) = made.make(kind, &[]);
        lender.lend("all.pem", &fs::read(&key).unwrap());
        let mut command = Command::new("openssl");
        command.args(["cms", "-encrypt", "-binary", "-outform", "DER", "-aes-256-gcm", "-recip"]).arg(&certificate);
        let entity = "Content-Type: text/plain\r\n\r\nOpen https://inside.example/now\r\n";
        must_bear("CMS", &lender.rulebook(), &run(&mut command, entity.as_bytes()), smime);
    }
}

#[tokio::test]
async fn the_mail_is_delivered_as_it_came_or_refused_for_what_is_inside() {
    if !has("openssl") {
        return;
    }
    let (made, lender) = (Made::new(), Lender::new());
    let (certificate, key) = made.make(P256, &[]);
    lender.lend("anna@school.example.key", &fs::read(&key).unwrap());
    let refused = enveloped(&certificate, ENTITY, "-aes-256-gcm", &[]);
    let mail = enveloped(&certificate, "Content-Type: text/plain\r\n\r\nGood morning\r\n", "-aes-256-gcm", &[]);
    let body = String::from_utf8(mail.clone()).unwrap().split_once("\r\n\r\n").unwrap().1.to_owned();
    let lending = lender.rulebook().encryption.clone();
    for (encryption, gaps, code) in [(lending, "none", 550), (Encryption::default(), "encrypted", 250)] {
        let house = House::with_maildir(|_| ());
        let world: Arc<dyn World> = Arc::clone(house.desk.world());
        house.desk.replace(Parts {
            rulebook: Arc::new(Rulebook { encryption, ..Rulebook::clone(&house.desk.rulebook()) }),
            world,
            mailstore: house.desk.mailstore(),
            quarantine: None,
            faults: None,
            recorder: None,
            keyring: Arc::default(),
            checks: wehr::judge::checks::ALL,
        });
        let mut client = house.local();
        client.envelope(&[ANNA]).await;
        client.ask("DATA").await;
        client.say([&mail[..], b".\r\n"].concat()).await;
        assert_eq!(client.codes(1).await, [250]);
        let [(_, delivered)] = &house.delivered()[..] else { panic!("one mail") };
        let lines = |text: &str| text.replace("\r\n", "\n");
        assert!(lines(delivered).ends_with(&lines(&body)), "{delivered}");
        assert!(delivered.contains(&format!("gaps={gaps}")), "{delivered}");
        // A program inside is refused as anywhere, if somebody looks.
        let mut client = house.local();
        client.envelope(&[ANNA]).await;
        client.ask("DATA").await;
        client.say([&refused[..], b".\r\n"].concat()).await;
        assert_eq!(client.codes(1).await, [code]);
        let opened = if gaps == "none" { 2 } else { 0 };
        assert_eq!(house.series("wehr_lent_total{outcome=\"opened\"}"), opened);
        assert_eq!(house.series("wehr_lent_total{outcome=\"not_opened\"}"), 0);
    }
}

#[test]
fn nobody_is_told_of_what_was_inside() {
    if !has("openssl") {
        return;
    }
    let (made, lender) = (Made::new(), Lender::new());
    let (certificate, key) = made.make(P256, &[]);
    lender.lend("anna@school.example.key", &fs::read(&key).unwrap());
    let mut rulebook = Rulebook::clone(&lender.rulebook());
    rulebook.senders =
        senders::read::read("s.toml", "[[dns_list]]\nzone = 'bl.example'\nkind = 'uri'\nsymbol = 'DNS_LIST_URI'\n")
            .unwrap();
    let rulebook = Arc::new(rulebook);
    let plain = format!("From: bert@other.example\r\nMIME-Version: 1.0\r\n{ENTITY}");
    let (verdict, mail, facts, asked) = judge_fully(&rulebook, plain.as_bytes(), ANNA);
    assert!(asked.contains("inside.example"), "{asked}");
    assert!(kept(&rulebook, &mail, &facts, &verdict).contains("test.com"));
    let sealed = enveloped(&certificate, ENTITY, "-aes-256-gcm", &[]);
    let (verdict, mail, facts, asked) = judge_fully(&rulebook, &sealed, ANNA);
    assert!(mail.message.links.iter().any(|link| link.domain.as_deref() == Some("inside.example")));
    assert!(!asked.contains("bl.example") && !asked.contains("inside.example"), "{asked}");
    let kept = kept(&rulebook, &mail, &facts, &verdict);
    assert!(kept.contains("\"VIRUS\"") && !kept.contains("test.com") && !kept.contains("inside.example"), "{kept}");
    assert!(mail.message.inner.keys().all(|digest| !kept.contains(digest.as_str())), "{kept}");
}

/// What the history keeps of a mail.
fn kept(rulebook: &Rulebook, mail: &Mail, facts: &Facts, verdict: &Verdict) -> String {
    let history = History::default();
    history.keep(Door::Lmtp, mail, facts, verdict, rulebook);
    serde_json::to_string(&*history.since(0, 1)[0]).unwrap()
}

#[test]
fn a_class_whose_keys_cannot_be_read_is_named_at_its_line() {
    let lender = Lender::new();
    let told = || lender.settings().rulebook().unwrap_err().to_string();
    assert!(told().contains("encryption.toml:5:1: class `lending` lends private keys, but "), "{}", told());
    assert!(told().contains("holds none"), "{}", told());
    lender.lend("anna@school.example.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert!(told().contains("holds no private key"), "{}", told());
    fs::set_permissions(lender.keys().join("anna@school.example.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(told().contains("others can read; say chmod 600"), "{}", told());
    fs::remove_file(lender.keys().join("anna@school.example.pem")).unwrap();
    lender.lend("bert@school.example.pem", b"x");
    assert!(told().contains("another class"), "{}", told());
    assert_eq!(lent::paths(&lender.settings()).len(), 1);
}

#[cfg(feature = "openpgp")]
mod gnupg {
    use super::*;
    use crate::gnupg::Gpg;
    use pgp::{
        composed::{ArmorOptions, Deserializable, MessageBuilder, SignedPublicKey, SignedSecretKey},
        crypto::{aead::AeadAlgorithm, aead::ChunkSize, sym::SymmetricKeyAlgorithm},
        packet::{PacketTrait, PublicKeyEncryptedSessionKey},
    };

    /// PGP/MIME around an armoured message.
    fn mime(armour: &[u8]) -> Vec<u8> {
        let armour = String::from_utf8_lossy(armour).replace('\n', "\r\n");
        format!(
            "From: bert@other.example\r\nTo: anna@school.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=out\r\n\r\n\
             --out\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n\
             --out\r\nContent-Type: application/octet-stream; name=encrypted.asc\r\n\r\n{armour}\r\n--out--\r\n"
        )
        .into_bytes()
    }

    #[test]
    fn what_gnupg_encrypts_is_opened() {
        if !has("gpg") {
            return;
        }
        for (primary, encryption) in [("rsa2048", "rsa2048"), ("ed25519", "cv25519"), ("nistp256", "nistp256")] {
            let (gpg, lender) = (Gpg::new(), Lender::new());
            gpg.make(ANNA, primary, encryption, "1y");
            lender.lend("anna@school.example.asc", &gpg.run(&["--armor", "--export-secret-keys", ANNA], b""));
            let rulebook = lender.rulebook();
            for options in [&["--armor"][..], &["--armor", "--compress-algo", "none", "--sign"]] {
                let words = [options, &["--recipient", ANNA, "--encrypt"]].concat();
                let armour = gpg.run(&words, ENTITY.as_bytes());
                must_open(&format!("{primary} {encryption} {words:?}"), &rulebook, &mime(&armour));
            }
            let armour = gpg.run(&["--armor", "--hidden-recipient", ANNA, "--encrypt"], EICAR.concat().as_bytes());
            let inline = [b"From: bert@other.example\r\nTo: anna@school.example\r\n\r\n", &armour[..]].concat();
            must_open(&format!("{encryption}, inline, hidden"), &rulebook, &inline);
            let public = SignedPublicKey::from_bytes(&*gpg.run(&["--export", ANNA], b"")).unwrap();
            let message = MessageBuilder::from_bytes("", ENTITY.as_bytes().to_vec());
            let (cipher, mode) = (SymmetricKeyAlgorithm::AES256, AeadAlgorithm::Ocb);
            let mut message = message.seipd_v2(rand08::rngs::OsRng, cipher, mode, ChunkSize::C64KiB);
            message.encrypt_to_key(rand08::rngs::OsRng, &public.public_subkeys[0].key).unwrap();
            let armour = message.to_armored_string(rand08::rngs::OsRng, ArmorOptions::default()).unwrap();
            must_open(&format!("{encryption}, version 2"), &rulebook, &mime(armour.as_bytes()));
        }
    }

    /// A mail that is one text with an armoured message.
    fn inline(octets: &[u8]) -> Vec<u8> {
        let mut mail = b"From: bert@other.example\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\n".to_vec();
        wehr::seal::base64::lines(octets, &mut mail);
        mail.extend_from_slice(b"-----END PGP MESSAGE-----\r\n");
        mail
    }

    /// GnuPG's own packet of AEAD (tag 20, draft-ietf-openpgp-rfc4880bis-10 5.16) in chunks of 64 octets, as it writes to
    /// keys that announce it.
    fn tag_20(key: &SignedPublicKey, entity: &[u8]) -> Vec<u8> {
        let mut rng = rand08::rngs::OsRng;
        let (session, start): ([u8; 32], [u8; 15]) = ([0x5a; 32], *b"fifteen octets.");
        let (cipher, mode) = (SymmetricKeyAlgorithm::AES256, AeadAlgorithm::Ocb);
        let given = PublicKeyEncryptedSessionKey::from_session_key_v3(
            &mut rng,
            &session.to_vec().into(),
            cipher,
            &key.public_subkeys[0].key,
        );
        let plain = MessageBuilder::from_bytes("", entity.to_vec()).to_vec(rng).unwrap();
        let mut body = [&[1, 9, 2, 0][..], &start].concat();
        let mut chunk = |index: usize, octets: &[u8], total: Option<usize>| {
            let mut nonce = start;
            nonce[7..].iter_mut().zip((index as u64).to_be_bytes()).for_each(|(octet, other)| *octet ^= other);
            let mut data = [&[0xd4, 1, 9, 2, 0][..], &(index as u64).to_be_bytes()].concat();
            data.extend(total.into_iter().flat_map(|total| (total as u64).to_be_bytes()));
            let mut sealed = octets.into();
            mode.encrypt_in_place(&cipher, &session, &nonce, &data, &mut sealed).unwrap();
            body.extend_from_slice(&sealed);
        };
        for (index, octets) in plain.chunks(64).enumerate() {
            chunk(index, octets, None);
        }
        chunk(plain.len().div_ceil(64), &[], Some(plain.len()));
        let mut message = Vec::new();
        given.unwrap().to_writer_with_header(&mut message).unwrap();
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&message[..], &[0xd4, 0xff], &length, &body].concat()
    }

    #[test]
    fn the_packet_of_gnupg_is_opened_and_only_unaltered() {
        if !has("gpg") {
            return;
        }
        let (gpg, lender) = (Gpg::new(), Lender::new());
        gpg.make(ANNA, "ed25519", "cv25519", "1y");
        lender.lend("all.asc", &gpg.run(&["--export-secret-keys", ANNA], b""));
        let rulebook = lender.rulebook();
        let public = SignedPublicKey::from_bytes(&*gpg.run(&["--export", ANNA], b"")).unwrap();
        let message = tag_20(&public, EICAR.concat().as_bytes());
        assert_eq!(gpg.run(&["--decrypt"], &message), EICAR.concat().as_bytes(), "GnuPG reads it as its own");
        must_open("tag 20", &rulebook, &inline_to_anna(&message));
        for place in [message.len() - 1, message.len() - 17, message.len() - 40] {
            let mut altered = message.clone();
            altered[place] ^= 1;
            must_stay_closed("tag 20, altered", &rulebook, &inline_to_anna(&altered), ANNA);
        }
        // Without its last chunks, which an attacker may cut off.
        let cut = message.len() - 16;
        must_stay_closed("tag 20, cut", &rulebook, &inline_to_anna(&message[..cut]), ANNA);
    }

    fn inline_to_anna(octets: &[u8]) -> Vec<u8> {
        [b"To: anna@school.example\r\n", &inline(octets)[..]].concat()
    }

    #[test]
    fn altered_messages_are_borne() {
        if !has("gpg") {
            return;
        }
        let (gpg, lender) = (Gpg::new(), Lender::new());
        gpg.make(ANNA, "ed25519", "cv25519", "1y");
        lender.lend("all.asc", &gpg.run(&["--export-secret-keys", ANNA], b""));
        let words = ["--compress-algo", "none", "--recipient", ANNA, "--encrypt"];
        must_bear("OpenPGP", &lender.rulebook(), &gpg.run(&words, b"Open https://inside.example/now"), inline);
    }

    #[test]
    fn a_key_with_a_passphrase_is_refused() {
        if !has("gpg") {
            return;
        }
        let (gpg, lender) = (Gpg::new(), Lender::new());
        gpg.make(ANNA, "ed25519", "cv25519", "1y");
        let mut key = SignedSecretKey::from_bytes(&*gpg.run(&["--export-secret-keys", ANNA], b"")).unwrap();
        key.primary_key.set_password(rand08::rngs::OsRng, &"secret".into()).unwrap();
        for subkey in &mut key.secret_subkeys {
            subkey.key.set_password(rand08::rngs::OsRng, &"secret".into()).unwrap();
        }
        lender.lend("anna@school.example.asc", &key.to_armored_bytes(ArmorOptions::default()).unwrap());
        let told = lender.settings().rulebook().unwrap_err().to_string();
        assert!(told.contains("has a passphrase"), "{told}");
    }
}
