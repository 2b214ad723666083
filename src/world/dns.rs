//! Live DNS: questions to the name servers we are told of, with a cache of our own (RFC 1034, RFC 1035, RFC 2308, RFC 9520).
//!
//! Touches sockets and the clock. hickory brings messages, sockets, retransmission and the fall back from
//! truncated UDP to TCP. Its caching resolver is left out on purpose: it answers for names such as
//! `localhost` and `127.in-addr.arpa` by itself, asks a failing server again, and keeps a second cache.

use crate::{
    judge::facts::{Answer, Exchanger, Fact, Failure, Name, Question},
    limits,
    world::{dns_socket::Sockets, labels::Labels},
};
use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, Shared},
};
use mail_auth::hickory_resolver::{
    NameServerPool, PoolContext, TlsConfig,
    config::{ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverOpts, ServerOrderingStrategy},
    net::{DnsError, DnsHandle, NetError, NoRecords},
    proto::{
        op::{DnsRequestOptions, Message, Query, ResponseCode},
        rr::{Name as WireName, RData, RecordType},
    },
};
use quick_cache::{Weighter, sync::Cache};
use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

/// How name servers are asked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Recursive resolvers, the first preferred while it answers. None: nothing is ever asked.
    pub resolvers: Vec<SocketAddr>,
    /// The longest a question may take, over all resolvers, retransmissions and aliases.
    pub timeout: Duration,
}

/// The name servers and what they have said lately.
pub struct Dns {
    asker: Arc<Asker>,
}

/// An answer, and who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub fact: Fact,
    pub source: Source,
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Servers,
    /// Asked lately.
    Memory,
    /// There is no server to ask.
    Nobody,
}

struct Asker {
    timeout: Duration,
    servers: Vec<NameServerPool<Sockets>>,
    /// The index of the server that answered last.
    preferred: AtomicUsize,
    in_flight: Semaphore,
    cache: Cache<Question, Cached, ByBytes>,
    /// Questions under way: equal ones asked meanwhile wait for the same answer.
    under_way: Mutex<HashMap<Question, Shared<BoxFuture<'static, Option<Fact>>>>>,
}

#[derive(Clone)]
struct Cached {
    fact: Arc<Fact>,
    until: Instant,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Question, Cached> for ByBytes {
    fn weight(&self, _: &Question, cached: &Cached) -> u64 {
        /// What an entry costs besides its answer, in octets; measured roughly.
        const ENTRY_BYTES: u64 = 300;
        let answer = match &*cached.fact {
            Fact::Txt(_, answer) => answer.records().iter().map(|text| text.len() + 24).sum(),
            Fact::Ipv4(_, answer) => answer.records().len() * 4,
            Fact::Ipv6(_, answer) => answer.records().len() * 16,
            Fact::Mx(_, answer) => answer.records().iter().map(|mx| mx.host.as_str().len() + 32).sum(),
            Fact::Names(_, answer) => answer.records().iter().map(|name| name.as_str().len() + 24).sum(),
            Fact::Virus(_) | Fact::Inner(..) | Fact::Partner(..) | Fact::Stored(..) => 0_usize,
        };
        ENTRY_BYTES.saturating_add(u64::try_from(answer).unwrap_or(u64::MAX))
    }
}

impl Dns {
    /// # Errors
    /// The TLS library that the DNS library is built with does not start.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let share = u32::try_from(settings.resolvers.len().max(1)).unwrap_or(u32::MAX);
        let context = Arc::new(PoolContext::new(
            options(settings.timeout / share),
            TlsConfig::new().map_err(|error| format!("DNS cannot be asked: {error}"))?,
        ));
        let servers = settings
            .resolvers
            .iter()
            .map(|address| NameServerPool::from_config([server(*address)], Arc::clone(&context), Sockets::default()))
            .collect();
        Ok(Self {
            asker: Arc::new(Asker {
                timeout: settings.timeout,
                servers,
                preferred: AtomicUsize::new(0),
                in_flight: Semaphore::new(limits::DNS_IN_FLIGHT_MAX),
                cache: Cache::with_weighter(limits::DNS_CACHE_ENTRIES_MAX, limits::DNS_CACHE_BYTES_MAX, ByBytes),
                under_way: Mutex::default(),
            }),
        })
    }

    /// The answer to a question, from the cache or from the name servers. A remembered answer is there at once.
    pub async fn ask(&self, question: &Question) -> Told {
        let told = |fact, source| Told { fact, source };
        if question.is_for_scanner() {
            return told(question.failed(Failure::NotRecorded), Source::Nobody);
        }
        if self.asker.servers.is_empty() {
            return told(question.failed(Failure::NotRecorded), Source::Nobody);
        }
        if let Some(fact) = self.asker.remembered(question) {
            return told((*fact).clone(), Source::Memory);
        }
        let lookup = {
            let mut under_way = self.asker.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(lookup) = under_way.get(question) {
                lookup.clone()
            } else {
                let lookup = look_up(Arc::clone(&self.asker), question.clone());
                under_way.insert(question.clone(), lookup.clone());
                lookup
            }
        };
        told(lookup.await.unwrap_or_else(|| question.failed(Failure::Interrupted)), Source::Servers)
    }
}

/// Asks in a task of its own, so that the answer reaches the cache and other askers even if this one has given up.
fn look_up(asker: Arc<Asker>, question: Question) -> Shared<BoxFuture<'static, Option<Fact>>> {
    let task = tokio::spawn(async move {
        let landing = Landing { asker: &asker, question: &question };
        let deadline = Instant::now() + asker.timeout;
        let found = match timeout_at(deadline, asker.in_flight.acquire()).await {
            Ok(Ok(_permit)) => asker.resolve(&question, deadline).await,
            Ok(Err(_)) | Err(_) => Found::failed(&question, Failure::Timeout),
        };
        let cached = Cached { fact: Arc::new(found.fact.clone()), until: Instant::now() + found.lasts };
        asker.cache.insert(question.clone(), cached);
        drop(landing);
        found.fact
    });
    task.map(Result::ok).boxed().shared()
}

/// Takes a question off the list when its task ends, however it ends.
struct Landing<'a> {
    asker: &'a Asker,
    question: &'a Question,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.asker.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(self.question);
    }
}

/// An answer and how long it may be told again.
struct Found {
    fact: Fact,
    lasts: Duration,
}

impl Found {
    fn failed(question: &Question, failure: Failure) -> Self {
        Self { fact: question.failed(failure), lasts: limits::DNS_FAILURE_LASTS }
    }
}

impl Asker {
    fn remembered(&self, question: &Question) -> Option<Arc<Fact>> {
        let cached = self.cache.get(question)?;
        (cached.until > Instant::now()).then_some(cached.fact)
    }

    async fn resolve(&self, question: &Question, deadline: Instant) -> Found {
        let (name, kind) = match question {
            Question::Txt(name) => (Labels::of(name), RecordType::TXT),
            Question::Ipv4(name) => (Labels::of(name), RecordType::A),
            Question::Ipv6(name) => (Labels::of(name), RecordType::AAAA),
            Question::Mx(name) => (Labels::of(name), RecordType::MX),
            Question::Names(address) => (Some(Labels::reverse(*address)), RecordType::PTR),
            Question::Virus | Question::Inner(_) | Question::Partner(_) | Question::Stored(_) => {
                return Found::failed(question, Failure::NotRecorded);
            }
        };
        let name = name.and_then(|name| WireName::from_labels(name.leftmost_first()).ok());
        let Some(mut name) = name else {
            // What is no DNS name exists nowhere; no server needs to be asked.
            return Found { fact: fact(question, &Outcome::NoName), lasts: limits::DNS_ANSWER_LASTS_MAX };
        };
        let mut lasts = limits::DNS_ANSWER_LASTS_MAX;
        for _ in 0..limits::DNS_ALIASES_MAX {
            let reply = self.exchange(Query::query(name.clone(), kind), deadline).await;
            let (outcome, seconds) = match reply {
                Ok(message) => read(&message, &name, kind),
                Err(error) => refusal(&error),
            };
            lasts = lasts.min(seconds);
            match outcome {
                // A server that does not follow aliases itself: the next question is ours to ask.
                Outcome::Alias(target) => name = target,
                Outcome::Failed(failure) => return Found::failed(question, failure),
                outcome => {
                    return Found { fact: fact(question, &outcome), lasts: lasts.max(limits::DNS_ANSWER_LASTS_MIN) };
                }
            }
        }
        Found::failed(question, Failure::ServerFailure)
    }

    /// Asks one server after the other, beginning with the one that answered last, each with its share of the time.
    async fn exchange(&self, query: Query, deadline: Instant) -> Result<Message, NetError> {
        let first = self.preferred.load(Ordering::Relaxed);
        let count = self.servers.len();
        let mut last = NetError::NoConnections;
        for turn in 0..count {
            let index = (first + turn) % count;
            let Some(server) = self.servers.get(index) else { break };
            let turns_left = u32::try_from(count - turn).unwrap_or(u32::MAX);
            let share = deadline.saturating_duration_since(Instant::now()) / turns_left;
            let mut responses = server.lookup(query.clone(), DnsRequestOptions::default());
            match timeout_at(Instant::now() + share, responses.next()).await {
                Ok(Some(Ok(response))) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Ok(response.into_message());
                }
                Ok(Some(Err(error @ NetError::Dns(DnsError::NoRecordsFound(_))))) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Err(error);
                }
                Ok(Some(Err(error))) => last = error,
                Ok(None) => last = NetError::NoConnections,
                Err(_) => last = NetError::Timeout,
            }
        }
        Err(last)
    }
}

/// What came of one exchange.
enum Outcome {
    Records(Vec<RData>),
    Alias(WireName),
    NoData,
    NoName,
    Failed(Failure),
}

/// Reads the answer section along its aliases, in whatever order the records stand.
fn read(message: &Message, asked: &WireName, kind: RecordType) -> (Outcome, Duration) {
    let mut lasts = limits::DNS_ANSWER_LASTS_MAX;
    let mut name = asked;
    for _ in 0..limits::DNS_ALIASES_MAX {
        let mut found = Vec::new();
        let mut alias = None;
        for record in message.answers.iter().filter(|record| record.name == *name) {
            match &record.data {
                data if data.record_type() == kind => found.push(data.clone()),
                RData::CNAME(target) => alias = Some(&target.0),
                _ => continue,
            }
            lasts = lasts.min(Duration::from_secs(u64::from(record.ttl)));
        }
        match alias {
            _ if !found.is_empty() => return (Outcome::Records(found), lasts),
            Some(target) => name = target,
            None => {
                let negative = negative_lasts(message).min(lasts);
                let outcome = match message.metadata.response_code {
                    ResponseCode::NXDomain => Outcome::NoName,
                    ResponseCode::NoError if name != asked && message.authorities.is_empty() => {
                        return (Outcome::Alias(name.clone()), lasts);
                    }
                    ResponseCode::NoError => Outcome::NoData,
                    _ => Outcome::Failed(Failure::ServerFailure),
                };
                return (outcome, negative);
            }
        }
    }
    (Outcome::Failed(Failure::ServerFailure), lasts)
}

/// How long "there is none" lasts: the SOA's own life and its minimum, the shorter (RFC 2308 section 5).
fn negative_lasts(message: &Message) -> Duration {
    message
        .authorities
        .iter()
        .find_map(|record| match &record.data {
            RData::SOA(soa) => Some(Duration::from_secs(u64::from(record.ttl.min(soa.minimum)))),
            _ => None,
        })
        .unwrap_or(limits::DNS_NEGATIVE_LASTS)
}

/// What an error means: also "there is none" comes as one.
fn refusal(error: &NetError) -> (Outcome, Duration) {
    let lasts = limits::DNS_NEGATIVE_LASTS;
    let failure = match error {
        NetError::Dns(DnsError::NoRecordsFound(NoRecords { response_code, negative_ttl, soa, ns, .. })) => {
            let lasts = negative_ttl.map_or(lasts, |seconds| Duration::from_secs(u64::from(seconds)));
            match response_code {
                ResponseCode::NXDomain => return (Outcome::NoName, lasts),
                // A referral: this server does not look further, so it has told us nothing.
                ResponseCode::NoError if soa.is_none() && ns.is_some() => Failure::ServerFailure,
                ResponseCode::NoError => return (Outcome::NoData, lasts),
                _ => Failure::ServerFailure,
            }
        }
        NetError::NoConnections
        | NetError::Busy
        | NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused | ResponseCode::NotAuth)) => Failure::Refused,
        NetError::Dns(_) => Failure::ServerFailure,
        NetError::Timeout => Failure::Timeout,
        NetError::Io(error) => match error.kind() {
            io::ErrorKind::TimedOut => Failure::Timeout,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
                Failure::Interrupted
            }
            _ => Failure::Refused,
        },
        _ => Failure::Malformed,
    };
    (Outcome::Failed(failure), lasts)
}

/// The fact that answers the question.
fn fact(question: &Question, outcome: &Outcome) -> Fact {
    match question {
        Question::Txt(name) => Fact::Txt(name.clone(), answer(outcome, text)),
        Question::Ipv4(name) => {
            Fact::Ipv4(name.clone(), answer(outcome, |data| if let RData::A(a) = data { Some(a.0) } else { None }))
        }
        Question::Ipv6(name) => Fact::Ipv6(
            name.clone(),
            answer(outcome, |data| if let RData::AAAA(aaaa) = data { Some(aaaa.0) } else { None }),
        ),
        Question::Mx(name) => Fact::Mx(name.clone(), answer(outcome, exchanger)),
        Question::Names(address) => Fact::Names(
            *address,
            answer(outcome, |data| if let RData::PTR(host) = data { Some(host_name(&host.0)) } else { None }),
        ),
        Question::Virus | Question::Inner(_) | Question::Partner(_) | Question::Stored(_) => {
            question.failed(Failure::NotRecorded)
        }
    }
}

fn answer<T>(outcome: &Outcome, record: impl Fn(&RData) -> Option<T>) -> Answer<T> {
    match outcome {
        Outcome::Records(found) => Answer::Records(found.iter().filter_map(record).collect()),
        Outcome::NoData => Answer::NoData,
        Outcome::NoName => Answer::NoName,
        Outcome::Alias(_) => Answer::Failed(Failure::ServerFailure),
        Outcome::Failed(failure) => Answer::Failed(*failure),
    }
}

fn text(data: &RData) -> Option<Vec<u8>> {
    if let RData::TXT(text) = data { Some(text.txt_data.concat()) } else { None }
}

fn exchanger(data: &RData) -> Option<Exchanger> {
    if let RData::MX(mx) = data {
        Some(Exchanger { preference: mx.preference, host: host_name(&mx.exchange) })
    } else {
        None
    }
}

fn host_name(name: &WireName) -> Name {
    Labels::from_left(name.iter()).unwrap_or_default().name()
}

fn options(timeout: Duration) -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = timeout;
    options.attempts = 0;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    // The default of 32 makes every further question over one TCP connection fail at once.
    options.max_active_requests = limits::DNS_IN_FLIGHT_MAX;
    options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
    options
}

/// UDP first, TCP for what is truncated; the port is a field of each connection.
fn server(address: SocketAddr) -> NameServerConfig {
    let connections = [ProtocolConfig::Udp, ProtocolConfig::Tcp]
        .into_iter()
        .map(|protocol| {
            let mut connection = ConnectionConfig::new(protocol);
            connection.port = address.port();
            connection
        })
        .collect();
    NameServerConfig::new(address.ip(), true, connections)
}

/// The resolvers that the machine is set up with (resolv.conf(5)), for those who ask for them by the word `system`.
///
/// # Errors
/// The file cannot be read or names no server.
pub fn system_resolvers(file: &Path) -> Result<Vec<SocketAddr>, String> {
    const DNS_PORT: u16 = 53;
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let resolvers: Vec<SocketAddr> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let address = (words.next() == Some("nameserver")).then(|| words.next())??;
            Some(SocketAddr::new(address.parse().ok()?, DNS_PORT))
        })
        .collect();
    if resolvers.is_empty() {
        return Err(format!("{}: no `nameserver` line; name the resolvers in [dns] resolvers", file.display()));
    }
    Ok(resolvers)
}
