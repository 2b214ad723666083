//! The LMTP door with recipients whose mail is sealed.

use crate::{
    ANNA, MAIL, has,
    house::House,
    openssl::{Made, P256, opened},
};
use std::{fs, sync::Arc};
use tempfile::TempDir;
use wehr::{
    config::keyring,
    doors::{
        deliver::{Mailstore, maildir::Maildir},
        desk::Parts,
        faults::Faults,
        quarantine::{self, Quarantine},
    },
    judge::{
        checks::evidence::Check,
        findings::Score,
        policy::encryption,
        rulebook::{Rulebook, Thresholds},
    },
    mail::address::Address,
    world::World,
};

const POLICY: &str = "[[class]]\nname = 'sealed'\nrecipients = ['anna@school.example', 'dora@school.example']\nseal = 'any'\n\
    [[class]]\nname = 'refusing'\nrecipients = ['emil@school.example']\nseal = 'smime'\nseal_missing = 'refuse'\n\
    [[class]]\nname = 'mild'\nrecipients = ['fritz@school.example']\nseal = 'openpgp'\nseal_missing = 'deliver'\n\
    [[secure_alias]]\ndomain = 'secure.school.example'\nmailbox = 'school.example'\ntransport = 'tls'\n";

fn set_aside(mails: &std::path::Path) -> Quarantine {
    let settings = quarantine::Settings {
        folder: mails.join("quarantine"),
        bucket: None,
        key: mails.join("quarantine.key"),
        keep: std::time::Duration::from_hours(24),
        bytes_max: 1 << 30,
        release: Vec::new(),
    };
    Quarantine::start(&settings).unwrap()
}

/// Parts like those of the house, with a policy of sealing and a folder of keys.
fn sealing(house: &House, keys: &TempDir, mails: &TempDir, tag: i32, quarantine: i32) {
    let rulebook = house.desk.rulebook();
    let rulebook = Rulebook {
        encryption: encryption::read::read("e.toml", POLICY).unwrap(),
        senders: wehr::judge::policy::senders::Senders::default(),
        thresholds: Thresholds {
            tag: Score::from_hundredths(tag),
            quarantine: Score::from_hundredths(quarantine),
            reject: Score::from_hundredths(100_000),
        },
        ..Rulebook::clone(&rulebook)
    };
    let world: Arc<dyn World> = Arc::clone(house.desk.world());
    house.desk.replace(Parts {
        rulebook: Arc::new(rulebook),
        world,
        mailstore: Some(Arc::new(Mailstore::Maildir(Maildir::new(mails.path().join("mail"), "mx.school.example")))),
        quarantine: Some(Arc::new(set_aside(mails.path()))),
        faults: None,
        recorder: None,
        keyring: Arc::new(keyring::read(Some(keys.path())).unwrap()),
        checks: wehr::judge::checks::ALL,
    });
}

const PANICKING: &[Check] = &[Check { name: "panicking", symbols: &[], run: |_| panic!("a check of this test") }];

/// Files of this process that have no name any more, as far as they can be read.
fn unnamed_files() -> Vec<Vec<u8>> {
    let handles = fs::read_dir("/proc/self/fd").unwrap().flatten().map(|entry| entry.path());
    let unnamed = handles.filter(|path| {
        fs::read_link(path).is_ok_and(|target| target.starts_with("/") && target.to_string_lossy().contains("deleted"))
    });
    unnamed.filter_map(|path| fs::read(path).ok()).collect()
}

/// Every file below a folder, but the key of the quarantine.
fn files(folder: &std::path::Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.ends_with("quarantine.key") {
            found.push(fs::read(path).unwrap());
        }
    }
    found
}

pub fn wire(mail: &str) -> String {
    mail.split("\r\n")
        .map(|line| if line.starts_with('.') { format!(".{line}\r\n") } else { format!("{line}\r\n") })
        .collect::<String>()
        + ".\r\n"
}

#[test]
fn a_secure_alias_is_sealed_as_its_mailbox_is() {
    let policy = encryption::read::read("e.toml", POLICY).unwrap();
    let sealing = |recipient: &str| policy.sealing_of(&Address::new(recipient));
    assert!(sealing("anna@secure.school.example").is_wanted());
    assert_eq!(sealing("anna@secure.school.example"), sealing(ANNA));
    assert!(!sealing("bert@secure.school.example").is_wanted());
}

#[tokio::test]
async fn each_recipient_gets_a_copy_of_their_own() {
    if !has("openssl") {
        return;
    }
    let (made, keys, mails) = (Made::new(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let (certificate, key) = made.make(P256, &["subjectAltName=email:anna@school.example"]);
    fs::copy(&certificate, keys.path().join("anna@school.example.pem")).unwrap();
    let house = House::with_maildir(|_| ());
    sealing(&house, &keys, &mails, 600, 90_000);
    let mut client = house.local();
    client
        .envelope(&[
            "bert@school.example",
            "anna+tag@school.example",
            "dora@school.example",
            "emil@school.example",
            "fritz@school.example",
            ANNA,
        ])
        .await;
    client.ask("DATA").await;
    client.say(wire(MAIL)).await;
    assert_eq!(client.codes(6).await, [250, 250, 451, 550, 250, 250]);
    let found = files(mails.path());
    let (readable, hidden): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|mail| mail.windows(5).any(|window| window == b"marks"));
    assert_eq!(readable.len(), 2, "bert and fritz get it as it came");
    assert_eq!(hidden.len(), 2, "one sealed copy for each of the two mailboxes of anna");
    for sealed in &hidden {
        let text = String::from_utf8_lossy(sealed);
        assert!(text.contains("X-Wehr-Verdict: action=accept"), "{text}");
        let inside = opened(sealed, &certificate, &key);
        assert!(String::from_utf8_lossy(&inside).contains("Subject: The marks of class 7b"));
    }
    assert_eq!(house.series("wehr_sealings_total{outcome=\"smime\"}"), 1);
    assert_eq!(house.series("wehr_sealings_total{outcome=\"missing\"}"), 3);
}

#[tokio::test]
async fn the_quarantine_of_a_sealed_recipient_holds_no_plaintext() {
    if !has("openssl") {
        return;
    }
    let (made, keys, mails) = (Made::new(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let (certificate, _) = made.make(P256, &["subjectAltName=email:anna@school.example"]);
    fs::copy(&certificate, keys.path().join("anna@school.example.crt")).unwrap();
    let house = House::with_maildir(|_| ());
    sealing(&house, &keys, &mails, -10_000, -10_000);
    let mut client = house.local();
    client.envelope(&[ANNA]).await;
    client.ask("DATA").await;
    client.say(wire(MAIL)).await;
    assert_eq!(client.codes(1).await, [250]);
    let found = files(mails.path());
    assert_eq!(found.len(), 3, "keys, mail and slip; no case");
    assert!(found.iter().all(|file| !file.windows(5).any(|window| window == b"marks")));
    // The operator's key opens the sealed mail only.
    let store = set_aside(mails.path());
    let [id] = &store.ids().unwrap()[..] else { panic!("one mail") };
    let entry = store.entry(id).unwrap();
    assert!(!entry.message().unwrap().windows(5).any(|window| window == b"marks"));
    assert!(!entry.slip().unwrap().subject.contains("marks"), "{}", entry.slip().unwrap().subject);
}

#[tokio::test]
async fn mail_that_is_encrypted_already_is_left_alone() {
    if !has("openssl") {
        return;
    }
    let (keys, mails) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let house = House::with_maildir(|_| ());
    sealing(&house, &keys, &mails, 600, 90_000);
    let armour = "-----BEGIN PGP MESSAGE-----\r\n\r\nwV4DAAAAAAAAAAA=\r\n=AAAA\r\n-----END PGP MESSAGE-----";
    let mut client = house.local();
    client.envelope(&["emil@school.example"]).await;
    client.ask("DATA").await;
    client.say(wire(&format!("From: <a@b.example>\r\nSubject: x\r\n\r\n{armour}"))).await;
    assert_eq!(client.codes(1).await, [250], "no key is needed");
    assert!(files(mails.path()).iter().any(|mail| mail.windows(8).any(|window| window == b"wV4DAAAA")));
    assert_eq!(house.series("wehr_sealings_total{outcome=\"already_encrypted\"}"), 1);
}

#[tokio::test]
async fn nothing_readable_is_on_the_disk_while_a_large_mail_comes_in() {
    if !has("openssl") {
        return;
    }
    let (made, keys, mails) = (Made::new(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let (certificate, key) = made.make(P256, &["subjectAltName=email:anna@school.example"]);
    fs::copy(&certificate, keys.path().join("anna@school.example.pem")).unwrap();
    let house = House::with_maildir(|_| ());
    sealing(&house, &keys, &mails, 600, 90_000);
    let body = "The marks of class 7b.\r\n".repeat(60_000) + "End.";
    let large = format!("From: <a@b.example>\r\nSubject: x\r\n\r\n{body}");
    let mut client = house.local();
    client.envelope(&[ANNA]).await;
    client.ask("DATA").await;
    let text = wire(&large);
    client.say(&text[..text.len() - 3]).await;
    let holds = |file: &Vec<u8>| file.windows(21).any(|window| window == b"The marks of class 7b");
    let mut spooled = Vec::new();
    while spooled.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        spooled = unnamed_files().into_iter().filter(|file| file.len() > 1 << 20).collect();
    }
    assert!(!spooled.iter().any(holds), "the spool can be read");
    client.say(".\r\n").await;
    assert_eq!(client.codes(1).await, [250]);
    let found = files(mails.path());
    assert_eq!(found.len(), 1);
    assert!(!found.iter().any(holds));
    let inside = opened(&found[0], &certificate, &key);
    assert!(inside.ends_with(format!("\r\n\r\n{body}\r\n").as_bytes()));
}

#[tokio::test]
async fn the_case_of_a_fault_is_not_kept_where_mail_is_sealed() {
    let (keys, mails) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let house = House::with_maildir(|_| ());
    sealing(&house, &keys, &mails, 600, 90_000);
    let faults = mails.path().join("faults");
    house.desk.replace(Parts {
        rulebook: house.desk.rulebook(),
        world: Arc::clone(house.desk.world()),
        mailstore: house.desk.mailstore(),
        quarantine: house.desk.quarantine(),
        faults: Some(Arc::new(Faults::new(faults.clone()))),
        recorder: None,
        keyring: house.desk.keyring(),
        checks: PANICKING,
    });
    for (recipient, kept) in [(ANNA, 0), ("bert@school.example", 2)] {
        let mut client = house.local();
        client.envelope(&[recipient]).await;
        client.ask("DATA").await;
        client.say(wire(MAIL)).await;
        assert_eq!(client.codes(1).await, [451]);
        assert_eq!(files(&faults).len(), kept, "{recipient}");
    }
}

/// The policy for a data-protection officer, as the manual has it.
#[tokio::test]
async fn the_policy_of_the_manual_does_what_the_manual_says() {
    if !has("openssl") {
        return;
    }
    let manual = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/encryption.md")).unwrap();
    let section = manual.split("## Sealing").nth(1).unwrap();
    let policy =
        section.split("```toml").find(|block| block.contains("[[class]]")).unwrap().split("```").next().unwrap();
    let policy = encryption::read::read("docs/encryption.md", policy).unwrap();
    let (made, keys, mails) = (Made::new(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let (certificate, key) = made.make(P256, &["subjectAltName=email:datenschutz@schule.example"]);
    let house = House::with_maildir(|_| ());
    for (has_key, code) in [(false, 451), (true, 250)] {
        if has_key {
            fs::copy(&certificate, keys.path().join("datenschutz@schule.example.pem")).unwrap();
        }
        sealing(&house, &keys, &mails, 600, 90_000);
        let rulebook = Rulebook { encryption: policy.clone(), ..Rulebook::clone(&house.desk.rulebook()) };
        house.desk.replace(Parts {
            rulebook: Arc::new(rulebook),
            world: Arc::clone(house.desk.world()),
            mailstore: house.desk.mailstore(),
            quarantine: None,
            faults: None,
            recorder: None,
            keyring: house.desk.keyring(),
            checks: wehr::judge::checks::ALL,
        });
        let mut client = house.local();
        client.envelope(&["datenschutz@schule.example"]).await;
        client.ask("DATA").await;
        client.say(wire(MAIL)).await;
        assert_eq!(client.codes(1).await, [code]);
    }
    let found = files(mails.path());
    assert_eq!(found.len(), 1);
    let inside = opened(&found[0], &certificate, &key);
    assert!(String::from_utf8_lossy(&inside).contains("Subject: The marks of class 7b"));
}
