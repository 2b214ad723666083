//! Directories that are asked for the keys of recipients whom the folder has none of, and what they have said lately.
//!
//! Touches sockets and the clock. An answer comes within `limits::KEY_SECONDS_MAX` of the question, and that nothing came
//! is one: nobody knows then. Nobody but the recipients that the operator names is asked for.

pub mod ldap;
pub mod reachable;
pub mod web;
pub mod wkd;

use self::{
    ldap::Ldap,
    web::{Trouble, Web},
};
use crate::{
    judge::policy::encryption::sealing::Seal,
    limits,
    mail::{
        address::{Address, Domain},
        timestamp::Timestamp,
    },
    seal::keyring::{Entry, Key, Keyring, Reason, untagged},
    telemetry::{keys::KeySource, metrics::Metrics},
    world::World,
};
use quick_cache::sync::Cache;
use std::{convert::Infallible, net::SocketAddr, path::PathBuf, sync::Arc};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

/// Who is asked, and for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Domains whose recipients' keys the Web Key Directory is asked for.
    pub wkd: Vec<Domain>,
    /// Authorities that are trusted there; without them those that browsers trust.
    pub wkd_authorities: Option<PathBuf>,
    /// Hosts that the operator says the place of.
    pub wkd_hosts: Vec<(String, SocketAddr)>,
    /// The directory that is asked for every recipient whose mail is sealed.
    pub ldap: Option<ldap::Settings>,
}

impl Settings {
    /// Is nobody asked?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wkd.is_empty() && self.ldap.is_none()
    }

    /// The hosts that may be asked, with the place in `wkd` that names them.
    #[must_use]
    pub fn wkd_places(&self) -> Vec<(usize, String, Option<SocketAddr>)> {
        let at = |host: &str| self.wkd_hosts.iter().find(|(known, _)| known == host).map(|(_, address)| *address);
        let mut places = Vec::new();
        for (item, domain) in self.wkd.iter().enumerate() {
            let (below, itself) = (wkd::advanced("", domain).host, domain.as_str().to_owned());
            let hosts = match (at(&below), at(&itself)) {
                (Some(_), _) => vec![below],
                (None, Some(_)) => vec![itself],
                (None, None) => vec![below, itself],
            };
            places.extend(hosts.into_iter().map(|host| (item, host.clone(), at(&host))));
        }
        places
    }
}

/// What was said of an address.
#[derive(Clone)]
struct Known {
    keys: Arc<Keyring>,
    is_answered: bool,
    until: Instant,
}

/// Everybody who is asked.
pub struct Directory {
    settings: Settings,
    web: Web,
    ldap: Option<Ldap>,
    metrics: Arc<Metrics>,
    known: Cache<(KeySource, String), Known>,
    turns: Semaphore,
}

impl Directory {
    /// # Errors
    /// What is wrong with the settings, in words.
    pub fn new(settings: &Settings, world: &Arc<dyn World>, metrics: Arc<Metrics>) -> Result<Self, String> {
        let web = Web::new(settings.wkd_authorities.as_deref(), &settings.wkd_hosts, world)
            .map_err(|what| format!("encryption.wkd_ca: {what}"))?;
        let ldap =
            settings.ldap.as_ref().map(Ldap::new).transpose().map_err(|what| format!("encryption.ldap: {what}"))?;
        Ok(Self {
            settings: settings.clone(),
            web,
            ldap,
            metrics,
            known: Cache::new(limits::KEYS_KNOWN_MAX),
            turns: Semaphore::new(limits::KEY_LOOKUPS_MAX),
        })
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Asks ahead, so that the answer is there when the mail is.
    pub fn foresee(self: &Arc<Self>, recipient: &Address, seal: Seal, now: Timestamp) {
        if let Some(mailbox) = mailbox(recipient)
            && !self.sources(&mailbox, seal).is_empty()
        {
            let this = Arc::clone(self);
            tokio::spawn(async move { this.find(&mailbox, seal, now).await.is_ok() });
        }
    }

    /// The key that mail to `recipient` is sealed to. A tagged address (`head+tag@..`) has the key of its mailbox.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn find(&self, recipient: &Address, seal: Seal, now: Timestamp) -> Result<Arc<Key>, Reason> {
        let mailbox = mailbox(recipient).ok_or(Reason::Missing)?;
        let mut reason = Reason::Missing;
        for source in self.sources(&mailbox, seal) {
            let known = self.known(source, &mailbox).await;
            match known.keys.find(&mailbox, seal, now) {
                Ok(key) => return Ok(key),
                // It may have the key: whatever another says is not the last word.
                Err(_) if !known.is_answered => reason = Reason::Unanswered,
                Err(why) if reason == Reason::Missing => reason = why,
                Err(_) => {}
            }
        }
        Err(reason)
    }

    /// Who is asked for this mailbox.
    fn sources(&self, mailbox: &Address, seal: Seal) -> Vec<KeySource> {
        let mut sources: Vec<KeySource> = self.ldap.iter().map(|_| KeySource::Ldap).collect();
        let is_openpgp = matches!(seal, Seal::OpenPgp | Seal::Any);
        let is_named = mailbox.domain().is_some_and(|domain| self.settings.wkd.contains(&domain));
        if is_openpgp && is_named && wkd::local_part(mailbox).is_some() {
            sources.push(KeySource::Wkd);
        }
        sources
    }

    /// What a source says of a mailbox; several who want to know at one moment ask once.
    async fn known(&self, source: KeySource, mailbox: &Address) -> Known {
        let named = (source, mailbox.as_str().to_owned());
        let now = Instant::now();
        self.known.remove_if(&named, |known| known.until <= now);
        let mut is_new = false;
        let asked = self.known.get_or_insert_async(&named, async {
            is_new = true;
            Ok::<_, Infallible>(self.ask(source, mailbox).await)
        });
        let Ok(known) = asked.await;
        if !is_new {
            self.metrics.key_lookup(source, "cached", None);
        }
        known
    }

    async fn ask(&self, source: KeySource, mailbox: &Address) -> Known {
        let began = Instant::now();
        let answer = timeout(limits::KEY_SECONDS_MAX, async {
            let _turn = self.turns.acquire().await?;
            match source {
                KeySource::Wkd => self.ask_wkd(mailbox).await,
                KeySource::Ldap => self.ask_ldap(mailbox).await,
            }
        });
        let answer = answer.await.unwrap_or_else(|_| Err(Trouble("no answer in time".to_owned())));
        let took = began.elapsed();
        let mut keys = Keyring::default();
        let is_answered = answer.is_ok();
        let lasts = match answer {
            Ok(found) if found.is_empty() => {
                self.metrics.key_lookup(source, "absent", Some(took));
                limits::KEY_ABSENT_SECONDS
            }
            Ok(found) => {
                let outcome = if found.iter().any(Result::is_ok) { "found" } else { "unusable" };
                self.metrics.key_lookup(source, outcome, Some(took));
                for key in found {
                    keys.add(mailbox.as_str(), Entry { file: source.word().to_owned(), key });
                }
                limits::KEY_FOUND_SECONDS
            }
            Err(Trouble(why)) => {
                self.metrics.key_lookup(source, "failed", Some(took));
                tracing::warn!(place = source.word(), why, "sealing: a directory of keys does not answer");
                limits::KEY_FAILED_SECONDS
            }
        };
        Known { keys: Arc::new(keys), is_answered, until: Instant::now() + lasts }
    }

    async fn ask_ldap(&self, mailbox: &Address) -> Result<Vec<Result<Arc<Key>, Reason>>, Trouble> {
        let Some(ldap) = &self.ldap else { return Ok(Vec::new()) };
        let (values, address) = (ldap.find(mailbox.as_str()).await?, mailbox.as_str().to_owned());
        let read = move |value: ldap::message::Value| {
            if value.is_openpgp {
                return Key::each_openpgp(&value.octets, &address);
            }
            vec![Key::read(&value.octets, &address).map(Arc::new)]
        };
        Ok(tokio::task::spawn_blocking(move || values.into_iter().flat_map(read).collect()).await?)
    }

    async fn ask_wkd(&self, mailbox: &Address) -> Result<Vec<Result<Arc<Key>, Reason>>, Trouble> {
        let (Some(local), Some(domain)) = (wkd::local_part(mailbox), mailbox.domain()) else { return Ok(Vec::new()) };
        let (advanced, direct) = (wkd::advanced(local, &domain), wkd::direct(local, &domain));
        let is_only_direct = self.web.is_placed(&direct.host) && !self.web.is_placed(&advanced.host);
        let mut at = if is_only_direct { Vec::new() } else { self.web.addresses(&advanced.host).await? };
        let mut place = advanced;
        if at.is_empty() {
            place = direct;
            at = self.web.addresses(&place.host).await?;
        }
        if at.is_empty() {
            return Ok(Vec::new());
        }
        let Some(octets) = self.web.get(&place.host, &at, &place.path).await? else { return Ok(Vec::new()) };
        let address = mailbox.as_str().to_owned();
        // A thousand signatures take a while to verify.
        Ok(tokio::task::spawn_blocking(move || Key::each_openpgp(&octets, &address)).await?)
    }
}

/// The mailbox of an address, in lower case and without its tag.
fn mailbox(recipient: &Address) -> Option<Address> {
    let address = recipient.as_str().to_lowercase();
    address.contains('@').then(|| Address::new(&untagged(&address)))
}
