use crate::parcels::{addresses, parcel, parcel_with};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use wehr::{doors::deliver::maildir::Maildir, judge::policy::verdict::Edit};

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn each_recipient_gets_a_copy_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    let maildir = Maildir::new(root.path().join("not/yet/there"), "host/a:b");
    let edits = [Edit::AddField { name: "X-Wehr-Verdict".into(), value: "action=accept".into() }];
    let parcel = parcel_with(b"Subject: x\r\n\r\n.dot\r\n..\r\nlast", &edits, 0).await;
    let recipients = addresses(&["A@Example.org", "b@example.org", "A@Example.org"]);
    let replies = maildir.deliver(&parcel, &recipients).await;
    assert!(replies.iter().all(|reply| reply.code == 250), "{replies:?}");
    assert_eq!(replies.len(), 3);
    let mailbox = root.path().join("not/yet/there/example.org/a");
    let found = files(&mailbox.join("new"));
    assert_eq!(found.len(), 2, "the same recipient twice is two mails");
    for file in &found {
        let text = fs::read_to_string(file).unwrap();
        let expected = "Return-Path: <sender@example.org>\nDelivered-To: A@Example.org\n\
                        X-Wehr-Verdict: action=accept\nSubject: x\n\n.dot\n..\nlast\n";
        assert_eq!(text, expected);
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(file.file_name().unwrap().to_str().unwrap().ends_with(".host\\057a\\072b"), "{file:?}");
    }
    for folder in ["", "tmp", "new", "cur"] {
        assert_eq!(fs::metadata(mailbox.join(folder)).unwrap().permissions().mode() & 0o777, 0o700);
    }
    assert!(files(&mailbox.join("tmp")).is_empty());
    let other = fs::read_to_string(&files(&root.path().join("not/yet/there/example.org/b/new"))[0]).unwrap();
    assert!(!other.contains("A@Example.org"), "no copy names another recipient");
}

#[tokio::test]
async fn one_failing_mailbox_fails_alone() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("x")).unwrap();
    fs::write(root.path().join("x/full"), "a file where a folder should be").unwrap();
    let maildir = Maildir::new(root.path().to_owned(), "host");
    let parcel = parcel(b"Subject: x\r\n\r\n").await;
    let replies = maildir.deliver(&parcel, &addresses(&["a@x", "full@x", "", "b@x"])).await;
    let codes: Vec<u16> = replies.iter().map(|reply| reply.code).collect();
    assert_eq!(codes, [250, 451, 553, 250], "{replies:?}");
}

#[tokio::test]
async fn a_delivery_that_fails_late_leaves_nothing() {
    // The file is written and synced, but `new` is no folder: the draft in `tmp` has to go.
    let root = tempfile::tempdir().unwrap();
    let maildir = Maildir::new(root.path().to_owned(), "host");
    let parcel = parcel(b"Subject: x\r\n\r\n").await;
    assert_eq!(maildir.deliver(&parcel, &addresses(&["a@x"])).await[0].code, 250);
    fs::remove_dir_all(root.path().join("x/a/new")).unwrap();
    fs::write(root.path().join("x/a/new"), "").unwrap();
    assert_eq!(maildir.deliver(&parcel, &addresses(&["a@x"])).await[0].code, 451);
    assert!(files(&root.path().join("x/a/tmp")).is_empty(), "a draft that failed is removed");
}

#[tokio::test]
async fn a_mailbox_removed_meanwhile_is_made_again() {
    let root = tempfile::tempdir().unwrap();
    let maildir = Maildir::new(root.path().to_owned(), "host");
    let parcel = parcel(b"Subject: x\r\n\r\n").await;
    for _ in 0..2 {
        assert_eq!(maildir.deliver(&parcel, &addresses(&["a@x"])).await[0].code, 250);
        assert_eq!(files(&root.path().join("x/a/new")).len(), 1);
        fs::remove_dir_all(root.path().join("x")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_mails_to_many_at_once() {
    let root = tempfile::tempdir().unwrap();
    let maildir = Maildir::new(root.path().to_owned(), "host");
    let raw = [b"Subject: x\r\n\r\n".to_vec(), b"0123456789\r\n".repeat(500_000)].concat();
    let parcel = parcel_with(&raw, &[], 0).await;
    let recipients: Vec<_> = (0..9).flat_map(|number| addresses(&[&format!("u{number}@x")])).collect();
    let replies = maildir.deliver(&parcel, &recipients).await;
    assert!(replies.iter().all(|reply| reply.code == 250));
    for number in 0..9 {
        let found = files(&root.path().join(format!("x/u{number}/new")));
        let text = fs::read(&found[0]).unwrap();
        assert!(text.ends_with(&b"0123456789\n".repeat(500_000)));
    }
}
