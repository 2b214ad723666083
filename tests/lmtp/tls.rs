//! STARTTLS (RFC 3207): what was said in clear counts for nothing afterwards.

use crate::house::{Client, House, MESSAGE};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use std::{fs, path::PathBuf, sync::Arc};
use tempfile::TempDir;
use tokio::io::DuplexStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use wehr::doors::lmtp::certificate::Certificate;

/// A certificate for `mx.school.example` on disk.
pub struct Keys {
    pub chain: PathBuf,
    pub key: PathBuf,
    pub root: CertificateDer<'static>,
}

pub fn keys(folder: &TempDir) -> Keys {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["mx.school.example".to_owned()]).unwrap();
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    fs::write(&chain, cert.pem()).unwrap();
    fs::write(&key, signing_key.serialize_pem()).unwrap();
    Keys { chain, key, root: cert.der().clone() }
}

fn house(certificate: &Arc<Certificate>) -> House {
    House::with_maildir(|settings| settings.certificate = Some(Arc::clone(certificate)))
}

pub async fn secured(
    client: Client<DuplexStream>,
    root: &CertificateDer<'static>,
) -> Result<Client<TlsStream<DuplexStream>>, String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("mx.school.example").unwrap();
    let (stream, serving) = client.parts();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| error.to_string())?;
    Ok(Client::new(stream, serving))
}

#[tokio::test]
async fn what_was_said_in_clear_is_forgotten() {
    let folder = TempDir::new().unwrap();
    let keys = keys(&folder);
    let house = house(&Arc::new(Certificate::load(&keys.chain, &keys.key).unwrap()));
    let mut client = house.local();
    assert_eq!(client.code().await, 220);
    assert_eq!(&client.ask("STARTTLS").await[..3], "503");
    assert!(client.ask("LHLO mx.example.org").await.contains("STARTTLS"));
    assert_eq!(&client.ask("XFORWARD ADDR=198.51.100.10").await[..3], "250");
    // Somebody in between adds a command; it must not be obeyed inside.
    client.say("STARTTLS\r\nLHLO injected\r\nMAIL FROM:<injected@example.org>\r\n").await;
    assert_eq!(client.code().await, 220);
    let mut client = secured(client, &keys.root).await.unwrap();
    assert_eq!(&client.ask("MAIL FROM:<a@b>").await[..3], "503");
    assert!(!client.ask("LHLO mx.example.org").await.contains("STARTTLS"));
    assert_eq!(&client.ask("STARTTLS").await[..3], "503");
    assert_eq!(&client.ask("MAIL FROM:<a@b>").await[..3], "250");
    assert_eq!(&client.ask("RCPT TO:<a@school.example>").await[..3], "250");
    assert_eq!(&client.ask("DATA").await[..3], "354");
    client.say(MESSAGE).await;
    assert_eq!(client.code().await, 250);
    assert_eq!(&client.ask("QUIT").await[..3], "221");
    assert!(client.reply().await.is_none());
    assert_eq!(house.delivered().len(), 1);
    assert!(!house.delivered()[0].1.contains("198.51.100.10"), "the client told in clear is forgotten");
}

#[tokio::test]
async fn a_reload_exchanges_the_certificate() {
    let folder = TempDir::new().unwrap();
    let old = keys(&folder);
    let certificate = Arc::new(Certificate::load(&old.chain, &old.key).unwrap());
    let house = house(&certificate);
    let new = keys(&folder);
    certificate.reload().unwrap();
    fs::write(&new.key, "-----BEGIN NONSENSE-----").unwrap();
    assert!(certificate.reload().unwrap_err().contains("key.pem"));
    for (root, is_known) in [(&old.root, false), (&new.root, true)] {
        let mut client = house.local();
        client.code().await;
        client.ask("LHLO mx.example.org").await;
        client.ask("STARTTLS").await;
        assert_eq!(secured(client, root).await.is_ok(), is_known);
    }
}

#[test]
fn what_is_wrong_with_the_files_is_said() {
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (ours, theirs) = (keys(&folder), keys(&other));
    let error = |chain: &PathBuf, key: &PathBuf| Certificate::load(chain, key).err().expect("must not load");
    assert!(error(&folder.path().join("none"), &ours.key).contains("cannot read the certificate"));
    assert!(error(&ours.key, &ours.key).contains("no certificate inside"));
    assert!(error(&ours.chain, &ours.chain).contains("cannot read the private key"));
    assert!(error(&ours.chain, &theirs.key).contains("does not belong to"));
}

#[tokio::test]
async fn no_handshake_no_mail() {
    let folder = TempDir::new().unwrap();
    let keys = keys(&folder);
    let house = house(&Arc::new(Certificate::load(&keys.chain, &keys.key).unwrap()));
    let mut client = house.local();
    client.code().await;
    client.ask("LHLO mx.example.org").await;
    client.ask("STARTTLS").await;
    client.say("LHLO clear\r\nMAIL FROM:<a@b>\r\n").await;
    let said = client.rest_of_bytes().await;
    assert!(!said.windows(3).any(|three| three == b"250"), "{said:?}");
}
