//! The configuration file `wehr.toml`, typed: every value has a safe default, every error its place.
//!
//! Reads files and the host's name. Without a file the embedded defaults count, and nobody outside is asked.

pub mod egress;
pub mod explain;
pub mod keyring;
pub mod keys;
pub mod learned;
pub mod policy;
pub mod read;
pub mod rules;
pub mod trust;
pub mod watched;

use self::read::{Entry, Item, Values};
use crate::{
    doors::{deliver::lmtp::stream::TlsStart, quarantine, record},
    judge::{
        auth,
        document::{Complaint, Errors, Position, unknown},
        findings::{Score, Symbol},
        policy::{encryption::Encryption, verdict::Action},
        rulebook::{Rulebook, Thresholds},
        rules::{Rule, lists::Lists, ruleset::Ruleset},
    },
    mail::address::Domain,
    mail::network::Network,
    seal::keyring::Keyring,
    web::tokens::Tokens,
    world::{place::Place, store::Site},
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

/// Where accepted mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Into this folder.
    Maildir(PathBuf),
    /// To a mailstore's LMTP service on this machine.
    Unix(PathBuf),
    /// To a mailstore's LMTP service; the host is a name or an address. `tls`: when it begins, if at all.
    Tcp { host: String, port: u16, tls: Option<TlsStart> },
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no mailstore: maildir:PATH, lmtp:HOST:PORT, lmtps:HOST:PORT, lmtp+starttls:HOST:PORT, \
                 lmtp+unix:PATH or unix:PATH"
            )
        };
        let (scheme, rest) = text.split_once(':').filter(|(_, rest)| !rest.is_empty()).ok_or_else(wrong)?;
        match scheme {
            "maildir" => Ok(Self::Maildir(PathBuf::from(rest))),
            "unix" | "lmtp+unix" => Ok(Self::Unix(PathBuf::from(rest))),
            "lmtp" | "lmtps" | "lmtp+starttls" => {
                let (host, port) = rest.trim_start_matches("//").rsplit_once(':').ok_or_else(wrong)?;
                let host = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
                let port = port.parse().map_err(|_| wrong())?;
                if host.is_empty() || port == 0 {
                    return Err(wrong());
                }
                let tls = match scheme {
                    "lmtps" => Some(TlsStart::Immediate),
                    "lmtp+starttls" => Some(TlsStart::StartTls),
                    _ => None,
                };
                Ok(Self::Tcp { host: host.to_owned(), port, tls })
            }
            _ => Err(wrong()),
        }
    }
}

/// Certificate chain and private key of our own, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Everything that is configured.
#[derive(Clone, Debug)]
pub struct Settings {
    pub authserv_id: String,
    pub own_domains: Vec<Domain>,
    pub milter_listen: Vec<Place>,
    pub lmtp_listen: Vec<Place>,
    pub lmtp_trusted_peers: Vec<Network>,
    /// `None`: STARTTLS is not offered.
    pub lmtp_keys: Option<KeyPair>,
    pub deliver_to: Destination,
    pub deliver_server_name: Option<String>,
    pub deliver_authorities: Option<PathBuf>,
    /// What is shown to a mailstore that asks for a certificate.
    pub deliver_keys: Option<KeyPair>,
    pub http_listen: Vec<SocketAddr>,
    /// Where rspamd's clients ask.
    pub check_listen: Vec<Place>,
    pub admin_listen: Vec<SocketAddr>,
    /// `None`: there is no admin API.
    pub admin_tokens: Option<Arc<Tokens>>,
    /// Where SpamAssassin's clients ask.
    pub spamd_listen: Vec<Place>,
    /// What outlives a restart.
    pub state: Site,
    /// `None`: nothing is scanned.
    pub clamd: Option<Place>,
    pub clamd_stream_bytes_max: usize,
    /// Empty: nobody is asked.
    pub resolvers: Vec<SocketAddr>,
    pub trusted_sealers: Vec<Domain>,
    /// A destination has to be on this machine or listed.
    pub is_egress_denied: bool,
    pub egress_allowed: Vec<egress::Allowed>,
    pub thresholds: Thresholds,
    pub quarantine: quarantine::Settings,
    /// `None`: the packs that are built in.
    pub rules_dir: Option<PathBuf>,
    /// File of a learned model.
    pub model_file: Option<PathBuf>,
    /// `None`: the classes that are built in.
    pub recipients_file: Option<PathBuf>,
    /// `None`: nothing is recorded.
    pub record: Option<record::Settings>,
    /// File of certificate authorities whose signers are trusted.
    pub encryption_anchors: Option<PathBuf>,
    /// Folder of OpenPGP keys that are trusted.
    pub encryption_keys: Option<PathBuf>,
    /// `None`: nobody demands encryption.
    pub encryption_file: Option<PathBuf>,
    /// `None`: senders have nothing to bear.
    pub senders_file: Option<PathBuf>,
    /// Folder of the keys that recipients' mail is sealed to.
    pub recipient_keys: Option<PathBuf>,
    pub message_bytes_max: usize,
    pub spool_memory_bytes_max: usize,
    pub connections_max: usize,
    /// The least action a symbol demands, with the place that says so.
    actions: BTreeMap<String, (Action, Position)>,
}

impl Settings {
    /// Where the cases of faults are kept: beside the store's file, or beside the quarantine where the store is elsewhere.
    #[must_use]
    pub fn faults_folder(&self) -> PathBuf {
        match &self.state {
            Site::File(path) => path.with_file_name("faults"),
            Site::Server(_) => self.quarantine.folder.with_file_name("faults"),
        }
    }

    /// Reads the configuration; without a file the embedded defaults.
    ///
    /// # Errors
    /// Everything that is wrong, at its place.
    pub fn load(file: Option<&Path>) -> Result<Self, Errors> {
        let values = file.map_or_else(|| Ok(Values::defaults()), Values::gather)?;
        Self::from_values(&values)
    }

    /// The same, with another folder for recorded cases.
    ///
    /// # Errors
    /// Everything that is wrong, at its place.
    pub fn load_recording(file: Option<&Path>, record: Option<&Path>) -> Result<Self, Errors> {
        let mut values = file.map_or_else(|| Ok(Values::defaults()), Values::gather)?;
        if let Some(folder) = record {
            values.set("record.folder", &folder.display().to_string());
        }
        Self::from_values(&values)
    }

    /// Gives the values their types.
    ///
    /// # Errors
    /// Every value that is not what its key takes.
    pub fn from_values(values: &Values) -> Result<Self, Errors> {
        let mut typing = Typing { values, complaints: Vec::new() };
        let settings = typing.settings();
        if let Some(settings) = settings.as_ref().filter(|settings| settings.is_egress_denied) {
            typing.deny_egress(settings);
        }
        let mut complaints = typing.complaints;
        complaints.sort();
        match settings {
            Some(settings) if complaints.is_empty() => Ok(settings),
            _ => Err(Errors(complaints)),
        }
    }

    /// Everything that can sway a verdict, from this configuration and its rule files.
    ///
    /// # Errors
    /// Everything that is wrong with the rule files, and actions for symbols that have no rule.
    pub fn rulebook(&self) -> Result<Rulebook, Errors> {
        self.rulebook_of(&self.rules()?)
    }

    /// The texts of the rules, `own_domains` among the lists.
    ///
    /// # Errors
    /// Every file that cannot be read.
    pub fn rules(&self) -> Result<rules::Found, Errors> {
        let rules::Found { sources, proof } = rules::find(self.rules_dir.as_deref())?;
        Ok(rules::Found { sources: sources.with_own_domains(&self.own_domains), proof })
    }

    /// Everything that can sway a verdict, from this configuration and these rules.
    ///
    /// # Errors
    /// As those of `rulebook`.
    pub fn rulebook_of(&self, rules::Found { sources, proof }: &rules::Found) -> Result<Rulebook, Errors> {
        let mut rules = Ruleset::read(sources, *proof)?;
        let mut complaints = Vec::new();
        for (name, (action, position)) in &self.actions {
            if let Some(rule) = rules.table.get_mut(&Symbol::named(name)) {
                rule.action = *action;
            } else {
                let what = unknown("symbol", name, rules.table.keys().map(Symbol::as_str));
                complaints.push(Complaint { position: position.clone(), what });
            }
        }
        let encryption = policy::encryption(self.encryption_file.as_deref())?;
        complaints.extend(self.unsealable(&encryption));
        let senders = policy::senders(self, &rules.table)?;
        if !complaints.is_empty() {
            return Err(Errors(complaints));
        }
        let mut rulebook = Rulebook {
            auth: auth::Settings {
                authserv_id: self.authserv_id.clone(),
                trusted_sealers: self.trusted_sealers.clone(),
                trust: Arc::new(trust::read(self.encryption_anchors.as_deref(), self.encryption_keys.as_deref())?),
            },
            own_domains: self.own_domains.clone(),
            thresholds: self.thresholds,
            rules,
            classes: policy::classes(self.recipients_file.as_deref())?,
            encryption,
            senders,
            learned: self.model_file.as_deref().map(learned::read).transpose()?.map(Arc::new),
            digest: String::new(),
        };
        policy::prove(self, &rulebook.encryption)?;
        rulebook.digest = digest(&rulebook, &sources.lists);
        Ok(rulebook)
    }
}

impl Settings {
    /// What keeps a class of recipients from getting sealed mail, whatever keys there are.
    fn unsealable(&self, encryption: &Encryption) -> Option<Complaint> {
        let class = encryption.classes.iter().find(|class| class.sealing.is_wanted())?;
        let what = if self.lmtp_listen.is_empty() {
            "but lmtp.listen is empty, and a milter cannot encrypt; open the LMTP door or take `seal` away"
        } else if self.recipient_keys.is_none() {
            "but there is no folder of keys; name one as encryption.recipient_keys"
        } else {
            return None;
        };
        let file =
            self.encryption_file.as_deref().map_or_else(|| "policy/encryption.toml".into(), Path::to_string_lossy);
        let position = Position { file: file.into_owned(), line: 1, column: 1 };
        Some(Complaint { position, what: format!("class `{}` wants its mail sealed, {what}", class.name) })
    }

    /// The keys that recipients' mail is sealed to.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn keyring(&self) -> Result<Keyring, Errors> {
        keyring::read(self.recipient_keys.as_deref())
    }
}

/// SHA-256 over the canonical text of everything that sways a verdict: equal books have equal digests.
fn digest(rulebook: &Rulebook, lists: &Lists) -> String {
    let mut text = String::new();
    let mut line = |word: &str, value: &str| {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{word} {value:?}");
    };
    line("authserv_id", &rulebook.auth.authserv_id);
    for sealer in &rulebook.auth.trusted_sealers {
        line("trusted_sealer", sealer.as_str());
    }
    let trusted = rulebook.auth.trust.digest();
    if !trusted.is_empty() {
        line("trusted_signers", &trusted);
    }
    for domain in &rulebook.own_domains {
        line("own_domain", domain.as_str());
    }
    let Thresholds { tag, quarantine, reject } = rulebook.thresholds;
    line("thresholds", &format!("{tag} {quarantine} {reject}"));
    for (symbol, rule) in &rulebook.rules.table {
        let Rule { about, score, group, action, is_shadow, multiple, when, .. } = rule;
        line(symbol.as_str(), &format!("{score} {action} {group} {is_shadow} {multiple:?} {when} {about}"));
    }
    for (name, group) in &rulebook.rules.groups {
        line(name, &format!("cap {:?}", group.cap.map(Score::hundredths)));
    }
    if let Some(model) = &rulebook.learned {
        line("learned", &model.digest());
    }
    for class in rulebook.classes.all() {
        line("class", &format!("{class:?}"));
    }
    line("encryption", &format!("{:?}", rulebook.encryption));
    line("senders", &format!("{:?}", rulebook.senders));
    for (name, list) in lists {
        line(name, &list.entries().collect::<Vec<_>>().join("\n"));
    }
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Values being typed; what does not fit is noted.
struct Typing<'a> {
    values: &'a Values,
    complaints: Vec<Complaint>,
}

impl Typing<'_> {
    fn settings(&mut self) -> Option<Settings> {
        let authserv_id = self.optional("authserv_id", authserv_id);
        let deliver_to = self.destination();
        let state = self.state();
        let clamd_stream_bytes_max = self.count("clamd.stream_bytes_max", 1);
        let is_egress_denied = self.one("egress.mode", is_denied);
        let thresholds = self.thresholds();
        let quarantine = self.quarantine();
        let message_bytes_max = self.count("limits.message_bytes_max", 65536);
        let spool_memory_bytes_max = self.count("limits.spool_memory_bytes_max", 4096);
        let connections_max = self.count("limits.connections_max", 1);
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
            record: self.record(),
            encryption_anchors: self.file("encryption.anchors"),
            encryption_keys: self.existing("encryption.keys", "a readable folder", Path::is_dir),
            encryption_file: self.existing("policy.encryption", "a readable file", Path::is_file),
            senders_file: self.existing("policy.senders", "a readable file", Path::is_file),
            recipient_keys: self.existing("encryption.recipient_keys", "a readable folder", Path::is_dir),
            actions: self.actions(),
            check_listen: self.places("http.check_listen"),
            spamd_listen: self.places("spamd.listen"),
            admin_listen: self.each("http.admin_listen", tcp),
            admin_tokens: self.admin_tokens(),
            authserv_id: authserv_id.unwrap_or_else(host_name),
            deliver_to: deliver_to?,
            state: state?,
            clamd_stream_bytes_max: clamd_stream_bytes_max?,
            is_egress_denied: is_egress_denied?,
            thresholds: thresholds?,
            quarantine: quarantine?,
            message_bytes_max: message_bytes_max?,
            spool_memory_bytes_max: spool_memory_bytes_max?,
            connections_max: connections_max?,
        })
    }

    fn deny_egress(&mut self, settings: &Settings) {
        for (contact, what) in egress::objections(settings) {
            let items = &self.values.entry(contact.key).items;
            let position = items.get(contact.item).map(|item| item.position.clone());
            self.complain(&position.unwrap_or_else(|| no_position(contact.key)), what);
        }
    }

    fn complain(&mut self, position: &Position, what: impl Into<String>) {
        self.complaints.push(Complaint { position: position.clone(), what: what.into() });
    }

    /// Types every item of a value.
    fn each<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
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
    fn one<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.each(key, parse).pop()
    }

    /// Types a value that may be left empty.
    fn optional<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.one(key, |text| if text.is_empty() { Ok(None) } else { parse(text).map(Some) }).flatten()
    }

    fn count(&mut self, key: &str, least: usize) -> Option<usize> {
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
    fn file(&mut self, key: &str) -> Option<PathBuf> {
        self.existing(key, "a readable file", |path| fs::File::open(path).is_ok_and(|_| path.is_file()))
    }

    fn existing(&mut self, key: &str, kind: &str, is_there: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let base = base(self.values.entry(key));
        self.optional(key, |text| {
            let path = base.join(text);
            if is_there(&path) { Ok(path) } else { Err(format!("{} is not {kind}", path.display())) }
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
        self.one("state.url", |text| Site::parse(text, &base))
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
        Some(quarantine::Settings {
            key: key.unwrap_or_else(|| folder.with_file_name("quarantine.key")),
            folder,
            keep: Duration::from_secs(days.saturating_mul(24 * 60 * 60)),
            bytes_max,
        })
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
    fn admin_tokens(&mut self) -> Option<Arc<Tokens>> {
        let path = self.file("http.admin_tokens")?;
        match policy::tokens(&path) {
            Ok(tokens) => Some(Arc::new(tokens)),
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

fn no_position(key: &str) -> Position {
    Position { file: format!("(default of {key})"), line: 1, column: 1 }
}

fn base(entry: &Entry) -> PathBuf {
    let file = entry.origin.as_ref().map(|position| PathBuf::from(&position.file));
    file.and_then(|file| file.parent().map(Path::to_owned)).unwrap_or_default()
}

fn domain(text: &str) -> Result<Domain, String> {
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
fn authserv_id(text: &str) -> Result<String, String> {
    let fits = text.len() <= 253
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if fits { Ok(text.to_owned()) } else { Err(format!("`{text}` is no name of a host: letters, digits, . - _")) }
}

fn is_denied(mode: &str) -> Result<bool, String> {
    match mode {
        "allow" => Ok(false),
        "deny" => Ok(true),
        _ => Err(format!("`{mode}` is neither allow nor deny")),
    }
}

/// The host's name as the kernel tells it, or `localhost`.
#[must_use]
pub fn host_name() -> String {
    let told = ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .map(|text| text.trim().to_owned())
        .find(|name| !name.is_empty() && authserv_id(name).is_ok());
    told.unwrap_or_else(|| "localhost".to_owned())
}

#[cfg(test)]
mod tests;
