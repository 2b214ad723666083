//! The operator's policy files: classes of recipients, what must arrive encrypted, and whether that can be kept.
//!
//! Reads files.

use super::{Destination, Settings};
use crate::{
    doors::private::is_open,
    judge::{
        document::{Complaint, Errors, Position, unknown},
        findings::Symbol,
        policy::{
            classes::{self, Classes, subjects::Subjects},
            encryption::{self, At, Encryption},
            senders::{self, Senders},
        },
        rulebook::Rulebook,
        rules::Rule,
    },
    limits,
    mail::transport::Level,
    web::tokens::Tokens,
    world::place::Place,
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What each class of recipients takes; without a file what is built in.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn classes(path: Option<&Path>) -> Result<Classes, Errors> {
    path.map_or_else(|| Ok(Classes::embedded()), |path| read(path, classes::read::read))
}

/// The same book with the subjects of a file; there are none while it is not there.
///
/// # Errors
/// When it cannot be read, or names a class that there is not.
pub fn with_subjects(rulebook: Rulebook, path: Option<&Path>) -> Result<Rulebook, Errors> {
    let Some(path) = path.filter(|path| path.exists()) else { return Ok(rulebook) };
    let told = |what: String| Errors::whole_file(&path.display().to_string(), what);
    let text = super::read::bounded(path, limits::SUBJECTS_BYTES_MAX);
    let text = text.map_err(|error| told(format!("cannot read it: {error}")))?;
    let subjects = Subjects::read(&text).map_err(told)?;
    rulebook.with_subjects(Arc::new(subjects)).map_err(told)
}

/// What must arrive encrypted; without a file nobody demands anything.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn encryption(path: Option<&Path>) -> Result<Encryption, Errors> {
    path.map_or_else(|| Ok(Encryption::embedded()), |path| read(path, encryption::read::read))
}

/// What senders have to bear; without a file nothing.
///
/// # Errors
/// Everything that is wrong with the file, lists whose symbol has no rule, and lists that nobody could be asked for.
pub fn senders(settings: &Settings, rules: &BTreeMap<Symbol, Rule>) -> Result<Senders, Errors> {
    let Some(path) = settings.senders_file.as_deref() else { return Ok(Senders::default()) };
    let (senders, file) = (read(path, senders::read::read)?, path.display().to_string());
    if !senders.dns_lists.is_empty() && settings.resolvers.is_empty() {
        return Err(Errors::whole_file(&file, "dns_list needs dns.resolvers: without name servers nobody is asked"));
    }
    match senders.dns_lists.iter().find(|list| !rules.contains_key(&list.symbol)) {
        Some(list) => {
            let what = unknown("symbol", list.symbol.as_str(), rules.keys().map(Symbol::as_str));
            Err(Errors::whole_file(&file, what + "; a rule without conditions makes it known"))
        }
        None => Ok(senders),
    }
}

/// What the file about senders says, whatever rules there are; nothing where it cannot be read.
#[must_use]
pub fn plain_senders(settings: &Settings) -> Senders {
    settings.senders_file.as_deref().and_then(|path| read(path, senders::read::read).ok()).unwrap_or_default()
}

/// A file with a secret: readable for us, and for nobody else.
///
/// # Errors
/// What is wrong with it, and what to do.
pub fn secret(path: &Path) -> Result<PathBuf, String> {
    let shown = path.display();
    let found = fs::File::open(path).and_then(|file| file.metadata());
    match found {
        Ok(found) if !found.is_file() => Err(format!("{shown} is not a readable file")),
        Ok(found) if is_open(&found) => {
            Err(format!("{shown} holds a secret that others can read; say chmod 600 {shown}"))
        }
        Ok(_) => Ok(path.to_owned()),
        Err(_) => Err(format!("{shown} is not a readable file")),
    }
}

/// Who may use the admin API.
///
/// # Errors
/// What is wrong with the file, at its line.
pub fn tokens(path: &Path) -> Result<Tokens, Complaint> {
    let file = path.display().to_string();
    let complaint = |line, what: String| {
        let position = Position { file: file.clone(), line, column: 1 };
        Complaint { position, what }
    };
    let size = fs::metadata(path).map_or(0, |found| found.len());
    if size > limits::ADMIN_TOKENS_BYTES_MAX {
        return Err(complaint(1, "too large for a file of tokens; a line is NAME ROLE SHA256".to_owned()));
    }
    let text = fs::read_to_string(path).map_err(|error| complaint(1, format!("cannot be read: {error}")))?;
    Tokens::parse(&text).map_err(|(line, what)| complaint(line, what))
}

/// Can every demand be met with these settings? A policy that cannot be kept is an error, not a surprise.
///
/// # Errors
/// Each demand that cannot be kept, with what to do.
pub fn prove(settings: &Settings, encryption: &Encryption) -> Result<(), Errors> {
    let mut wrong: Vec<Complaint> = Vec::new();
    let mut complain = |at: &At, what: String| wrong.push(Complaint { position: at.position(), what });
    let is_blind = settings.milter_listen.is_empty()
        && !settings.lmtp_listen.is_empty()
        && settings.lmtp_trusted_peers.is_empty()
        && settings.lmtp_listen.iter().all(|place| matches!(place, Place::Tcp(_)));
    if encryption.is_demanding() && is_blind {
        let at = demands(encryption).find(|(level, _)| *level > Level::None).map(|(_, at)| at);
        complain(
            at.unwrap_or(&encryption.downgrade_at),
            "demands encrypted transport, and no peer of the LMTP door may tell how mail came; name the mail server in \
             lmtp.trusted_peers"
                .to_owned(),
        );
    }
    for (_, at) in demands(encryption).filter(|(level, _)| *level == Level::Dane && settings.milter_listen.is_empty()) {
        let what = "demands dane, which only a mail server at the milter door can tell; write verified";
        complain(at, what.to_owned());
    }
    for alias in &encryption.aliases {
        for domain in [&alias.domain, &alias.mailbox] {
            if !settings.own_domains.contains(domain) {
                let what = format!("the secure alias names {domain}, which is not in own_domains; add it there");
                complain(&alias.at, what);
            }
        }
    }
    if encryption.downgrade.is_some() && settings.resolvers.is_empty() {
        complain(
            &encryption.downgrade_at,
            "downgrade needs dns.resolvers: without name servers no sender is authenticated, and none remembered"
                .to_owned(),
        );
    }
    let is_secured = matches!(settings.deliver_to, Destination::Tcp { tls: Some(_), .. });
    if settings.deliver_keys.is_some() && !is_secured {
        let what = "deliver.certificate is shown under TLS only; write lmtps: or lmtp+starttls: in deliver.to";
        return Err(Errors::whole_file("wehr.toml", what));
    }
    wrong.sort();
    wrong.dedup();
    if wrong.is_empty() { Ok(()) } else { Err(Errors(wrong)) }
}

/// Every demand on transport, with its place.
fn demands(encryption: &Encryption) -> impl Iterator<Item = (Level, &At)> {
    let classes = encryption.classes.iter().map(|class| (class.transport, &class.at));
    let partners = encryption.partners.iter().map(|partner| (partner.transport, &partner.at));
    classes.chain(partners).chain(encryption.aliases.iter().map(|alias| (alias.transport, &alias.at)))
}

fn read<T>(path: &Path, parse: impl Fn(&str, &str) -> Result<T, Errors>) -> Result<T, Errors> {
    let file = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| Errors::whole_file(&file, format!("cannot read it: {error}")))?;
    parse(&file, &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::address::Domain;
    use std::os::unix::fs::PermissionsExt;

    fn wrong(settings: &Settings, text: &str) -> String {
        let policy = encryption::read::read("e.toml", text).unwrap();
        prove(settings, &policy).err().map(|errors| errors.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_policy_that_cannot_be_kept_is_an_error() {
        let mut settings = Settings::load(None).unwrap();
        let class = "[[class]]\nname = 'a'\ntransport = 'dane'\n";
        assert_eq!(wrong(&settings, class), "");
        settings.milter_listen.clear();
        assert!(wrong(&settings, class).contains("write verified"));
        settings.lmtp_trusted_peers.clear();
        assert!(wrong(&settings, class).contains("lmtp.trusted_peers"));
        let later = format!("link = 'https://a.example'\n\n{class}");
        assert!(
            wrong(&settings, &later).lines().all(|line| line.starts_with("e.toml:3:1: ")),
            "{}",
            wrong(&settings, &later)
        );
        let alias = "[[secure_alias]]\ndomain = 's.a.example'\nmailbox = 'a.example'\n";
        settings = Settings::load(None).unwrap();
        assert!(wrong(&settings, alias).contains("s.a.example, which is not in own_domains"));
        settings.own_domains = ["a.example", "s.a.example"].iter().filter_map(|name| Domain::parse(name)).collect();
        assert_eq!(wrong(&settings, alias), "");
        assert!(wrong(&settings, "downgrade = 'tag'\n").contains("dns.resolvers"));
    }

    #[test]
    fn a_list_needs_name_servers_and_a_rule() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("senders.toml");
        let mut settings = Settings::load(None).unwrap();
        let table = settings.rulebook().unwrap().rules.table;
        assert_eq!(senders(&settings, &table), Ok(Senders::default()));
        settings.senders_file = Some(path.clone());
        fs::write(&path, "[[dns_list]]\nzone = 'bl.example'\nkind = 'client'\nsymbol = 'DNS_LIST_KLIENT'\n").unwrap();
        assert!(senders(&settings, &table).unwrap_err().to_string().contains("dns.resolvers"));
        settings.resolvers = vec!["127.0.0.1:53".parse().unwrap()];
        assert!(senders(&settings, &table).unwrap_err().to_string().contains("DNS_LIST_CLIENT"));
        fs::write(&path, "[[dns_list]]\nzone = 'bl.example'\nkind = 'client'\n").unwrap();
        assert_eq!(senders(&settings, &table).unwrap().dns_lists.len(), 1);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key.pem");
        assert!(secret(&key).unwrap_err().contains("not a readable file"));
        fs::write(&key, "x").unwrap();
        for (mode, is_fine) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(secret(&key).is_ok(), is_fine, "{mode:o}");
        }
        assert!(secret(&key).unwrap_err().contains("chmod 600"));
    }
}
