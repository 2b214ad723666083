//! The quarantine in a bucket: the same sentences as in a folder, against a small store that speaks S3; by the program,
//! that nothing is answered before the store has it, and that nothing readable leaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]
#![cfg(feature = "s3")]

#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with the tests of other verbs, which use more of it")]
mod program;
#[path = "support/serving.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod serving;

use program::{code, err, folder, lines, out, wehr};
use serving::Serving;
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use wehr::{
    doors::{
        deliver::{Mailstore, maildir::Maildir, parcel::Parcel},
        quarantine::{
            Grounds, Quarantine, Settings,
            release::{By, Handed},
            shelf::Place,
            slip::State,
        },
    },
    judge::policy::reason::Reason,
    mail::address::Address,
};

/// A store that speaks as much S3 as is needed; it answers one request a connection.
#[derive(Clone, Default)]
struct Store {
    address: String,
    objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    parts: Arc<Mutex<BTreeMap<u32, Vec<u8>>>>,
    /// When the last object was stored whole.
    stored: Arc<Mutex<Option<Instant>>>,
    /// Refuses to take anything.
    is_full: Arc<AtomicBool>,
    /// Says that all it has is old.
    is_old: Arc<AtomicBool>,
    /// Takes its time.
    is_slow: Arc<AtomicBool>,
}

struct Asked {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    fields: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Store {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let store = Self { address: listener.local_addr().unwrap().to_string(), ..Self::default() };
        let serving = store.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let store = serving.clone();
                thread::spawn(move || store.serve(stream));
            }
        });
        store
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some(asked) = read(&stream) else { return };
        let is_signed = asked.fields.get("authorization").is_some_and(|field| {
            field.starts_with("AWS4-HMAC-SHA256 Credential=KEYID/") && field.contains("/eu-test-1/s3/aws4_request")
        });
        let (status, fields, body) = if is_signed {
            self.answer(&asked)
        } else {
            ("403 Forbidden", String::new(), "<Error/>".to_owned().into())
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\nLast-Modified: Sun, 22 Nov 2026 12:00:00 GMT\r\n{fields}\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes());
        if asked.method != "HEAD" {
            let _ = stream.write_all(&body);
        }
    }

    fn answer(&self, asked: &Asked) -> (&'static str, String, Vec<u8>) {
        let key = asked.path.trim_start_matches("/school/").to_owned();
        let missing = || ("404 Not Found", String::new(), b"<Error><Code>NoSuchKey</Code></Error>".to_vec());
        let mut objects = self.objects.lock().unwrap();
        if ["PUT", "POST"].contains(&asked.method.as_str()) {
            if self.is_full.load(Ordering::Relaxed) {
                return ("507 Insufficient Storage", String::new(), b"<Error><Code>Full</Code></Error>".to_vec());
            }
            if self.is_slow.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(100));
            }
        }
        match asked.method.as_str() {
            "PUT" => {
                if let Some(number) = asked.query.get("partNumber") {
                    self.parts.lock().unwrap().insert(number.parse().unwrap(), asked.body.clone());
                    return ("200 OK", format!("ETag: \"part{number}\"\r\n"), Vec::new());
                }
                let known = objects.get(&key).map(|octets| tag(octets));
                if asked.fields.get("if-match").is_some_and(|wanted| Some(wanted) != known.as_ref()) {
                    return ("412 Precondition Failed", String::new(), Vec::new());
                }
                let field = format!("ETag: {}\r\n", tag(&asked.body));
                objects.insert(key, asked.body.clone());
                *self.stored.lock().unwrap() = Some(Instant::now());
                ("200 OK", field, Vec::new())
            }
            "POST" if asked.query.contains_key("uploads") => {
                let text = "<InitiateMultipartUploadResult><UploadId>U1</UploadId></InitiateMultipartUploadResult>";
                ("200 OK", String::new(), text.into())
            }
            "POST" => {
                let whole: Vec<u8> = std::mem::take(&mut *self.parts.lock().unwrap()).into_values().flatten().collect();
                let text = format!(
                    "<CompleteMultipartUploadResult><ETag>{}</ETag></CompleteMultipartUploadResult>",
                    tag(&whole).replace('"', "&quot;")
                );
                objects.insert(key, whole);
                ("200 OK", String::new(), text.into_bytes())
            }
            "DELETE" => {
                objects.remove(&key);
                ("204 No Content", String::new(), Vec::new())
            }
            _ if asked.query.contains_key("list-type") => {
                let prefix = &asked.query["prefix"];
                let year = if self.is_old.load(Ordering::Relaxed) { "2020" } else { "2999" };
                let one = |(key, octets): (&String, &Vec<u8>)| {
                    format!(
                        "<Contents><Key>{key}</Key><LastModified>{year}-01-01T00:00:00.000Z</LastModified>\
                         <ETag>&quot;x&quot;</ETag><Size>{}</Size></Contents>",
                        octets.len()
                    )
                };
                let all: String = objects.iter().filter(|(key, _)| key.starts_with(prefix)).map(one).collect();
                let text = format!("<ListBucketResult><IsTruncated>false</IsTruncated>{all}</ListBucketResult>");
                ("200 OK", String::new(), text.into_bytes())
            }
            _ => objects
                .get(&key)
                .map_or_else(missing, |octets| ("200 OK", format!("ETag: {}\r\n", tag(octets)), octets.clone())),
        }
    }

    fn names(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    fn place(&self, folder: &Path) -> Place {
        let credentials = folder.join("credentials");
        fs::write(&credentials, "KEYID\nSECRET\n").unwrap();
        fs::set_permissions(&credentials, fs::Permissions::from_mode(0o600)).unwrap();
        Place {
            bucket: "school".to_owned(),
            prefix: "mail/held".to_owned(),
            endpoint: Some(format!("http://{}", self.address)),
            region: "eu-test-1".to_owned(),
            credentials,
        }
    }
}

fn tag(octets: &[u8]) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, octets);
    format!("\"{}\"", hash.as_ref().iter().map(|octet| format!("{octet:02x}")).collect::<String>())
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.to_owned(), value.replace("%2F", "/"))
    };
    let query = query.split('&').filter(|text| !text.is_empty()).map(pair).collect();
    let mut fields = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        fields.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; fields.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path: path.to_owned(), query, fields, body })
}

/// A quarantine in a folder, and one in a bucket.
fn homes(root: &Path, store: &Store) -> [Quarantine; 2] {
    [None, Some(store.place(root))].map(|bucket| {
        let name = if bucket.is_some() { "beside" } else { "aside" };
        let settings = Settings {
            folder: root.join(name),
            key: root.join(format!("{name}.key")),
            bucket,
            keep: Duration::from_hours(24),
            bytes_max: 100 << 20,
            release: vec![Reason::Spam],
        };
        Quarantine::start(&settings).unwrap()
    })
}

fn grounds() -> Grounds {
    Grounds {
        reference: "ref1".to_owned(),
        case: Some("format = 1\n".to_owned()),
        reasons: vec![Reason::Spam, Reason::Infected],
        ..Grounds::default()
    }
}

fn parcel(body: &str) -> Parcel {
    let mail = format!("From: Bert <bert@other.example>\r\nSubject: The secret marks\r\n\r\n{body}\r\n");
    Parcel::whole(Address::new("bert@other.example"), mail.into_bytes())
}

#[tokio::test]
async fn folder_and_bucket_keep_the_same_promises() {
    let (root, store) = (tempfile::tempdir().unwrap(), Store::start());
    let recipients = [Address::new("anna@school.example"), Address::new("bea@school.example")];
    for quarantine in homes(root.path(), &store) {
        let place = quarantine.place();
        // One of a single request, and one of several parts.
        let small = quarantine.store(&parcel("Ten."), &recipients, &grounds()).await.unwrap();
        let large = "Ten of ten, and many more of them.\r\n".repeat(600_000);
        let large_id = quarantine.store(&parcel(&large), &recipients, &grounds()).await.unwrap();
        assert!(quarantine.entry(&large_id).unwrap().message().unwrap().ends_with(b"more of them.\r\n\r\n"), "{place}");
        assert_eq!(quarantine.all().unwrap().len(), 2, "{place}");
        let slip = quarantine.entry(&small).unwrap().slip().unwrap();
        assert_eq!((slip.subject.as_str(), slip.recipients[1].reason), ("The secret marks", Reason::Infected));
        assert_eq!(quarantine.entry(&small).unwrap().case().unwrap().as_deref(), Some("format = 1\n"));
        assert!(
            quarantine
                .entry("20260301T091407Z-0011223344556677")
                .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
        );

        let mailstore = Mailstore::Maildir(Maildir::new(root.path().join("mail"), "mx.school.example"));
        let anna = |address: &str| address == "anna@school.example";
        let handed = quarantine.release(&small, anna, &mailstore, By::Recipient).await.unwrap();
        assert!(matches!(&handed[..], [(_, Handed::Now(reply))] if reply.is_positive()), "{place}: {handed:?}");
        let again = quarantine.release(&small, anna, &mailstore, By::Recipient).await.unwrap();
        assert_eq!(again[0].1, Handed::Before(State::Released));
        assert_eq!(quarantine.entry(&small).unwrap().slip().unwrap().recipients[0].released_by, "recipient");
        quarantine.mark_told(&small, "BEA@school.example").unwrap();
        assert!(!quarantine.entry(&small).unwrap().slip().unwrap().recipients[1].told_at.is_empty());
        assert!(quarantine.learn_once(&small, |mail| Ok(mail.ends_with(b"Ten.\r\n"))).await.unwrap());
        assert!(!quarantine.learn_once(&small, |_| Ok(true)).await.unwrap());

        let census = quarantine.swept().await.unwrap();
        assert_eq!((census.mails, census.deleted), (2, 0), "{place}");
        assert!(census.octets > large.len() as u64);
        quarantine.forget(&small, anna).unwrap();
        assert!(quarantine.entry(&small).unwrap().case().unwrap().is_none());
        assert_eq!(quarantine.delete(&small, |_| true).unwrap(), 1);
        assert_eq!(quarantine.delete(&large_id, |_| true).unwrap(), 2);
        assert!(quarantine.all().unwrap().is_empty() && quarantine.entry(&small).is_err(), "{place}");
    }
    assert!(store.names().is_empty(), "{:?}", store.names());
}

#[tokio::test]
async fn two_who_change_a_mail_of_a_bucket_do_not_undo_each_other() {
    let (root, store) = (tempfile::tempdir().unwrap(), Store::start());
    let [_, quarantine] = homes(root.path(), &store);
    let [_, elsewhere] = homes(root.path(), &store);
    let id = quarantine.store(&parcel("Ten."), &[Address::new("anna@school.example")], &grounds()).await.unwrap();
    // Another machine, which has no lock in common.
    let (one, other) = (quarantine.entry(&id).unwrap(), elsewhere.entry(&id).unwrap());
    let (mut first, mut second) = (one.slip().unwrap(), other.slip().unwrap());
    first.score = "1".to_owned();
    second.score = "2".to_owned();
    one.write_slip(&first).unwrap();
    assert_eq!(other.write_slip(&second).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(quarantine.entry(&id).unwrap().slip().unwrap().score, "1");
    // Within a process the second waits for the first.
    let marks: Vec<_> = (0..4)
        .map(|_| {
            let (quarantine, id) = (quarantine.clone(), id.clone());
            thread::spawn(move || quarantine.mark_told(&id, "anna@school.example"))
        })
        .collect();
    assert!(marks.into_iter().all(|mark| mark.join().unwrap().is_ok()));
}

#[tokio::test]
async fn what_a_broken_store_leaves_is_swept_and_nobody_sees_it() {
    let (root, store) = (tempfile::tempdir().unwrap(), Store::start());
    let [_, quarantine] = homes(root.path(), &store);
    let whole = quarantine.store(&parcel("Ten."), &[Address::new("anna@school.example")], &grounds()).await.unwrap();
    let torn = "20260301T091407Z-0011223344556677";
    for name in ["key", "message"] {
        let octets = store.objects.lock().unwrap()[&format!("mail/held/{whole}/{name}")].clone();
        store.objects.lock().unwrap().insert(format!("mail/held/{torn}/{name}"), octets);
    }
    assert_eq!(quarantine.ids().unwrap(), std::slice::from_ref(&whole));
    assert_eq!(quarantine.swept().await.unwrap().mails, 1);
    assert_eq!(store.names().len(), 6, "it may still be written");
    store.is_old.store(true, Ordering::Relaxed);
    assert_eq!(quarantine.swept().await.unwrap().mails, 1);
    assert_eq!(store.names().len(), 4);
    store.is_full.store(true, Ordering::Relaxed);
    assert!(quarantine.store(&parcel("Ten."), &[Address::new("anna@school.example")], &grounds()).await.is_err());
    assert_eq!(store.names().len(), 4);
    assert_eq!(quarantine.all().unwrap().len(), 1);
}

const CONFIG: &str = "authserv_id = 'mx.school.example'\n[milter]\nlisten = []\n[lmtp]\nlisten = ['127.0.0.1:0']\n\
    [http]\nlisten = []\n[deliver]\nto = 'maildir:mail'\n[state]\nurl = 'redb:state.redb'\n\
    [policy]\ntag = -100\nquarantine = -100\n\
    [quarantine]\nfolder = 'aside'\nurl = 's3://school/mail/held'\nregion = 'eu-test-1'\ncredentials = 'credentials'\n";

fn serve(files: &Path) -> Serving {
    Serving::start(&mut serving::command(files, "w.toml", &["--deny-egress"]))
}

/// The last reply of a mail, and when it came.
fn send(address: &str) -> (String, Instant) {
    let stream = TcpStream::connect(address).unwrap();
    let (mut from, mut to) = (BufReader::new(stream.try_clone().unwrap()), stream);
    let mut reply = || loop {
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        if line.get(3..4) != Some("-") {
            return line;
        }
    };
    reply();
    for command in ["LHLO test", "MAIL FROM:<bert@other.example>", "RCPT TO:<anna@school.example>", "DATA"] {
        to.write_all(format!("{command}\r\n").as_bytes()).unwrap();
        reply();
    }
    to.write_all(b"From: Bert <bert@other.example>\r\nSubject: The secret marks\r\n\r\nTen of ten.\r\n.\r\n").unwrap();
    (reply(), Instant::now())
}

#[test]
fn a_door_says_250_when_the_bucket_has_the_mail_and_451_when_not() {
    let store = Store::start();
    let config = format!("{CONFIG}endpoint = 'http://{}'\n", store.address);
    let files = folder(&[("w.toml", config.as_str())]);
    store.place(files.path());
    let server = serve(files.path());
    store.is_slow.store(true, Ordering::Relaxed);
    let (told, at) = send(server.place("lmtp"));
    assert!(told.starts_with("250"), "{told}");
    assert!(store.stored.lock().unwrap().is_some_and(|stored| stored < at));
    let names = store.names();
    let ends: Vec<&str> = names.iter().filter_map(|name| name.rsplit('/').next()).collect();
    assert_eq!(ends, ["case", "key", "message", "slip"]);
    for octets in store.objects.lock().unwrap().values() {
        let is_there = |word: &[u8]| octets.windows(word.len()).any(|window| window == word);
        assert!(!is_there(b"secret marks") && !is_there(b"Ten of ten") && !is_there(b"bert@"));
    }
    store.is_slow.store(false, Ordering::Relaxed);
    store.is_full.store(true, Ordering::Relaxed);
    let (told, _) = send(server.place("lmtp"));
    assert!(told.starts_with("451"), "{told}");
    store.is_full.store(false, Ordering::Relaxed);
    assert_eq!(store.names(), names, "what was not taken leaves nothing");

    let verb = |arguments: &[&str]| wehr(files.path(), &[&["quarantine", "--config", "w.toml"], arguments].concat());
    let listed = lines(&verb(&["list", "--json"]));
    assert_eq!((listed.len(), listed[0]["subject"].as_str()), (1, Some("The secret marks")));
    let released = verb(&["release", listed[0]["id"].as_str().unwrap()]);
    assert_eq!(code(&released), 0, "{}", err(&released));
    assert_eq!(code(&verb(&["delete", listed[0]["id"].as_str().unwrap()])), 0);
    assert!(store.names().is_empty());
    let contacted = wehr(files.path(), &["egress", "--config", "w.toml"]);
    assert!(out(&contacted).contains(&store.address), "{} {}", out(&contacted), err(&contacted));
}

#[test]
fn a_bucket_elsewhere_needs_tls_credentials_and_leave() {
    let told = |more: &str| {
        let files = folder(&[("w.toml", format!("{CONFIG}{more}").as_str())]);
        Store::default().place(files.path());
        let checked = wehr(files.path(), &["config", "check", "w.toml"]);
        (code(&checked), out(&checked) + &err(&checked))
    };
    assert!(told("endpoint = 'http://s3.school.example'\n").1.contains("https is needed"));
    let (code, text) = told("endpoint = 'https://s3.school.example'\n[egress]\nmode = 'deny'\n");
    assert!(code == 2 && text.contains("s3.school.example:443 is not on this machine"), "{text}");
    let (code, text) =
        told("endpoint = 'https://s3.school.example'\n[egress]\nmode = 'deny'\nallowed = ['s3.school.example']\n");
    assert_eq!(code, 0, "{text}");
}
