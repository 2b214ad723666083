//! One set of sentences for every store: the file of this machine, and a real Redis server where there is one.

use super::{Change, Kind, Site, Store, count, remembered::Keys, scans};
use crate::judge::facts::{Digest, Failure, Scanned};
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
    scans(store);
}

/// What the scanner said is known while its signatures stay, for a day.
fn scans(store: &dyn Store) {
    let keys = Keys::read(store, 0).unwrap();
    let digest = |text: &str| Digest::parse(&text.repeat(32)).unwrap();
    let answers = [
        (digest("aa"), b"v1".to_vec(), Scanned::Clean),
        (digest("bb"), b"v1".to_vec(), Scanned::Infected("Eicar".to_owned())),
        (digest("cc"), b"v1".to_vec(), Scanned::Failed(Failure::Timeout)),
    ];
    scans::keep(store, &keys, &answers, 0).unwrap();
    let said = |text, version: &str, now| scans::get(store, &keys, &digest(text), version.as_bytes(), now).unwrap();
    assert_eq!(said("aa", "v1", 9), Some(Scanned::Clean));
    assert_eq!(said("bb", "v1", 9), Some(Scanned::Infected("Eicar".to_owned())));
    assert_eq!((said("cc", "v1", 9), said("aa", "v2", 9), said("aa", "v1", 90_000)), (None, None, None));
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
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
        let port = free_port();
        Self::started(folder, port, &Self::arguments(port))
    }

    fn arguments(port: u16) -> Vec<String> {
        let fixed = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"];
        fixed.into_iter().map(ToOwned::to_owned).chain([port.to_string()]).collect()
    }

    /// The same under TLS, with a password and certificates in `folder`.
    #[cfg(feature = "redis")]
    fn start_secure(folder: &std::path::Path) -> Option<Self> {
        use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
        let authority = || {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
        };
        let (ours, other) = (authority(), authority());
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &ours).unwrap();
        for (name, text) in [
            ("ca.pem", ours.pem()),
            ("other.pem", other.pem()),
            ("own.pem", own.pem()),
            ("own.key", key.serialize_pem()),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let port = free_port();
        let file = |name: &str| folder.join(name).display().to_string();
        let mut arguments = Self::arguments(0);
        for (key, value) in [
            ("--tls-port", port.to_string()),
            ("--tls-cert-file", file("own.pem")),
            ("--tls-key-file", file("own.key")),
            ("--tls-ca-cert-file", file("ca.pem")),
            ("--tls-auth-clients", "no".to_owned()),
            ("--requirepass", "geheim".to_owned()),
        ] {
            arguments.extend([key.to_owned(), value]);
        }
        Self::started(tempfile::tempdir().unwrap(), port, &arguments)
    }

    fn started(folder: tempfile::TempDir, port: u16, arguments: &[String]) -> Option<Self> {
        let started =
            Command::new("redis-server").args(arguments).current_dir(folder.path()).stdout(Stdio::null()).spawn();
        let Ok(child) = started else {
            assert!(std::env::var_os("WEHR_REQUIRE_PARTS").is_none(), "redis-server is missing");
            eprintln!("left out: redis-server is missing");
            return None;
        };
        let real = Self { child, port, _folder: folder };
        real.wait();
        Some(real)
    }

    fn wait(&self) {
        let until = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
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

/// A server under TLS only, with a certificate of its own authority.
#[cfg(feature = "redis")]
#[test]
fn a_server_under_tls_does_the_same_and_a_wrong_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let Some(real) = Real::start_secure(folder.path()) else { return };
    let url = format!("rediss://:geheim@localhost:{}/2", real.port);
    let site =
        |ca: Option<&str>| Site::parse(&url, "".as_ref()).unwrap().trusting(ca.map(|name| folder.path().join(name)));
    let store = site(Some("ca.pem")).open().unwrap();
    all_sentences(&*store);
    std::thread::scope(|threads| {
        for number in 0..20 {
            let store = &store;
            threads.spawn(move || store.change(&[put(&format!("t{number}"), "x", 100)], 0).unwrap());
        }
    });
    assert_eq!(store.all(Kind::PartnerTimes, 50).unwrap().len(), 21);
    for ca in [None, Some("other.pem")] {
        let trouble = site(ca).open().unwrap().get(Kind::Counts, &["a".to_owned()], 0).unwrap_err();
        assert!(trouble.0.contains("certificate") && !trouble.0.contains("geheim"), "{trouble}");
    }
    assert!(site(Some("missing.pem")).open().is_err());
    let wrong = Site::parse(&url.replace("geheim", "anders"), "".as_ref()).unwrap();
    let wrong = wrong.trusting(Some(folder.path().join("ca.pem"))).open().unwrap();
    assert!(wrong.get(Kind::Counts, &["a".to_owned()], 0).is_err(), "a wrong password");
}

#[cfg(feature = "redis")]
#[test]
fn a_server_that_was_started_again_is_used_again_and_a_slow_answer_holds_nobody() {
    let Some(mut real) = Real::start() else { return };
    let store = Site::parse(&real.url(), "".as_ref()).unwrap().open().unwrap();
    store.change(&[put("a", "x", 100)], 0).unwrap();
    real.child.kill().unwrap();
    real.child.wait().unwrap();
    real.child = Command::new("redis-server").args(Real::arguments(real.port)).stdout(Stdio::null()).spawn().unwrap();
    real.wait();
    store.change(&[put("a", "y", 100)], 0).unwrap();
    assert_eq!(read(&*store, "a", 0).as_deref(), Some("y"), "the idle connection was replaced");
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
