//! The configuration file `wehr.toml`, typed: every value has a safe default, every error its place.
//!
//! Reads files and the host's name. Without a file the embedded defaults count, and nobody outside is asked.

pub mod bucket;
pub mod digest;
pub mod directories;
pub mod egress;
pub mod explain;
pub mod folder;
pub mod hardening;
pub mod keyring;
pub mod keys;
pub mod learned;
pub mod lent;
pub mod policy;
pub mod read;
pub mod retention;
pub mod rules;
pub mod trust;
pub mod typing;
pub mod watched;

use self::{read::Values, typing::Typing};
use crate::{
    doors::{self, deliver::lmtp::stream::TlsStart, log_keys, quarantine, record},
    judge::{
        auth,
        document::{Complaint, Errors, Position, unknown},
        findings::{Score, Symbol},
        policy::{encryption::Encryption, verdict::Action},
        rulebook::{Rulebook, Thresholds},
        rules::{Rule, lists::Lists, ruleset::Ruleset},
    },
    mail::address::Domain,
    mail::hex::hex,
    mail::network::Network,
    seal::keyring::Keyring,
    web::tokens::Tokens,
    world::{place::Place, store::Site},
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
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
    /// Where the page of the recipients' held mails is served.
    pub mailbox_listen: Vec<SocketAddr>,
    /// `None`: there is no admin API.
    pub admin_tokens: Option<Arc<Tokens>>,
    /// The file they were read from.
    pub admin_tokens_file: Option<PathBuf>,
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
    /// `None`: recipients are not told what is held.
    pub digest: Option<doors::digest::Settings>,
    /// `None`: the packs that are built in.
    pub rules_dir: Option<PathBuf>,
    /// File of a learned model.
    pub model_file: Option<PathBuf>,
    /// `None`: the classes that are built in.
    pub recipients_file: Option<PathBuf>,
    /// Persons with a class of their own, which the admin API writes; the file may not be there yet.
    pub subjects_file: Option<PathBuf>,
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
    /// Who else is asked for them.
    pub directories: doors::directory::Settings,
    pub log: log_keys::Settings,
    pub hardening: hardening::Hardening,
    /// The files that the configuration was read from.
    pub included: Vec<PathBuf>,
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
        beside(&self.state, &self.quarantine, "faults")
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
        let mut encryption = policy::encryption(self.encryption_file.as_deref())?;
        complaints.extend(self.unsealable(&encryption));
        complaints.extend(lent::read(self, &mut encryption));
        let senders = policy::senders(self, &rules.table)?;
        let classes = policy::classes(self.recipients_file.as_deref())?;
        complaints.extend(digest::unknown_class(self, &classes));
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
            classes,
            encryption,
            senders,
            learned: self.model_file.as_deref().map(learned::read).transpose()?.map(Arc::new),
            digest: String::new(),
        };
        policy::prove(self, &rulebook.encryption)?;
        rulebook.digest = digest_of(&rulebook, &sources.lists);
        policy::with_subjects(rulebook, self.subjects_file.as_deref())
    }
}

impl Settings {
    /// What keeps a class of recipients from getting sealed mail, whatever keys there are.
    fn unsealable(&self, encryption: &Encryption) -> Option<Complaint> {
        let class = encryption.classes.iter().find(|class| class.sealing.is_wanted())?;
        let what = if self.lmtp_listen.is_empty() {
            "but lmtp.listen is empty, and a milter cannot encrypt; open the LMTP door or take `seal` away"
        } else if self.recipient_keys.is_none() && self.directories.is_empty() {
            "but there is no folder of keys; name one as encryption.recipient_keys, or who is asked as encryption.wkd or encryption.ldap"
        } else {
            return None;
        };
        let position = class.at.position();
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

/// A folder of ours that no key names: beside the store's file, or beside the quarantine where the store is elsewhere.
fn beside(state: &Site, quarantine: &quarantine::Settings, name: &str) -> PathBuf {
    match state {
        Site::File(path) => path.with_file_name(name),
        Site::Server { .. } => quarantine.folder.with_file_name(name),
    }
}

/// SHA-256 over the canonical text of everything that sways a verdict: equal books have equal digests.
fn digest_of(rulebook: &Rulebook, lists: &Lists) -> String {
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
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref())
}

/// The host's name as the kernel tells it, or `localhost`.
#[must_use]
pub fn host_name() -> String {
    let told = ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .map(|text| text.trim().to_owned())
        .find(|name| !name.is_empty() && typing::authserv_id(name).is_ok());
    told.unwrap_or_else(|| "localhost".to_owned())
}

#[cfg(test)]
mod tests;
