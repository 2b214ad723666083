//! From the values of a configuration file to settings: what does not fit is noted with its place, and all of it is told.
//!
//! Looks whether files are there.

use super::{
    Destination, KeyPair, Settings, beside, egress,
    hardening::{Hardening, Wanted},
    host_name, policy,
    read::{Entry, Item, Values},
};
use crate::{
    doors::{log_keys, quarantine, record},
    judge::{
        document::{Complaint, Position},
        findings::Score,
        policy::verdict::Action,
        rulebook::Thresholds,
    },
    mail::{address::Domain, network::Network},
    web::tokens::Tokens,
    world::{place::Place, store::Site},
};
use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

/// Values being typed; what does not fit is noted.
pub struct Typing<'a> {
    pub values: &'a Values,
    pub complaints: Vec<Complaint>,
}

impl Typing<'_> {
    /// Everything that is configured, if all of it fits.
    pub fn settings(&mut self) -> Option<Settings> {
        let authserv_id = self.optional("authserv_id", authserv_id);
        let deliver_to = self.destination();
        let state = self.state();
        let clamd_stream_bytes_max = self.count("clamd.stream_bytes_max", 1);
        let is_egress_denied = self.one("egress.mode", is_denied);
        let thresholds = self.thresholds();
        let quarantine = self.quarantine();
        let hardening = self.hardening();
        let log = self.log(state.as_ref(), quarantine.as_ref());
        let host = authserv_id.clone().unwrap_or_else(host_name);
        let digest = quarantine.as_ref().and_then(|aside| self.digest(&aside.folder, &host));
        let message_bytes_max = self.count("limits.message_bytes_max", 65536);
        let spool_memory_bytes_max = self.count("limits.spool_memory_bytes_max", 4096);
        let connections_max = self.count("limits.connections_max", 1);
        let (admin_tokens_file, admin_tokens) = self.admin_tokens().unzip();
        Some(Settings {
            // First what cannot end the reading, so that every error is told.
            own_domains: self.each("own_domains", domain),
            milter_listen: self.places("milter.listen"),
            lmtp_listen: self.places("lmtp.listen"),
            lmtp_trusted_peers: self.each("lmtp.trusted_peers", Network::from_str),
            lmtp_keys: self.key_pair("lmtp.certificate", "lmtp.key"),
            deliver_server_name: self.optional("deliver.server_name", |text| Ok(text.to_owned())),
            deliver_authorities: self.file("deliver.authorities"),
            deliver_keys: self.key_pair("deliver.certificate", "deliver.key"),
            http_listen: self.each("http.listen", tcp),
            clamd: self.places("clamd.address").pop(),
            resolvers: self.each("dns.resolvers", resolver),
            trusted_sealers: self.each("auth.trusted_sealers", domain),
            egress_allowed: self.each("egress.allowed", egress::Allowed::from_str),
            rules_dir: self
                .existing("rules.dir", "a readable folder or compiled file", |path| fs::metadata(path).is_ok()),
            model_file: self.existing("learn.model", "a readable file", Path::is_file),
            recipients_file: self.existing("policy.recipients", "a readable file", Path::is_file),
            subjects_file: self.may_come("policy.subjects"),
            record: self.record(),
            encryption_anchors: self.file("encryption.anchors"),
            encryption_keys: self.existing("encryption.keys", "a readable folder", Path::is_dir),
            encryption_file: self.existing("policy.encryption", "a readable file", Path::is_file),
            senders_file: self.existing("policy.senders", "a readable file", Path::is_file),
            directories: self.directories(),
            recipient_keys: self.existing("encryption.recipient_keys", "a readable folder", Path::is_dir),
            actions: self.actions(),
            check_listen: self.places("http.check_listen"),
            spamd_listen: self.places("spamd.listen"),
            admin_listen: self.each("http.admin_listen", tcp),
            admin_tokens,
            admin_tokens_file,
            mailbox_listen: self.each("http.mailbox_listen", tcp),
            authserv_id: host,
            deliver_to: deliver_to?,
            state: state?,
            clamd_stream_bytes_max: clamd_stream_bytes_max?,
            is_egress_denied: is_egress_denied?,
            thresholds: thresholds?,
            quarantine: quarantine?,
            log: log?,
            hardening: hardening?,
            included: self.values.files.clone(),
            digest,
            message_bytes_max: message_bytes_max?,
            spool_memory_bytes_max: spool_memory_bytes_max?,
            connections_max: connections_max?,
        })
    }

    /// Notes every destination that a configuration which denies egress does not list.
    pub fn deny_egress(&mut self, settings: &Settings) {
        for (contact, what) in egress::objections(settings) {
            let items = &self.values.entry(contact.key).items;
            let position = items.get(contact.item).map(|item| item.position.clone());
            self.complain(&position.unwrap_or_else(|| no_position(contact.key)), what);
        }
    }

    pub(super) fn complain(&mut self, position: &Position, what: impl Into<String>) {
        self.complaints.push(Complaint { position: position.clone(), what: what.into() });
    }

    /// Types every item of a value.
    pub(super) fn each<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let mut typed = Vec::new();
        for Item { text, position } in &self.values.entry(key).items {
            match parse(text) {
                Ok(value) => typed.push(value),
                Err(what) => self.complain(position, format!("{key}: {what}")),
            }
        }
        typed
    }

    /// Places of sockets; empty ones are left out. A relative unix path counts as `path` says.
    fn places(&mut self, key: &str) -> Vec<Place> {
        let base = base(self.values.entry(key));
        let places = self.each(key, |text| {
            if text.is_empty() {
                return Ok(None);
            }
            Ok(Some(match Place::from_str(text)? {
                Place::Unix(path) => Place::Unix(base.join(path)),
                tcp @ Place::Tcp(_) => tcp,
            }))
        });
        places.into_iter().flatten().collect()
    }

    /// Types a value of one item.
    pub(super) fn one<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.each(key, parse).pop()
    }

    /// Types a value that may be left empty.
    pub(super) fn optional<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.one(key, |text| if text.is_empty() { Ok(None) } else { parse(text).map(Some) }).flatten()
    }

    pub(super) fn count(&mut self, key: &str, least: usize) -> Option<usize> {
        self.one(key, |text| {
            let count = text.parse().map_err(|_| format!("`{text}` is too large"))?;
            if count < least { Err(format!("`{count}` is too small, at least {least} is needed")) } else { Ok(count) }
        })
    }

    /// A path; a relative one counts from the folder of the file that says it, a default from the working folder.
    fn path(&mut self, key: &str) -> Option<PathBuf> {
        let base = base(self.values.entry(key));
        self.one(key, |text| if text.is_empty() { Err("a path is needed".to_owned()) } else { Ok(base.join(text)) })
    }

    /// A file that has to be there, if one is named.
    pub(super) fn file(&mut self, key: &str) -> Option<PathBuf> {
        self.existing(key, "a readable file", |path| fs::File::open(path).is_ok_and(|_| path.is_file()))
    }

    fn existing(&mut self, key: &str, kind: &str, is_there: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let base = base(self.values.entry(key));
        self.optional(key, |text| {
            let path = base.join(text);
            if is_there(&path) { Ok(path) } else { Err(format!("{} is not {kind}", path.display())) }
        })
    }

    /// A file that is made when it is needed, in a folder that is there.
    fn may_come(&mut self, key: &str) -> Option<PathBuf> {
        let base = base(self.values.entry(key));
        self.optional(key, |text| {
            let path = base.join(text);
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let is_there = folder.is_none_or(Path::is_dir) && !path.is_dir();
            if is_there { Ok(path) } else { Err(format!("{} can be no file: its folder is needed", path.display())) }
        })
    }

    fn destination(&mut self) -> Option<Destination> {
        let base = base(self.values.entry("deliver.to"));
        let destination = self.one("deliver.to", Destination::from_str)?;
        Some(match destination {
            Destination::Maildir(path) => Destination::Maildir(base.join(path)),
            Destination::Unix(path) => Destination::Unix(base.join(path)),
            tcp @ Destination::Tcp { .. } => tcp,
        })
    }

    fn state(&mut self) -> Option<Site> {
        let base = base(self.values.entry("state.url"));
        let site = self.one("state.url", |text| Site::parse(text, &base))?;
        let ca = self.file("state.ca");
        let site = site.trusting(ca);
        self.one("state.ca", |_| site.open().map(drop).map_err(|trouble| trouble.to_string()))?;
        Some(site)
    }

    fn thresholds(&mut self) -> Option<Thresholds> {
        let mut score = |key| self.one(key, |text| Score::from_str(text).map_err(|()| format!("`{text}` is no score")));
        let (tag, quarantine, reject) = (score("policy.tag")?, score("policy.quarantine")?, score("policy.reject")?);
        let pairs = [("policy.tag", tag, quarantine), ("policy.quarantine", quarantine, reject)];
        for (key, milder, severer) in pairs {
            if milder > severer {
                let position = self.values.entry(key).items.first().map(|item| item.position.clone());
                let what =
                    format!("{key}: {milder} is above the next threshold ({severer}), so that it would never count");
                self.complain(&position.unwrap_or_else(|| no_position(key)), what);
            }
        }
        Some(Thresholds { tag, quarantine, reject })
    }

    /// What is recorded; `None` where nothing is, or where something about it is wrong.
    fn record(&mut self) -> Option<record::Settings> {
        let base = base(self.values.entry("record.folder"));
        let folder = self.optional("record.folder", |text| Ok(base.join(text)));
        let consents = self.each("record.recipients", record::Consent::from_str);
        let sample = self.one("record.sample", |text| {
            let share = Score::from_str(text).ok().and_then(|share| u32::try_from(share.hundredths()).ok());
            share.filter(|share| *share <= 100).map(|share| share * 100).ok_or_else(|| "not from 0 to 1".to_owned())
        })?;
        let bytes_max = u64::try_from(self.count("record.bytes_max", 1)?).unwrap_or(u64::MAX);
        let days = u64::try_from(self.count("record.keep_days", 1)?).unwrap_or(u64::MAX);
        let keep = Duration::from_secs(days.saturating_mul(24 * 60 * 60));
        let folder = folder?;
        if consents.is_empty() && self.values.entry("record.recipients").items.is_empty() {
            let position = self.values.entry("record.folder").origin.clone();
            let position = position.unwrap_or_else(|| no_position("record.folder"));
            self.complain(
                &position,
                "record.folder needs record.recipients: nobody consents yet, nothing would be recorded",
            );
        }
        Some(record::Settings { folder, sample, bytes_max, consents, keep })
    }

    fn quarantine(&mut self) -> Option<quarantine::Settings> {
        let folder = self.path("quarantine.folder")?;
        let base = base(self.values.entry("quarantine.key"));
        let key = self.optional("quarantine.key", |text| Ok(base.join(text)));
        let days = u64::try_from(self.count("quarantine.keep_days", 1)?).unwrap_or(u64::MAX);
        let bytes_max = u64::try_from(self.count("quarantine.bytes_max", 1)?).unwrap_or(u64::MAX);
        let (bucket, release) = (self.bucket(), self.release());
        Some(quarantine::Settings {
            bucket,
            release,
            key: key.unwrap_or_else(|| folder.with_file_name("quarantine.key")),
            folder,
            keep: Duration::from_secs(days.saturating_mul(24 * 60 * 60)),
            bytes_max,
        })
    }

    fn log(&mut self, state: Option<&Site>, quarantine: Option<&quarantine::Settings>) -> Option<log_keys::Settings> {
        let days = self.count("log.pseudonym_days", 0)?;
        let has_network = self.one("log.client_network", is_yes)?;
        let folder = beside(state?, quarantine?, "log-keys");
        Some(log_keys::Settings { folder, days: i64::try_from(days).unwrap_or(i64::MAX), has_network })
    }

    fn hardening(&mut self) -> Option<Hardening> {
        let (landlock, seccomp) =
            (self.one("hardening.landlock", Wanted::from_str), self.one("hardening.seccomp", Wanted::from_str));
        Some(Hardening { landlock: landlock?, seccomp: seccomp? })
    }

    fn actions(&mut self) -> BTreeMap<String, (Action, Position)> {
        let mut actions = BTreeMap::new();
        for Item { text, position } in &self.values.entry("policy.actions").items {
            if let Some((symbol, action)) = text.split_once('=')
                && let Some(action) = Action::parse(action)
            {
                actions.insert(symbol.to_owned(), (action, position.clone()));
            }
        }
        actions
    }

    /// Who may use the admin API.
    fn admin_tokens(&mut self) -> Option<(PathBuf, Arc<Tokens>)> {
        let path = self.file("http.admin_tokens")?;
        match policy::tokens(&path) {
            Ok(tokens) => Some((path, Arc::new(tokens))),
            Err(complaint) => {
                self.complaints.push(complaint);
                None
            }
        }
    }

    /// A certificate and its key, which nobody else may read.
    fn key_pair(&mut self, certificate: &str, key: &str) -> Option<KeyPair> {
        let is_set = |key| self.values.entry(key).items.iter().any(|item| !item.text.is_empty());
        for (present, absent) in [(certificate, key), (key, certificate)] {
            if is_set(present) && !is_set(absent) {
                let origin = self.values.entry(present).origin.clone();
                let position = origin.unwrap_or_else(|| no_position(present));
                self.complaints.push(Complaint { position, what: format!("{present} needs {absent} beside it") });
            }
        }
        let certificate = self.file(certificate);
        let base = base(self.values.entry(key));
        let key = self.optional(key, |text| policy::secret(&base.join(text)));
        Some(KeyPair { certificate: certificate?, key: key? })
    }
}

pub(super) fn no_position(key: &str) -> Position {
    Position { file: format!("(default of {key})"), line: 1, column: 1 }
}

pub(super) fn base(entry: &Entry) -> PathBuf {
    let file = entry.origin.as_ref().map(|position| PathBuf::from(&position.file));
    file.and_then(|file| file.parent().map(Path::to_owned)).unwrap_or_default()
}

pub(super) fn domain(text: &str) -> Result<Domain, String> {
    Domain::parse(text).ok_or_else(|| format!("`{text}` is no domain name"))
}

fn tcp(text: &str) -> Result<SocketAddr, String> {
    match Place::from_str(text)? {
        Place::Tcp(address) => Ok(address),
        Place::Unix(_) => Err(format!("`{text}` is a unix socket; ADDRESS:PORT is needed")),
    }
}

fn resolver(text: &str) -> Result<SocketAddr, String> {
    const DNS_PORT: u16 = 53;
    let wrong = |_| format!("`{text}` is no name server: ADDRESS or ADDRESS:PORT");
    text.parse::<IpAddr>().map(|address| SocketAddr::new(address, DNS_PORT)).or_else(|_| text.parse()).map_err(wrong)
}

/// RFC 8601 2.2: a value of RFC 2045 5.1; we take what needs no quotes and can be a domain name.
pub fn authserv_id(text: &str) -> Result<String, String> {
    let fits = text.len() <= 253
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if fits { Ok(text.to_owned()) } else { Err(format!("`{text}` is no name of a host: letters, digits, . - _")) }
}

fn is_yes(word: &str) -> Result<bool, String> {
    match word {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("`{word}` is neither yes nor no")),
    }
}

fn is_denied(mode: &str) -> Result<bool, String> {
    match mode {
        "allow" => Ok(false),
        "deny" => Ok(true),
        _ => Err(format!("`{mode}` is neither allow nor deny")),
    }
}
