//! The configuration against the contract, and every error at its place.

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn errors(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let errors = Settings::load(Some(&folder.path().join("wehr.toml"))).unwrap_err().to_string();
    errors.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let settings = Settings::load(None).unwrap();
    assert_eq!(settings.milter_listen, ["127.0.0.1:8894".parse().unwrap()]);
    assert_eq!(settings.lmtp_listen, ["127.0.0.1:8024".parse().unwrap()]);
    assert_eq!(settings.http_listen, ["127.0.0.1:8080".parse().unwrap()]);
    assert_eq!(settings.deliver_to, Destination::Maildir("wehr-data/maildir".into()));
    assert!(settings.resolvers.is_empty() && settings.clamd.is_none(), "nobody outside is asked");
    assert_eq!(settings.thresholds, Thresholds::default());
    assert_eq!(settings.message_bytes_max, crate::limits::MESSAGE_BYTES_MAX);
    assert_eq!(settings.spool_memory_bytes_max, crate::limits::SPOOL_MEMORY_BYTES_MAX);
    assert_eq!(settings.connections_max, crate::limits::CONNECTIONS_MAX);
    assert!(!settings.authserv_id.is_empty());
    let rulebook = settings.rulebook().unwrap();
    assert_eq!(rulebook.digest.len(), 64);
    assert_eq!(rulebook.digest, Settings::load(None).unwrap().rulebook().unwrap().digest);
}

#[test]
fn a_file_is_read_with_its_includes() {
    let files = folder(&[
        (
            "wehr.toml",
            "include = 'more.toml'\nauthserv_id = 'mx.school.example'\n[lmtp]\nlisten = 'unix:/run/wehr/lmtp'\n\
             trusted_peers = ['192.0.2.0/24']\n[policy]\ntag = 5.5\nactions = { VIRUS = 'quarantine' }\n",
        ),
        (
            "more.toml",
            "[dns]\nresolvers = ['192.0.2.53', '[2001:db8::53]:5353']\n[deliver]\nto = 'maildir:box'\n[clamd]\naddress = 'unix:clamd.ctl'\n",
        ),
    ]);
    let settings = Settings::load(Some(&files.path().join("wehr.toml"))).unwrap();
    assert_eq!(settings.lmtp_listen, [Place::Unix("/run/wehr/lmtp".into())]);
    assert_eq!(settings.resolvers, ["192.0.2.53:53".parse().unwrap(), "[2001:db8::53]:5353".parse().unwrap()]);
    assert_eq!(settings.clamd, Some(Place::Unix(files.path().join("clamd.ctl"))));
    assert_eq!(settings.deliver_to, Destination::Maildir(files.path().join("box")));
    assert_eq!(settings.thresholds.tag, Score::from_hundredths(550));
    let rulebook = settings.rulebook().unwrap();
    assert_eq!(rulebook.least_action(&Symbol::named("VIRUS")), Action::Quarantine);
    assert_ne!(rulebook.digest, Settings::load(None).unwrap().rulebook().unwrap().digest);
}

#[test]
fn every_error_has_its_place() {
    let told = errors(&[
        (
            "wehr.toml",
            "include = ['more.toml', 'gone.toml']\nauthserv = 'x'\n[milter]\nlisen = '127.0.0.1:1'\n[http]\n\
             listen = 8080\n[policy]\ntag = 1.234\nresolvers = []\n",
        ),
        ("more.toml", "[policy]\ntag = 2\n"),
    ]);
    for wanted in [
        "wehr.toml:1:25: cannot read gone.toml: No such file",
        "wehr.toml:2:1: unknown key `authserv`; did you mean `authserv_id`?",
        "wehr.toml:4:1: unknown key of [milter] `lisen`; did you mean `listen`?",
        "wehr.toml:6:10: a string or a list of strings is needed here, not a number",
        "wehr.toml:8:7: `1.234` is not a score",
        "wehr.toml:9:1: unknown key of [policy] `resolvers`; did you mean `dns.resolvers`?",
        "more.toml:2:1: `policy.tag` is set already, at wehr.toml:8:1; keep one of them",
    ] {
        assert!(told.contains(wanted), "missing {wanted} in\n{told}");
    }
}

#[test]
fn values_that_do_not_fit_are_told() {
    let text = "own_domains = 'a..b'\n[milter]\nlisten = ['127.0.0.1']\n[lmtp]\ncertificate = 'no.pem'\n[deliver]\n\
                to = 'smtp:x:1'\n[dns]\nresolvers = 'ns.example'\n[policy]\ntag = 20\n[limits]\nmessage_bytes_max = 3\n";
    let told = errors(&[("wehr.toml", text)]);
    for wanted in [
        "wehr.toml:1:15: own_domains: `a..b` is no domain name",
        "wehr.toml:3:11: milter.listen: `127.0.0.1` is neither",
        "no.pem is not a readable file",
        "wehr.toml:5:1: lmtp.certificate needs lmtp.key beside it",
        "wehr.toml:7:6: deliver.to: `smtp:x:1` is no mailstore",
        "wehr.toml:9:13: dns.resolvers: `ns.example` is no name server",
        "wehr.toml:11:7: policy.tag: 20.00 is above the next threshold (10.00)",
        "wehr.toml:13:21: limits.message_bytes_max: `3` is too small",
    ] {
        assert!(told.contains(wanted), "missing {wanted} in\n{told}");
    }
}

#[test]
fn a_file_that_includes_itself_ends() {
    let told = errors(&[("wehr.toml", "include = 'wehr.toml'\n")]);
    assert!(told.contains("wehr.toml:1:11: wehr.toml is included twice"), "{told}");
}

#[test]
fn an_action_for_no_symbol_is_told() {
    let files = folder(&[("wehr.toml", "[policy.actions]\nVIRUSS = 'tag'\n")]);
    let settings = Settings::load(Some(&files.path().join("wehr.toml"))).unwrap();
    let told = settings.rulebook().unwrap_err().to_string();
    assert!(told.ends_with("wehr.toml:2:1: unknown symbol `VIRUSS`; did you mean `VIRUS`?"), "{told}");
}

#[test]
fn a_key_is_explained() {
    let files = folder(&[("wehr.toml", "[http]\nlisten = '127.0.0.1:9090'\n")]);
    let path = files.path().join("wehr.toml");
    let values = Values::gather(&path).unwrap();
    let told = explain::explain(&values, keys::find("http.listen").unwrap());
    assert_eq!(told.value, r#"["127.0.0.1:9090"]"#);
    assert_eq!(told.origin, format!("{}:2:1", path.display()));
    assert_eq!(told.default, r#"["127.0.0.1:8080"]"#);
    assert_eq!(explain::explain(&values, keys::find("policy.tag").unwrap()).origin, "default");
}

#[test]
fn mailstores_are_spelled_in_six_ways() {
    let tcp = |host: &str, port, tls| Destination::Tcp { host: host.to_owned(), port, tls };
    let parse = |text: &str| text.parse::<Destination>().unwrap();
    assert_eq!(parse("lmtp:[::1]:24"), tcp("::1", 24, None));
    assert_eq!(parse("lmtps:store.example:24"), tcp("store.example", 24, Some(TlsStart::Immediate)));
    assert_eq!(parse("lmtp+starttls:store.example:24"), tcp("store.example", 24, Some(TlsStart::StartTls)));
    assert_eq!(parse("lmtp+unix:/run/l"), parse("unix:/run/l"));
    for wrong in ["", "maildir:", "lmtp:host", "lmtp::24", "lmtp:h:0", "/var/mail"] {
        assert!(wrong.parse::<Destination>().is_err(), "{wrong}");
    }
}
