//! Egress: every destination that a configuration can contact, and what of a mail goes there.
//!
//! Pure. What is asked about a mail is the closed enum `Question`; nothing else leaves the filter but the mail itself, to
//! its mailstore.

use super::{Destination, Settings};
use crate::{
    doors::{directory::ldap, quarantine::shelf::Place as BucketPlace},
    judge::facts::Question,
    mail::network::Network,
    world::{place::Place, store::Site},
};
use std::{fmt, net::IpAddr, net::SocketAddr, path::PathBuf, str::FromStr};
use url::Url;

/// Where a connection can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Unix(PathBuf),
    Address(SocketAddr),
    /// A host by name, and its port.
    Host(String, u16),
    /// The name servers of this machine (resolv.conf), asked for the address of a host.
    SystemResolver(String),
    /// A file of our own.
    File(PathBuf),
}

impl Target {
    /// Does it stay on this machine?
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) | Self::File(_) => true,
            Self::Address(address) => address.ip().to_canonical().is_loopback(),
            Self::Host(host, _) | Self::SystemResolver(host) => host.eq_ignore_ascii_case("localhost"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(out, "unix:{}", path.display()),
            Self::Address(address) => write!(out, "{address}"),
            Self::Host(host, port) => write!(out, "{host}:{port}"),
            Self::SystemResolver(_) => out.write_str("name servers of this machine"),
            Self::File(path) => write!(out, "{}", path.display()),
        }
    }
}

/// One entry of `egress.allowed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// All ports of these addresses.
    Network(Network),
    Address(SocketAddr),
    /// A host by name, with one port or all; it includes asking for its address.
    Host(String, Option<u16>),
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no destination: ADDRESS, ADDRESS/BITS, ADDRESS:PORT, HOST or HOST:PORT");
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let is_name = |host: &str| {
            !host.is_empty()
                && host.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_'))
        };
        if is_name(host) { Ok(Self::Host(host.to_owned(), port)) } else { Err(wrong()) }
    }
}

impl Allowed {
    fn covers(&self, target: &Target) -> bool {
        match (self, target) {
            (Self::Network(network), Target::Address(address)) => network.contains(address.ip()),
            (Self::Address(allowed), Target::Address(address)) => allowed == address,
            (Self::Host(allowed, None), Target::Host(host, _))
            | (Self::Host(allowed, _), Target::SystemResolver(host)) => allowed.eq_ignore_ascii_case(host),
            (Self::Host(allowed, Some(wanted)), Target::Host(host, port)) => {
                allowed.eq_ignore_ascii_case(host) && wanted == port
            }
            _ => false,
        }
    }
}

/// One destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The key that names it, and which of its values.
    pub key: &'static str,
    pub item: usize,
    pub target: Target,
    pub protocol: &'static str,
    pub data: Vec<Data>,
}

/// What goes to a destination in one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    /// Kind of the question (as in metrics), or `mail`, `host`.
    pub kind: &'static str,
    /// What of a mail is in it.
    pub contents: &'static str,
    /// How often.
    pub times: &'static str,
}

/// Who is asked a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    NameServers,
    Scanner,
    /// The store of this house (`state.url`).
    Store,
}

/// Who is asked. A new question does not compile until that is said.
#[must_use]
pub fn asked(question: &Question) -> Asked {
    match question {
        Question::Txt(_) | Question::Ipv4(_) | Question::Ipv6(_) | Question::Mx(_) | Question::Names(_) => {
            Asked::NameServers
        }
        Question::Virus | Question::Inner(_) => Asked::Scanner,
        Question::Partner(_) | Question::Stored(_) => Asked::Store,
    }
}

/// What a question carries out of the filter. A new question does not compile until it is described here.
#[must_use]
pub fn data(question: &Question) -> Data {
    let (contents, times) = match question {
        Question::Txt(_) => (
            "one name: the domain of the envelope sender, of HELO, and those that their SPF records refer to; \
             SELECTOR._domainkey.DOMAIN of DKIM and ARC signatures; _dmarc. and the domain of From, and the domains above \
             it. An SPF record with macros (RFC 7208 7) may put the client's address, HELO and the whole address of the \
             sender into a name of the record's owner. Never a recipient, a subject or a word of the text",
            "per mail, for each name; not while an answer is remembered",
        ),
        Question::Ipv4(_) => (
            "one name: hosts that the SPF record of the sender names (a, mx, exists, with macros as above), host names of \
             the client's address, and the domain of From, to learn whether it exists",
            "per mail, for each name; not while an answer is remembered",
        ),
        Question::Ipv6(_) => (
            "one name: the same hosts, where the client came by IPv6",
            "per mail, for each name; not while an answer is remembered",
        ),
        Question::Mx(_) => (
            "one name: domains that the SPF record of the sender names with mx",
            "per mail, for each name; not while an answer is remembered",
        ),
        Question::Names(_) => (
            "the address of the client, as a name below in-addr.arpa or ip6.arpa",
            "per mail; not while an answer is remembered",
        ),
        Question::Partner(_) => ("the domain of the sender", "per mail from an authenticated domain"),
        Question::Stored(_) => (
            "client network, sender and recipient, each under a keyed hash only",
            "per mail, for what policy.senders names",
        ),
        Question::Virus => ("the whole message, header and body; not the envelope", "once per mail"),
        Question::Inner(_) => (
            "a file found inside the message, unpacked; not its name",
            "for each file that the scanner may not find itself; not while its answer is remembered",
        ),
    };
    Data { kind: question.kind(), contents, times }
}

/// Every destination of a configuration. Listeners answer, they do not contact; files stay on this machine.
#[must_use]
pub fn contacts(settings: &Settings, questions: &[Question]) -> Vec<Contact> {
    let mut contacts = Vec::new();
    let to = |whom: Asked| questions.iter().filter(|question| asked(question) == whom).map(data).collect::<Vec<_>>();
    let mut asked_of_names = to(Asked::NameServers);
    if settings.directories.wkd_places().iter().any(|(_, _, placed)| placed.is_none()) {
        asked_of_names.push(Data {
            kind: "host",
            contents: "the domain of a recipient whom encryption.wkd names, and openpgpkey. before it",
            times: "for each recipient whose mail is sealed; not while an answer is remembered",
        });
    }
    for (item, resolver) in settings.resolvers.iter().enumerate() {
        let target = Target::Address(*resolver);
        let protocol = "DNS over UDP, over TCP where an answer is cut; not encrypted";
        contacts.push(Contact { key: "dns.resolvers", item, target, protocol, data: asked_of_names.clone() });
    }
    if let Some(place) = &settings.clamd {
        let target = match place {
            Place::Tcp(address) => Target::Address(*address),
            Place::Unix(path) => Target::Unix(path.clone()),
        };
        let protocol = "clamd's INSTREAM and VERSION; not encrypted";
        contacts.push(Contact { key: "clamd.address", item: 0, target, protocol, data: to(Asked::Scanner) });
    }
    let data = to(Asked::Store);
    if !data.is_empty() {
        contacts.extend(store(&settings.state, data));
    }
    contacts.extend(directories(settings));
    contacts.extend(mailstore(&settings.deliver_to));
    contacts.extend(settings.quarantine.bucket.as_ref().map(bucket).unwrap_or_default());
    contacts
}

fn store(site: &Site, data: Vec<Data>) -> Vec<Contact> {
    let contact = |target, protocol, data| Contact { key: "state.url", item: 0, target, protocol, data };
    let text = match site {
        Site::File(path) => return vec![contact(Target::File(path.clone()), "a file of our own", data)],
        Site::Server { url, .. } => url,
    };
    let protocol = if text.starts_with("rediss:") { "Redis under TLS" } else { "Redis; not encrypted" };
    let url = Url::parse(text).ok();
    let Some(host) = url.as_ref().and_then(Url::host_str).filter(|host| !host.is_empty()) else {
        let path = text.trim_start_matches("redis+unix://");
        return vec![contact(Target::Unix(path.split('?').next().unwrap_or(path).into()), protocol, data)];
    };
    let port = url.as_ref().and_then(Url::port).unwrap_or(6379);
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return vec![contact(Target::Address(SocketAddr::new(address, port)), protocol, data)];
    }
    let host_name = Data { kind: "host", contents: "the host of state.url", times: "for each connection" };
    let asked = contact(Target::SystemResolver(host.to_owned()), "the system's name resolution", vec![host_name]);
    vec![asked, contact(Target::Host(host.to_owned(), port), protocol, data)]
}

fn directories(settings: &Settings) -> Vec<Contact> {
    const HTTPS: u16 = 443;
    let data = vec![Data {
        kind: "key",
        contents: "the address of a recipient: its local part, the SHA-1 of that, and its domain; that mail for it is coming",
        times: "for each recipient in a domain of encryption.wkd whose mail is sealed and for whom there is no file; not \
                while an answer is remembered",
    }];
    let contact = |(item, host, placed): (usize, String, Option<SocketAddr>)| {
        let target = placed.map_or(Target::Host(host, HTTPS), Target::Address);
        Contact { key: "encryption.wkd", item, target, protocol: "HTTPS (Web Key Directory)", data: data.clone() }
    };
    let mut contacts: Vec<Contact> = settings.directories.wkd_places().into_iter().map(contact).collect();
    contacts.extend(settings.directories.ldap.as_ref().map(ldap).unwrap_or_default());
    contacts
}

fn ldap(directory: &ldap::Settings) -> Vec<Contact> {
    let contact =
        |target, protocol, data| Contact { key: "encryption.ldap", item: 0, target, protocol, data: vec![data] };
    let key = Data {
        kind: "key",
        contents: "the address of a recipient; that mail for it is coming",
        times: "for each recipient whose mail is sealed and for whom there is no file; not while an answer is remembered",
    };
    let place = &directory.place;
    let protocol = if place.tls.is_some() { "LDAP under TLS" } else { "LDAP; not encrypted" };
    let socket = place.socket.to_string();
    let Some(host) = place.socket.host().map(str::to_owned) else {
        let path = socket.trim_start_matches("unix:");
        return vec![contact(Target::Unix(path.into()), protocol, key)];
    };
    if let Ok(address) = socket.parse() {
        return vec![contact(Target::Address(address), protocol, key)];
    }
    let port = socket.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(636);
    let host_name = Data { kind: "host", contents: "the host of encryption.ldap", times: "for each connection" };
    let asked = contact(Target::SystemResolver(host.clone()), "the system's name resolution", host_name);
    vec![asked, contact(Target::Host(host, port), protocol, key)]
}

fn bucket(place: &BucketPlace) -> Vec<Contact> {
    let contact =
        |target, protocol, data| Contact { key: "quarantine.url", item: 0, target, protocol, data: vec![data] };
    let mail = Data {
        kind: "mail",
        contents: "a mail set aside with its envelope, verdict and case, all of it encrypted with quarantine.key; the store \
                   learns when it came and its size",
        times: "once per mail that is set aside, and whenever somebody looks at it or releases it; a list each minute",
    };
    let url = Url::parse(&place.server()).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
    let port = url.as_ref().and_then(Url::port_or_known_default).unwrap_or(443);
    let protocol = if place.is_plain() { "S3; not encrypted" } else { "S3 under TLS" };
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return vec![contact(Target::Address(SocketAddr::new(address, port)), protocol, mail)];
    }
    let host_name = Data { kind: "host", contents: "the host of quarantine.endpoint", times: "for each connection" };
    let asked = contact(Target::SystemResolver(host.clone()), "the system's name resolution", host_name);
    vec![asked, contact(Target::Host(host, port), protocol, mail)]
}

fn mailstore(destination: &Destination) -> Vec<Contact> {
    let contact = |target, protocol, data| Contact { key: "deliver.to", item: 0, target, protocol, data: vec![data] };
    let mail = Data {
        kind: "mail",
        contents: "the whole mail with its envelope, our header fields added",
        times: "once per mail that is accepted or tagged at the LMTP door",
    };
    match destination {
        Destination::Maildir(_) => Vec::new(),
        Destination::Unix(path) => vec![contact(Target::Unix(path.clone()), "LMTP", mail)],
        Destination::Tcp { host, port, tls } => {
            let protocol = if tls.is_some() { "LMTP under TLS" } else { "LMTP; not encrypted" };
            if let Ok(address) = host.parse::<IpAddr>() {
                return vec![contact(Target::Address(SocketAddr::new(address, *port)), protocol, mail)];
            }
            let host_name = Data { kind: "host", contents: "the host of deliver.to", times: "for each connection" };
            let asked = contact(Target::SystemResolver(host.clone()), "the system's name resolution", host_name);
            vec![asked, contact(Target::Host(host.clone(), *port), protocol, mail)]
        }
    }
}

/// Is this destination on this machine, or listed?
#[must_use]
pub fn is_allowed(settings: &Settings, target: &Target) -> bool {
    target.is_local() || settings.egress_allowed.iter().any(|allowed| allowed.covers(target))
}

/// Destinations that a configuration names and `egress.allowed` does not.
#[must_use]
pub fn objections(settings: &Settings) -> Vec<(Contact, String)> {
    let mut contacts = contacts(settings, &[]);
    contacts.retain(|contact| !is_allowed(settings, &contact.target));
    let told = |contact: Contact| {
        let (key, target) = (contact.key, &contact.target);
        let what = format!(
            "{key}: {target} is not on this machine, and egress is denied; list it in egress.allowed, or take it out"
        );
        (contact, what)
    };
    contacts.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_covered_by_network_address_or_name() {
        let target = |text: &str| Target::Address(text.parse().unwrap());
        let covers = |allowed: &str, target: &Target| allowed.parse::<Allowed>().unwrap().covers(target);
        assert!(covers("192.0.2.0/24", &target("192.0.2.53:53")) && !covers("192.0.2.0/24", &target("192.0.3.53:53")));
        assert!(covers("192.0.2.53", &target("192.0.2.53:5353")));
        assert!(
            covers("192.0.2.53:53", &target("192.0.2.53:53")) && !covers("192.0.2.53:53", &target("192.0.2.53:54"))
        );
        let host = Target::Host("Store.example".to_owned(), 24);
        assert!(covers("store.example", &host) && covers("store.example:24", &host));
        assert!(!covers("store.example:25", &host) && !covers("192.0.2.0/24", &host));
        assert!(covers("store.example:24", &Target::SystemResolver("store.example".to_owned())));
        assert!("a b".parse::<Allowed>().is_err() && "a:b".parse::<Allowed>().is_err());
    }

    #[test]
    fn loopback_and_unix_sockets_are_local() {
        let local = |text: &str| Target::Address(text.parse().unwrap()).is_local();
        assert!(
            local("127.0.0.53:53") && local("[::1]:53") && local("[::ffff:127.0.0.1]:53") && !local("192.0.2.1:53")
        );
        assert!(Target::Unix("/run/clamd.sock".into()).is_local());
        assert!(Target::Host("localhost".to_owned(), 24).is_local());
    }

    #[test]
    fn the_embedded_defaults_contact_nobody() {
        let settings = Settings::load(None).unwrap();
        assert_eq!(contacts(&settings, &[]), []);
    }
}
