//! Keys from a Web Key Directory: a web server of our own, keys that GnuPG made, mail sealed by the door.
#![cfg(feature = "openpgp")]

use crate::{
    ANNA, MAIL,
    door::wire,
    gnupg::{Gpg, opened},
    has,
    house::House,
    must_hold, now,
};
use futures_util::future::BoxFuture;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use wehr::{
    doors::directory::{Directory, Settings},
    judge::{
        facts::{Answer, Fact, Failure, Question},
        policy::encryption::sealing::Seal,
    },
    limits,
    mail::address::{Address, Domain},
    seal::keyring::{Key, Reason},
    telemetry::metrics::Metrics,
    world::{Scan, World},
};

const ADVANCED: &str = "openpgpkey.school.example";
const DIRECT: &str = "school.example";
/// Of `anna`.
const HASH: &str = "fxy63pyohfbm34b533z1nk4bhfhbkpsh";

/// Name servers that know some hosts, and no others.
#[derive(Default)]
struct Names(BTreeMap<&'static str, Answer<std::net::Ipv4Addr>>);

impl World for Names {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Fact> {
        Box::pin(async move {
            match question {
                Question::Ipv4(name) => {
                    Fact::Ipv4(name.clone(), self.0.get(name.as_str()).cloned().unwrap_or(Answer::NoName))
                }
                Question::Ipv6(name) => Fact::Ipv6(name.clone(), Answer::NoName),
                other => other.failed(Failure::NotRecorded),
            }
        })
    }

    fn scan(&self) -> Option<Box<dyn Scan>> {
        None
    }
}

/// What a server says to a request.
type Says = Arc<dyn Fn(&str) -> (&'static str, Vec<u8>) + Send + Sync>;

/// A web server with a certificate for both hosts.
struct Server {
    at: SocketAddr,
    authority: TempDir,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn new(says: impl Fn(&str) -> (&'static str, Vec<u8>) + Send + Sync + 'static) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([ADVANCED.to_owned(), DIRECT.to_owned()]).unwrap();
        let authority = TempDir::new().unwrap();
        fs::write(authority.path().join("ca.pem"), cert.pem()).unwrap();
        let key = rustls_pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![cert.der().clone()], key)
                .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (noted, says): (_, Says) = (Arc::clone(&asked), Arc::new(says));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, noted, says) = (acceptor.clone(), Arc::clone(&noted), Arc::clone(&says));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await.unwrap());
                    }
                    let head = String::from_utf8(head).unwrap();
                    noted.lock().unwrap().push(head.clone());
                    let (status, body) = says(&head);
                    if status == "silence" {
                        tokio::time::sleep(Duration::from_mins(1)).await;
                    }
                    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
                    let _ = stream.write_all(head.as_bytes()).await;
                    let _ = stream.write_all(&body).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { at, authority, asked }
    }

    /// Asked for keys of the school, with the hosts at their place.
    fn settings(&self, hosts: &[&str]) -> Settings {
        Settings {
            wkd: vec![Domain::parse(DIRECT).unwrap()],
            wkd_authorities: Some(self.authority.path().join("ca.pem")),
            wkd_hosts: hosts.iter().map(|host| ((*host).to_owned(), self.at)).collect(),
            ldap: None,
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn directory(settings: &Settings, names: Names) -> (Arc<Directory>, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new().unwrap());
    let world: Arc<dyn World> = Arc::new(names);
    (Arc::new(Directory::new(settings, &world, Arc::clone(&metrics)).unwrap()), metrics)
}

async fn find(directory: &Directory, address: &str) -> Result<Arc<Key>, Reason> {
    directory.find(&Address::new(address), Seal::Any, now()).await
}

fn key_of(id: &str) -> (Gpg, Vec<u8>) {
    let gpg = Gpg::new();
    gpg.make(id, "default", "", "30d");
    let key = gpg.run(&["--export"], b"");
    (gpg, key)
}

#[tokio::test]
async fn a_mail_is_sealed_to_a_key_of_the_directory() {
    if !has("gpg") {
        return;
    }
    let (gpg, key) = key_of("Anna <anna@school.example>");
    let server = Server::new(move |_| ("200 OK", key.clone())).await;
    let house = House::with_maildir(|_| ()).demanding("[[class]]\nname = 'sealed'\nseal = 'openpgp'\n");
    let (directory, metrics) = directory(&server.settings(&[ADVANCED]), Names::default());
    house.desk.ask_for_keys(Some(directory));
    for _ in 0..2 {
        let mut client = house.local();
        // A stranger to the directory gets nothing, and nobody is asked for them.
        client.envelope(&["Anna+tag@School.example", "bert@elsewhere.example"]).await;
        client.ask("DATA").await;
        client.say(wire(MAIL)).await;
        assert_eq!(client.codes(2).await, [250, 451]);
    }
    let found = house.delivered();
    assert_eq!(found.len(), 2);
    for (_, sealed) in &found {
        must_hold(&opened(&gpg, sealed.as_bytes()), &format!("{MAIL}\r\n"));
    }
    let asked = server.asked();
    let wanted = format!("GET /.well-known/openpgpkey/school.example/hu/{HASH}?l=anna HTTP/1.1\r\n");
    assert!(asked.len() == 1 && asked[0].starts_with(&wanted), "asked once: {asked:?}");
    assert!(asked[0].contains("host: openpgpkey.school.example\r\n") && !asked[0].contains("cookie"), "{asked:?}");
    let told = metrics.render().unwrap();
    assert!(told.contains("wehr_key_lookups_total{outcome=\"found\",source=\"wkd\"} 1"), "{told}");
    assert!(told.contains("wehr_key_lookup_seconds_count{source=\"wkd\"} 1"), "{told}");
}

#[tokio::test]
async fn the_domain_itself_is_asked_where_no_subdomain_is() {
    if !has("gpg") {
        return;
    }
    let (_gpg, key) = key_of("anna@school.example");
    let server = Server::new(move |_| ("200 OK", key.clone())).await;
    let (directory, _) = directory(&server.settings(&[DIRECT]), Names::default());
    // Several who ask at one moment ask once.
    let all = futures_util::future::join_all((0..10).map(|_| find(&directory, ANNA))).await;
    assert!(all.iter().all(Result::is_ok));
    let asked = server.asked();
    assert!(asked.len() == 1 && asked[0].starts_with(&format!("GET /.well-known/openpgpkey/hu/{HASH}?l=anna ")));
    // A certificate is no matter of this directory.
    let smime = directory.find(&Address::new(ANNA), Seal::Smime, now()).await;
    assert_eq!(smime.map(drop), Err(Reason::Missing));
    assert_eq!(find(&directory, "\"anna\"@school.example").await.map(drop), Err(Reason::Missing));
    assert_eq!(server.asked().len(), 1);
}

/// What a directory says that has no key to use, and what is counted then.
#[tokio::test]
async fn what_is_no_key_is_none() {
    if !has("gpg") {
        return;
    }
    let (_gpg, stranger) = key_of("Bert <bert@school.example>");
    let (_anna, annas) = key_of("anna@school.example");
    let several = [stranger.clone(), annas.clone()].concat();
    let large = vec![b'a'; limits::KEY_ANSWER_BYTES_MAX + 1];
    for (status, body, wanted, outcome) in [
        ("200 OK", several, Ok(()), "found"),
        ("404 Not Found", annas.clone(), Err(Reason::Missing), "absent"),
        ("200 OK", stranger, Err(Reason::Address), "unusable"),
        ("200 OK", b"<html>".to_vec(), Err(Reason::Unreadable), "unusable"),
        ("200 OK", Vec::new(), Err(Reason::Unreadable), "unusable"),
        ("200 OK", large, Err(Reason::Unanswered), "failed"),
        ("301 Moved Permanently\r\nLocation: https://127.0.0.1/", annas.clone(), Err(Reason::Unanswered), "failed"),
        ("500 Internal Server Error", annas, Err(Reason::Unanswered), "failed"),
    ] {
        let server = Server::new(move |_| (status, body.clone())).await;
        let (directory, metrics) = directory(&server.settings(&[ADVANCED]), Names::default());
        assert_eq!(find(&directory, ANNA).await.map(drop), wanted, "{status}");
        let told = metrics.render().unwrap();
        assert!(
            told.contains(&format!("wehr_key_lookups_total{{outcome=\"{outcome}\",source=\"wkd\"}} 1")),
            "{status}"
        );
        // It is remembered, also that there is none.
        assert_eq!(find(&directory, ANNA).await.map(drop), wanted, "{status}");
        assert_eq!(server.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn nothing_is_refused_for_good_while_a_directory_does_not_answer() {
    for (status, code) in [("500 Internal Server Error", 451), ("404 Not Found", 550)] {
        let server = Server::new(move |_| (status, Vec::new())).await;
        let demands = "[[class]]\nname = 'sealed'\nseal = 'openpgp'\nseal_missing = 'refuse'\n";
        let house = House::with_maildir(|_| ()).demanding(demands);
        let (directory, _) = directory(&server.settings(&[ADVANCED]), Names::default());
        house.desk.ask_for_keys(Some(directory));
        let mut client = house.local();
        client.envelope(&[ANNA]).await;
        client.ask("DATA").await;
        client.say(wire(MAIL)).await;
        assert_eq!(client.codes(1).await, [code], "{status}");
        assert!(house.delivered().is_empty());
    }
}

#[tokio::test]
async fn a_silent_directory_is_waited_for_no_longer_than_its_bound() {
    let server = Server::new(|_| ("silence", Vec::new())).await;
    let (directory, metrics) = directory(&server.settings(&[ADVANCED]), Names::default());
    let began = Instant::now();
    directory.foresee(&Address::new(ANNA), Seal::Any, now());
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(find(&directory, ANNA).await.map(drop), Err(Reason::Unanswered));
    let took = began.elapsed();
    assert!(took >= limits::KEY_SECONDS_MAX && took < limits::KEY_SECONDS_MAX + Duration::from_secs(2), "{took:?}");
    assert!(metrics.render().unwrap().contains("wehr_key_lookups_total{outcome=\"failed\",source=\"wkd\"} 1"));
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_not_asked() {
    let (server, other) =
        (Server::new(|_| ("200 OK", Vec::new())).await, Server::new(|_| ("200 OK", Vec::new())).await);
    let settings = Settings { wkd_authorities: other.settings(&[]).wkd_authorities, ..server.settings(&[ADVANCED]) };
    let (directory, _) = directory(&settings, Names::default());
    assert_eq!(find(&directory, ANNA).await.map(drop), Err(Reason::Unanswered));
    assert!(server.asked().is_empty());
}

/// Where a stranger's name servers lead: not into the house. The port is not looked at; nothing is connected.
#[tokio::test]
async fn a_name_leads_to_public_addresses_only() {
    let server = Server::new(|_| ("200 OK", Vec::new())).await;
    let IpAddr::V4(here) = server.at.ip() else { panic!("an IPv4 address") };
    for answer in [Answer::Records(vec![here, [10, 0, 0, 1].into()]), Answer::Failed(Failure::Timeout)] {
        let names = Names([(ADVANCED, answer)].into());
        let (directory, metrics) = directory(&server.settings(&[]), names);
        let began = Instant::now();
        assert_eq!(find(&directory, ANNA).await.map(drop), Err(Reason::Unanswered));
        assert!(began.elapsed() < limits::KEY_CONNECT_SECONDS_MAX);
        assert!(metrics.render().unwrap().contains("wehr_key_lookups_total{outcome=\"failed\",source=\"wkd\"} 1"));
    }
    // No such host at all: there is no key, and that is an answer.
    let (directory, metrics) = directory(&server.settings(&[]), Names::default());
    assert_eq!(find(&directory, ANNA).await.map(drop), Err(Reason::Missing));
    assert!(metrics.render().unwrap().contains("wehr_key_lookups_total{outcome=\"absent\",source=\"wkd\"} 1"));
    assert!(server.asked().is_empty());
}
