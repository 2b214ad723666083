use crate::parcels::{addresses, parcel_with};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use wehr::doors::{
    deliver::{Mailstore, maildir::Maildir},
    quarantine::{
        Grounds, Quarantine, Settings,
        release::{By, Handed},
        slip::State,
    },
};

const RAW: &[u8] = b"Subject: =?utf-8?q?secret_w=C3=B6rds?=\r\n\r\n.dot\nbare\rlast";

fn settings(root: &Path) -> Settings {
    Settings {
        folder: root.join("aside"),
        bucket: None,
        key: root.join("quarantine.key"),
        keep: Duration::from_hours(24),
        bytes_max: 4 << 20,
        release: Vec::new(),
    }
}

fn grounds() -> Grounds {
    let case = Some("format = 1\n".to_owned());
    Grounds {
        reference: "ref1".to_owned(),
        score: "12.5".to_owned(),
        symbols: vec!["ODD".to_owned()],
        case,
        ..Grounds::default()
    }
}

async fn stored(quarantine: &Quarantine, raw: &[u8]) -> String {
    let parcel = parcel_with(raw, &[], 0).await;
    quarantine.store(&parcel, &addresses(&["a@x", "\"odd \\\" one\"@x"]), &grounds()).await.unwrap()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

#[tokio::test]
async fn a_mail_set_aside_keeps_its_bytes_and_its_envelope_and_nobody_reads_them() {
    let root = tempfile::tempdir().unwrap();
    let quarantine = Quarantine::start(&settings(root.path())).unwrap();
    let large = [RAW, &b"0123456789abcdef".repeat(50_000)].concat();
    let lines = |bytes: usize| [&b"\r\n"[..], &b"x".repeat(bytes - 2)].concat();
    for raw in [RAW, &large, &lines(256 << 10), &lines(512 << 10), b""] {
        let id = stored(&quarantine, raw).await;
        let entry = quarantine.entry(&id).unwrap();
        assert!(entry.message().unwrap() == raw);
        assert_eq!(entry.case().unwrap().unwrap(), "format = 1\n");
    }
    let id = stored(&quarantine, RAW).await;
    let slip = quarantine.entry(&id).unwrap().slip().unwrap();
    assert_eq!((slip.reference.as_str(), slip.sender.as_str(), slip.bytes), ("ref1", "sender@example.org", RAW.len()));
    assert_eq!(slip.subject, "secret w\u{f6}rds");
    assert!(slip.is_held() && slip.is_for("A@X") && slip.recipients[1].address == "\"odd \\\" one\"@x");
    for file in files(&root.path().join("aside")) {
        let octets = fs::read(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        for word in [&b"secret"[..], b"a@x", b"example.org", b"0123456789abcdef", b"ref1"] {
            // Three octets come about by chance in a large file.
            let is_telling = word.len() > 3 || octets.len() < 4096;
            assert!(!is_telling || !octets.windows(word.len()).any(|window| window == word), "{file:?}");
        }
    }
}

#[tokio::test]
async fn what_was_cut_altered_or_swapped_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let quarantine = Quarantine::start(&settings(root.path())).unwrap();
    let id = stored(&quarantine, &b"x".repeat(600_000)).await;
    let message = root.path().join("aside").join(&id).join("message");
    let whole = fs::read(&message).unwrap();
    for cut in [0, 100, (256 << 10) + 16, 2 * ((256 << 10) + 16), whole.len() - 1] {
        fs::write(&message, &whole[..cut]).unwrap();
        assert!(quarantine.entry(&id).unwrap().message().is_err(), "{cut}");
    }
    let other = stored(&quarantine, RAW).await;
    fs::copy(root.path().join("aside").join(&other).join("slip"), root.path().join("aside").join(&id).join("slip"))
        .unwrap();
    assert!(quarantine.entry(&id).unwrap().slip().is_err());
    fs::rename(root.path().join("aside").join(&id), root.path().join("aside/20260301T091407Z-0011223344556677"))
        .unwrap();
    assert!(quarantine.entry("20260301T091407Z-0011223344556677").is_err());
    assert!(quarantine.entry("../aside").is_err());
}

#[tokio::test]
async fn a_quarantine_that_cannot_write_says_so() {
    let root = tempfile::tempdir().unwrap();
    let settings = settings(root.path());
    fs::write(&settings.folder, "a file").unwrap();
    assert!(Quarantine::start(&settings).is_err());
    fs::remove_file(&settings.folder).unwrap();
    let quarantine = Quarantine::start(&settings).unwrap();
    // What would break the bound is deferred; nothing that is held is dropped for it.
    let kept = stored(&quarantine, RAW).await;
    let parcel = parcel_with(&vec![b'x'; 5 << 20], &[], 0).await;
    let full = quarantine.store(&parcel, &addresses(&["a@x"]), &grounds()).await.unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(quarantine.ids().unwrap(), [kept]);
    fs::remove_dir_all(&settings.folder).unwrap();
    fs::write(&settings.folder, "a file").unwrap();
    let parcel = parcel_with(RAW, &[], 0).await;
    assert!(quarantine.store(&parcel, &addresses(&["a@x"]), &grounds()).await.is_err());
}

#[tokio::test]
async fn a_key_that_is_gone_or_open_to_others_stops_the_start() {
    let root = tempfile::tempdir().unwrap();
    let settings = settings(root.path());
    let quarantine = Quarantine::start(&settings).unwrap();
    stored(&quarantine, RAW).await;
    fs::set_permissions(&settings.key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(Quarantine::start(&settings).unwrap_err().contains("chmod 600"));
    fs::remove_file(&settings.key).unwrap();
    assert!(Quarantine::start(&settings).unwrap_err().contains("put the file back"));
    assert!(!settings.key.exists(), "no new key is made while mails wait for the old one");
}

#[tokio::test]
async fn each_recipient_is_released_once_and_the_mail_is_the_same() {
    let root = tempfile::tempdir().unwrap();
    let quarantine = Quarantine::start(&settings(root.path())).unwrap();
    let id = stored(&quarantine, b"Subject: x\r\n\r\nbody\r\n").await;
    let mailstore = Mailstore::Maildir(Maildir::new(root.path().join("mail"), "host"));
    for is_first in [true, false] {
        let handed = quarantine.release(&id, |address| address == "a@x", &mailstore, By::Operator).await.unwrap();
        assert_eq!(handed.len(), 1);
        match &handed[0].1 {
            Handed::Now(reply) => assert!(is_first && reply.code == 250),
            Handed::Before(state) => assert!(!is_first && *state == State::Released),
        }
    }
    let delivered = files(&root.path().join("mail"));
    assert_eq!(delivered.len(), 1);
    let mail = fs::read_to_string(&delivered[0]).unwrap();
    assert!(mail.contains("\nX-Wehr-Released: at=20") && mail.contains("; by=operator; ref=ref1\n"), "{mail}");
    assert!(mail.ends_with("ref1\nSubject: x\n\nbody\n"), "{mail}");
    // The other one still waits; a mailstore that refuses leaves it so.
    fs::write(root.path().join("broken"), "a file").unwrap();
    let broken = Mailstore::Maildir(Maildir::new(root.path().join("broken"), "host"));
    let handed = quarantine.release(&id, |_| true, &broken, By::Recipient).await.unwrap();
    assert!(handed.iter().any(|(_, handed)| matches!(handed, Handed::Now(reply) if reply.code / 100 == 4)));
    assert!(quarantine.entry(&id).unwrap().slip().unwrap().is_held());
    assert_eq!(quarantine.delete(&id, |address| address == "nobody@x").unwrap(), 0);
    assert_eq!(quarantine.delete(&id, |_| true).unwrap(), 2);
    assert!(quarantine.entry(&id).is_err() && files(&root.path().join("aside")).is_empty());
}

#[tokio::test]
async fn a_crash_between_write_and_reply_leaves_nothing_half_and_nothing_lost() {
    let root = tempfile::tempdir().unwrap();
    let settings = settings(root.path());
    let quarantine = Quarantine::start(&settings).unwrap();
    let id = stored(&quarantine, RAW).await;
    let aside = settings.folder.clone();
    // Killed while it wrote: a draft with any of its files. Killed while it deleted: an entry that is going.
    for (name, files) in
        [(".new-20260301T091407Z-0011223344556677", &["key", "message"][..]), (".new-x", &[]), (".gone-x", &["key"])]
    {
        fs::create_dir(aside.join(name)).unwrap();
        for file in files {
            fs::write(aside.join(name).join(file), "half").unwrap();
        }
    }
    let again = Quarantine::start(&settings).unwrap();
    assert_eq!(again.ids().unwrap(), std::slice::from_ref(&id));
    assert_eq!(again.entry(&id).unwrap().message().unwrap(), RAW);
    assert_eq!(again.sweep().unwrap().mails, 1);
    assert!(!aside.join(".gone-x").exists() && aside.join(".new-x").exists(), "a young draft may be somebody's");
    // Killed while it wrote a slip: the old one stands, and the next change goes through.
    fs::write(aside.join(&id).join(".slip"), "half").unwrap();
    let mailstore = Mailstore::Maildir(Maildir::new(root.path().join("mail"), "host"));
    again.release(&id, |_| true, &mailstore, By::Operator).await.unwrap();
    assert!(!again.entry(&id).unwrap().slip().unwrap().is_held());
}

#[tokio::test]
async fn a_sweep_takes_what_is_too_old() {
    let root = tempfile::tempdir().unwrap();
    let mut settings = settings(root.path());
    let quarantine = Quarantine::start(&settings).unwrap();
    let id = stored(&quarantine, RAW).await;
    let census = quarantine.sweep().unwrap();
    assert_eq!((census.mails, census.deleted), (1, 0));
    assert!(census.octets > RAW.len() as u64 && census.oldest_age < 60);
    settings.keep = Duration::ZERO;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let census = Quarantine::start(&settings).unwrap().sweep().unwrap();
    assert_eq!((census.mails, census.octets, census.deleted), (0, 0, 1));
    assert!(quarantine.entry(&id).is_err());
}
