//! Keys from an LDAP directory: OpenLDAP's own server on this machine, with certificates that OpenSSL made.

use crate::{
    ANNA, MAIL,
    door::wire,
    has,
    house::House,
    must_hold, now,
    openssl::{Made, P256, opened},
    run,
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use wehr::{
    doors::directory::{Directory, Settings, ldap},
    judge::policy::encryption::sealing::Seal,
    limits,
    mail::address::Address,
    seal::keyring::{Key, Reason},
    telemetry::metrics::Metrics,
    world::World,
};

const SLAPD: &str = "/usr/sbin/slapd";
const CONFIG: &str = "include /etc/ldap/schema/core.schema\n\
    include /etc/ldap/schema/cosine.schema\n\
    include /etc/ldap/schema/inetorgperson.schema\n\
    attributetype ( 1.3.6.1.4.1.3401.8.2.11 NAME 'pgpKey' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )\n\
    objectclass ( 1.3.6.1.4.1.3401.8.2.23 NAME 'pgpKeyInfo' SUP top AUXILIARY MAY pgpKey )\n\
    modulepath /usr/lib/ldap\nmoduleload back_mdb\n\
    TLSCertificateFile FOLDER/server.pem\nTLSCertificateKeyFile FOLDER/server.key\n\
    database mdb\nsuffix dc=school,dc=example\ndirectory FOLDER/data\n\
    rootdn cn=admin,dc=school,dc=example\nrootpw secret\n\
    access to attrs=userCertificate,pgpKey by dn.exact=cn=admin,dc=school,dc=example read by READER read by * none\n\
    access to * by * read\n";

/// The server; it ends with this.
struct Slapd {
    child: Child,
    folder: TempDir,
    plain: u16,
    tls: u16,
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Slapd {
    /// Serves these entries; `reader` may read keys beside the administrator.
    fn new(entries: &str, reader: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("data")).unwrap();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        fs::write(path("server.pem"), cert.pem()).unwrap();
        fs::write(path("server.key"), signing_key.serialize_pem()).unwrap();
        let config = CONFIG.replace("FOLDER", &folder.path().display().to_string()).replace("READER", reader);
        fs::write(path("slapd.conf"), config).unwrap();
        let root = "dn: dc=school,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: School\ndc: school\n\n\
                    dn: ou=people,dc=school,dc=example\nobjectClass: organizationalUnit\nou: people\n\n";
        run(
            Command::new(SLAPD).args(["-T", "add", "-f"]).arg(path("slapd.conf")),
            format!("{root}{entries}").as_bytes(),
        );
        let (plain, tls) = (free_port(), free_port());
        let socket = path("ldapi").display().to_string().replace('/', "%2F");
        let places = format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls} ldapi://{socket}");
        let mut command = Command::new(SLAPD);
        command.args(["-d", "0", "-h", &places, "-f"]).arg(path("slapd.conf"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", tls)).is_err() || UnixStream::connect(path("ldapi")).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "slapd does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, folder, plain, tls }
    }

    fn settings(&self, url: &str) -> ldap::Settings {
        let socket = self.folder.path().join("ldapi").display().to_string().replace('/', "%2F");
        let url = url.replace("PLAIN", &self.plain.to_string()).replace("TLS", &self.tls.to_string());
        let authorities = Some(self.folder.path().join("server.pem"));
        ldap::Settings { place: url.replace("SOCKET", &socket).parse().unwrap(), authorities, user: None }
    }

    fn password(&self, text: &str) -> PathBuf {
        let file = self.folder.path().join("password");
        fs::write(&file, text).unwrap();
        file
    }
}

/// An entry with attributes that hold these octets.
fn entry(name: &str, mail: &str, attributes: &[(&str, Vec<u8>)]) -> String {
    let classes = "objectClass: inetOrgPerson\nobjectClass: pgpKeyInfo\n";
    let mut text =
        format!("dn: cn={name},ou=people,dc=school,dc=example\n{classes}cn: {name}\nsn: {name}\nmail: {mail}\n");
    for (attribute, octets) in attributes {
        let mut lines = Vec::new();
        wehr::seal::base64::lines(octets, &mut lines);
        let value = String::from_utf8(lines).unwrap().replace("\r\n", "");
        text.extend([attribute, ":: ", &value, "\n"]);
    }
    text + "\n"
}

fn der(certificate: &Path) -> Vec<u8> {
    run(Command::new("openssl").args(["x509", "-outform", "DER", "-in"]).arg(certificate), b"")
}

fn directory(ldap: ldap::Settings) -> (Arc<Directory>, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new().unwrap());
    let world: Arc<dyn World> = Arc::clone(House::with_maildir(|_| ()).desk.world());
    let settings = Settings { ldap: Some(ldap), ..Settings::default() };
    (Arc::new(Directory::new(&settings, &world, Arc::clone(&metrics)).unwrap()), metrics)
}

async fn find(directory: &Directory, address: &str) -> Result<Arc<Key>, Reason> {
    directory.find(&Address::new(address), Seal::Any, now()).await
}

fn has_all() -> bool {
    has("openssl") && has(SLAPD)
}

#[tokio::test]
async fn a_mail_is_sealed_to_a_certificate_of_the_directory() {
    if !has_all() {
        return;
    }
    let made = Made::new();
    let (certificate, key) = made.make(P256, &["subjectAltName=email:anna@school.example"]);
    let annas = entry("Anna", "Anna@School.example", &[("userCertificate;binary", der(&certificate))]);
    let slapd = Slapd::new(&annas, "anonymous");
    let (directory, metrics) = directory(slapd.settings("ldaps://127.0.0.1:TLS/dc=school,dc=example"));
    let house = House::with_maildir(|_| ()).demanding("[[class]]\nname = 'sealed'\nseal = 'any'\n");
    house.desk.ask_for_keys(Some(directory));
    let mut client = house.local();
    client.envelope(&["anna+tag@school.example", "*@school.example"]).await;
    client.ask("DATA").await;
    client.say(wire(MAIL)).await;
    assert_eq!(client.codes(2).await, [250, 451], "an address is no pattern");
    let found = house.delivered();
    assert_eq!(found.len(), 1);
    must_hold(&opened(found[0].1.as_bytes(), &certificate, &key), &format!("{MAIL}\r\n"));
    let told = metrics.render().unwrap();
    assert!(told.contains("wehr_key_lookups_total{outcome=\"found\",source=\"ldap\"} 1"), "{told}");
    assert!(told.contains("wehr_key_lookups_total{outcome=\"absent\",source=\"ldap\"} 1"), "{told}");
}

/// Every way to the directory, and what is not a way.
#[tokio::test]
async fn a_directory_is_reached_under_tls_or_on_this_machine() {
    if !has_all() {
        return;
    }
    let made = Made::new();
    let (certificate, _) = made.make(P256, &["subjectAltName=email:anna@school.example"]);
    let slapd = Slapd::new(&entry("Anna", ANNA, &[("userCertificate;binary", der(&certificate))]), "anonymous");
    let base = "ou=people,dc=school,dc=example";
    for scheme in
        ["ldaps://localhost:TLS", "ldap+starttls://127.0.0.1:PLAIN", "ldap://127.0.0.1:PLAIN", "ldapi://SOCKET"]
    {
        let (directory, _) = directory(slapd.settings(&format!("{scheme}/{base}")));
        assert!(find(&directory, ANNA).await.is_ok(), "{scheme}");
    }
    let mut stranger = slapd.settings("ldaps://127.0.0.1:TLS/dc=school,dc=example");
    stranger.authorities = None;
    let below = slapd.settings("ldap://127.0.0.1:PLAIN/ou=nowhere,dc=school,dc=example");
    let no_tls = slapd.settings("ldaps://127.0.0.1:PLAIN/dc=school,dc=example");
    for settings in [stranger, below, no_tls] {
        let (directory, metrics) = directory(settings.clone());
        let began = Instant::now();
        assert_eq!(find(&directory, ANNA).await.map(drop), Err(Reason::Unanswered), "{settings:?}");
        assert!(began.elapsed() < limits::KEY_SECONDS_MAX + Duration::from_secs(2));
        assert!(metrics.render().unwrap().contains("wehr_key_lookups_total{outcome=\"failed\",source=\"ldap\"} 1"));
    }
}

#[tokio::test]
async fn a_login_counts() {
    if !has_all() {
        return;
    }
    let made = Made::new();
    let (certificate, _) = made.make(P256, &["subjectAltName=email:anna@school.example"]);
    let annas = entry("Anna", ANNA, &[("userCertificate;binary", der(&certificate))]);
    let slapd = Slapd::new(&annas, "dn.exact=cn=other,dc=school,dc=example");
    for (user, wanted) in [(None, None), (Some("secret\n"), Some(true)), (Some("wrong"), Some(false))] {
        let mut settings = slapd.settings("ldaps://127.0.0.1:TLS/dc=school,dc=example");
        settings.user = user.map(|password| ("cn=admin,dc=school,dc=example".to_owned(), slapd.password(password)));
        let (directory, metrics) = directory(settings);
        assert_eq!(find(&directory, ANNA).await.is_ok(), wanted == Some(true), "{user:?}");
        let outcome = match wanted {
            None => "absent",
            Some(true) => "found",
            Some(false) => "failed",
        };
        let told = metrics.render().unwrap();
        assert!(
            told.contains(&format!("wehr_key_lookups_total{{outcome=\"{outcome}\",source=\"ldap\"}} 1")),
            "{user:?}"
        );
    }
    let empty = ldap::Settings {
        user: Some(("cn=admin,dc=school,dc=example".to_owned(), slapd.password("\n"))),
        ..slapd.settings("ldaps://127.0.0.1:TLS/dc=school,dc=example")
    };
    assert!(ldap::Ldap::new(&empty).is_err_and(|what| what.contains("holds no password")));
}

/// What an entry holds is looked at as a file is.
#[tokio::test]
async fn what_an_entry_holds_is_looked_at_as_a_file_is() {
    if !has_all() {
        return;
    }
    let made = Made::new();
    let berts = der(&made.make(P256, &["subjectAltName=email:bert@school.example"]).0);
    let annas = der(&made.make(P256, &["subjectAltName=email:anna@school.example"]).0);
    let signs = ["subjectAltName=email:cara@school.example", "keyUsage=digitalSignature"];
    let caras = der(&made.make(P256, &signs).0);
    let certificate = "userCertificate;binary";
    let entries = [
        // Of several that which can be used.
        entry("Anna", ANNA, &[(certificate, berts.clone()), (certificate, annas)]),
        entry("Dora", "dora@school.example", &[(certificate, berts)]),
        entry("Cara", "cara@school.example", &[(certificate, caras)]),
        entry("Emil", "emil@school.example", &[("pgpKey", b"no key".to_vec())]),
        entry("Fritz", "fritz@school.example", &[]),
    ];
    let slapd = Slapd::new(&entries.concat(), "anonymous");
    let (directory, _) = directory(slapd.settings("ldapi://SOCKET/dc=school,dc=example"));
    for (address, wanted) in [
        (ANNA, Ok(())),
        ("dora@school.example", Err(Reason::Address)),
        ("cara@school.example", Err(Reason::Usage)),
        ("fritz@school.example", Err(Reason::Missing)),
        ("nobody@school.example", Err(Reason::Missing)),
    ] {
        assert_eq!(find(&directory, address).await.map(drop), wanted, "{address}");
    }
    assert!(find(&directory, "emil@school.example").await.is_err());
}

#[cfg(feature = "openpgp")]
#[tokio::test]
async fn an_openpgp_key_may_stand_in_an_entry() {
    if !has_all() || !has("gpg") {
        return;
    }
    let gpg = crate::gnupg::Gpg::new();
    gpg.make("Anna <anna@school.example>", "default", "", "30d");
    let slapd = Slapd::new(&entry("Anna", ANNA, &[("pgpKey", gpg.export())]), "anonymous");
    let (directory, _) = directory(slapd.settings("ldapi://SOCKET/dc=school,dc=example"));
    assert!(matches!(*find(&directory, ANNA).await.unwrap(), Key::OpenPgp(_)));
}
