use crate::{
    mailstore::{Memory, Script, on_tcp},
    parcels::{addresses, parcel},
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CertifiedKey, IsCa, KeyPair, generate_simple_self_signed,
};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::{fs, path::PathBuf, sync::Arc};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use wehr::doors::deliver::lmtp::{
    Client, Settings,
    stream::{Place, Tls, TlsStart},
};

/// An authority with one certificate for `store.example`, and its root on disk.
struct Authority {
    acceptor: TlsAcceptor,
    roots: PathBuf,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    folder: TempDir,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["store.example".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    fs::write(&roots, issuer.pem()).unwrap();
    let (certificate, key) = (certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()));
    Authority { acceptor: TlsAcceptor::from(Arc::new(config)), roots, certificate, key, folder }
}

async fn deliver(address: &str, tls: Tls, mails: usize) -> Vec<String> {
    let place = Place::Tcp(address.to_owned());
    let client = Client::new(Settings { place, tls: Some(tls), hostname: "filter.example".into() }).unwrap();
    let mut replies = Vec::new();
    for _ in 0..mails {
        let raw = [b"Subject: x\r\n\r\n".to_vec(), b".0123456789\r\n".repeat(40_000)].concat();
        let reply = client.deliver(&parcel(&raw).await, &addresses(&["a@x"])).await.remove(0);
        replies.push(reply.to_string());
    }
    replies
}

fn tls(start: TlsStart, authority: &Authority, name: Option<&str>) -> Tls {
    Tls { start, roots: Some(authority.roots.clone()), server_name: name.map(str::to_owned), client: None }
}

async fn start_tls_store(authority: &Authority, lhlo: &str) -> (String, Memory) {
    let script = Script { lhlo: lhlo.into(), starttls: Some(authority.acceptor.clone()), ..Script::default() };
    on_tcp(script, None).await
}

#[tokio::test]
async fn mail_goes_over_tls_and_the_connection_is_used_again() {
    let authority = authority();
    let (address, memory) = on_tcp(Script::default(), Some(authority.acceptor.clone())).await;
    let replies = deliver(&address, tls(TlsStart::Immediate, &authority, Some("store.example")), 3).await;
    assert_eq!(replies, ["250 2.0.0 <a@x> saved"; 3]);
    assert_eq!(memory.connections().len(), 1);
    assert_eq!(memory.connections()[0].messages[2].len(), 14 + 13 * 40_000);
}

#[tokio::test]
async fn starttls_asks_again_what_is_offered() {
    let authority = authority();
    let (address, memory) = start_tls_store(&authority, "250-store\r\n250-STARTTLS\r\n250 PIPELINING").await;
    let replies = deliver(&address, tls(TlsStart::StartTls, &authority, Some("store.example")), 2).await;
    assert_eq!(replies, ["250 2.0.0 <a@x> saved"; 2]);
    let seen = memory.connections();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].commands[..3], ["LHLO filter.example", "STARTTLS", "LHLO filter.example"]);
}

#[tokio::test]
async fn nothing_is_said_to_a_mailstore_that_cannot_be_trusted() {
    let (authority, other) = (authority(), authority());
    let (address, memory) = on_tcp(Script::default(), Some(authority.acceptor.clone())).await;
    let untrusted = "451 4.7.5 mailstore cannot be trusted, try again later";
    let cases = [
        tls(TlsStart::Immediate, &authority, Some("other.example")),
        tls(TlsStart::Immediate, &authority, None),
        tls(TlsStart::Immediate, &other, Some("store.example")),
        Tls { start: TlsStart::Immediate, roots: None, server_name: Some("store.example".into()), client: None },
    ];
    for tls in cases {
        assert_eq!(deliver(&address, tls, 1).await, [untrusted]);
    }
    assert!(memory.connections().iter().all(|seen| seen.commands.is_empty()));
    // STARTTLS not offered, or taken out by somebody in between.
    let (address, memory) = start_tls_store(&authority, "250-store\r\n250 PIPELINING").await;
    assert_eq!(deliver(&address, tls(TlsStart::StartTls, &authority, Some("store.example")), 1).await, [untrusted]);
    assert_eq!(memory.connections()[0].commands, ["LHLO filter.example"]);
}

#[tokio::test]
async fn plain_bytes_after_starttls_are_not_believed() {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    let authority = authority();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let acceptor = authority.acceptor.clone();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 1024];
        stream.write_all(b"220 store\r\n").await.unwrap();
        let _ = stream.read(&mut buffer).await.unwrap();
        stream.write_all(b"250-store\r\n250 STARTTLS\r\n").await.unwrap();
        let _ = stream.read(&mut buffer).await.unwrap();
        stream.write_all(b"220 go\r\n250-forged\r\n250 PIPELINING\r\n").await.unwrap();
        let _ = acceptor.accept(stream).await;
    });
    let replies = deliver(&address, tls(TlsStart::StartTls, &authority, Some("store.example")), 1).await;
    assert_eq!(replies, ["451 4.7.5 mailstore cannot be trusted, try again later"]);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let authority = authority();
    let new = |place: Place, tls: Tls, hostname: &str| {
        Client::new(Settings { place, tls: Some(tls), hostname: hostname.into() }).map(|_| ())
    };
    let unix = || Place::Unix("/run/lmtp".into());
    let message = new(unix(), tls(TlsStart::Immediate, &authority, None), "h").unwrap_err();
    assert!(message.contains("needs a server name"), "{message}");
    assert!(new(unix(), tls(TlsStart::Immediate, &authority, Some("store.example")), "h").is_ok());
    assert!(new(unix(), tls(TlsStart::Immediate, &authority, Some("a b")), "h").is_err());
    assert!(new(unix(), tls(TlsStart::Immediate, &authority, Some("store.example")), "a\r\nb").is_err());
    let empty = authority.folder.path().join("empty.pem");
    fs::write(&empty, "nothing").unwrap();
    for roots in [empty, "/nonexistent".into()] {
        let tls = Tls { start: TlsStart::Immediate, roots: Some(roots), server_name: Some("x".into()), client: None };
        assert!(new(unix(), tls, "h").is_err());
    }
}

#[tokio::test]
async fn our_certificate_is_shown_to_a_mailstore_that_asks_for_one() {
    let (server, clients) = (authority(), authority());
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["filter.example".to_owned()]).unwrap();
    let (chain, key) = (clients.folder.path().join("chain.pem"), clients.folder.path().join("key.pem"));
    fs::write(&chain, cert.pem()).unwrap();
    fs::write(&key, signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![server.certificate.clone()], server.key.clone_key())
        .unwrap();
    let (address, _) = on_tcp(Script::default(), Some(TlsAcceptor::from(Arc::new(config)))).await;
    let without = tls(TlsStart::Immediate, &server, Some("store.example"));
    assert!(deliver(&address, without.clone(), 1).await[0].starts_with("451"));
    let with = Tls { client: Some((chain, key)), ..without };
    assert_eq!(deliver(&address, with, 1).await, ["250 2.0.0 <a@x> saved"]);
}

#[tokio::test]
async fn requiretls_goes_only_to_a_mailstore_that_keeps_it() {
    let authority = authority();
    let place = |address: &str| Place::Tcp(address.to_owned());
    for (offer, is_secured, expected) in [
        ("250-store\r\n250 REQUIRETLS", true, "250"),
        ("250-store\r\n250 PIPELINING", true, "550 5.7.30"),
        ("250-store\r\n250 REQUIRETLS", false, "550 5.7.30"),
    ] {
        let script = Script { lhlo: offer.into(), ..Script::default() };
        let (address, memory) = on_tcp(script, is_secured.then(|| authority.acceptor.clone())).await;
        let tls = is_secured.then(|| tls(TlsStart::Immediate, &authority, Some("store.example")));
        let client = Client::new(Settings { place: place(&address), tls, hostname: "filter.example".into() }).unwrap();
        let mut parcel = parcel(b"Subject: x\r\n\r\nx\r\n").await;
        parcel.require_tls = true;
        let reply = client.deliver(&parcel, &addresses(&["a@x"])).await.remove(0).to_string();
        assert!(reply.starts_with(expected), "{offer} {is_secured}: {reply}");
        let asked =
            memory.connections().iter().any(|seen| seen.commands.iter().any(|line| line.contains(" REQUIRETLS")));
        assert_eq!(asked, expected == "250");
    }
}
