//! One set of sentences for every store: the file of this machine, and a real Redis server where there is one.

use super::{Change, Kind, Site, Store, count};
use std::{
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

fn put(key: &str, value: &str, expires: i64) -> Change {
    Change::Put { kind: Kind::PartnerTimes, key: key.to_owned(), value: value.into(), expires }
}

fn new(key: &str, value: &str, expires: i64) -> Change {
    Change::PutNew { kind: Kind::PartnerTimes, key: key.to_owned(), value: value.into(), expires }
}

fn add(by: u64, expires: i64) -> Change {
    Change::Add { kind: Kind::PartnerMails, key: "a".to_owned(), by, expires }
}

fn read(store: &dyn Store, key: &str, now: i64) -> Option<String> {
    let found = store.get(Kind::PartnerTimes, &[key.to_owned()], now).unwrap();
    found.into_iter().next().flatten().map(|value| String::from_utf8(value).unwrap())
}

/// What every store does.
fn all_sentences(store: &dyn Store) {
    store.change(&[put("a", "v", 10), put("b", "w", 100), add(2, 100), add(3, 100)], 0).unwrap();
    store.rest();
    let keys = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
    assert_eq!(store.get(Kind::PartnerTimes, &keys, 10).unwrap(), [None, Some(b"w".to_vec()), None]);
    let counted = |now| store.all(Kind::PartnerMails, now).unwrap().first().map(|(_, value)| count(value));
    assert_eq!((counted(10), counted(99), counted(100)), (Some(5), Some(5), None));
    store.change(&[add(1, 200)], 100).unwrap();
    assert_eq!(counted(100), Some(1), "an expired counter begins anew");
    store.change(&[new("n", "first", 50)], 0).unwrap();
    store.change(&[new("n", "second", 90)], 49).unwrap();
    assert_eq!((read(store, "n", 49), read(store, "n", 50)), (Some("first".into()), None));
    store.change(&[new("n", "third", 90)], 50).unwrap();
    assert_eq!(read(store, "n", 50).as_deref(), Some("third"));
    store.change(&[Change::Forget { kind: Kind::PartnerTimes, key: "n".to_owned() }], 50).unwrap();
    let listed = store.all(Kind::PartnerTimes, 50).unwrap();
    assert_eq!(listed, [("b".to_owned(), b"w".to_vec())]);
    let append = |records: &str, expires| {
        let (kind, key, records) = (Kind::Shapes, "s".to_owned(), records.into());
        store.change(&[Change::Append { kind, key, records, width: 2, most: 4, expires }], 0).unwrap();
        store
            .get(Kind::Shapes, &["s".to_owned()], 9)
            .unwrap()
            .pop()
            .flatten()
            .map(|value| String::from_utf8(value).unwrap())
    };
    assert_eq!(append("aabb", 10).as_deref(), Some("aabb"));
    assert_eq!(append("bbcc", 10).as_deref(), Some("aabbcc"), "a record is kept once");
    assert_eq!(append("ddeeff", 10).as_deref(), Some("aabbeeff"), "the first and the last stay");
    assert_eq!(append("cc", 9), None);
    assert!(store.all(Kind::Secrets, 0).unwrap().is_empty());
    store.change(&[], 0).unwrap();
    assert!(store.get(Kind::Counts, &[], 0).unwrap().is_empty());
}

/// A real server on loopback that ends with the test.
struct Real {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Real {
    /// None where no server is installed and none is required.
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let started = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn();
        let Ok(child) = started else {
            assert!(std::env::var_os("WEHR_REQUIRE_PARTS").is_none(), "redis-server is missing");
            eprintln!("left out: redis-server is missing");
            return None;
        };
        let (real, until) = (Self { child, port, _folder: folder }, Instant::now() + Duration::from_secs(10));
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(real)
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_file_keeps_entries_until_they_expire() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::parse("redb:deep/state.redb", folder.path()).unwrap();
    all_sentences(&*site.open().unwrap());
    let mode = std::fs::metadata(folder.path().join("deep/state.redb")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(feature = "redis")]
#[test]
fn a_server_keeps_the_same_and_a_lost_one_is_told_at_once() {
    let Some(mut real) = Real::start() else { return };
    let store = Site::parse(&real.url(), "".as_ref()).unwrap().open().unwrap();
    all_sentences(&*store);
    let other = Site::parse(&real.url(), "".as_ref()).unwrap().open().unwrap();
    other.change(&[put("shared", "x", 100)], 0).unwrap();
    assert_eq!(read(&*store, "shared", 0).as_deref(), Some("x"), "two machines see one store");
    real.child.kill().unwrap();
    real.child.wait().unwrap();
    let began = Instant::now();
    for _ in 0..100 {
        let trouble = store.get(Kind::PartnerTimes, &["shared".to_owned()], 0).unwrap_err();
        assert!(trouble.0.contains(&format!("127.0.0.1:{}", real.port)), "{trouble}");
    }
    assert!(began.elapsed() < Duration::from_secs(2), "a hundred questions did not wait one after the other");
}

#[test]
fn places_are_read_and_no_password_is_repeated() {
    let place = |text: &str| Site::parse(text, "/etc/wehr".as_ref());
    assert_eq!(place("redb:a.redb"), Ok(Site::File("/etc/wehr/a.redb".into())));
    assert!(place("redb:").is_err() && place("a.redb").is_err());
    let wrong = place("mongo://user:geheim@host").unwrap_err();
    assert!(!wrong.contains("geheim"), "{wrong}");
    if cfg!(feature = "redis") {
        let site = place("redis://user:geheim@127.0.0.1:6379/1").unwrap();
        assert!(!format!("{site:?}").contains("geheim"));
    }
}
