//! Facts: what the outside world has said about one mail.
//!
//! Pure. The question list is closed on purpose: what is not here cannot sway a verdict. It is at once
//! the replay format, the fault surface, the list of what leaves the house, and the metric labels.

use super::entry::{Entry, Recalled, Sort};
use crate::mail::{address::Domain, partner::History, transport::Level};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A DNS name as it is asked: lower case, no trailing dot, any characters (SPF macros make odd ones).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// SHA-256 of octets, in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// The digest that a text of 64 hexadecimal digits says.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digest = text.len() == 64 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
        is_digest.then(|| Self(text.to_ascii_lowercase()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What may be asked of the outside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// TXT records, each with its strings joined.
    Txt(Name),
    Ipv4(Name),
    Ipv6(Name),
    Mx(Name),
    /// Host names of an address (PTR).
    Names(IpAddr),
    /// Does the virus scanner know this message?
    Virus,
    /// Does it know these octets, which were found inside the message?
    Inner(Digest),
    /// What does this house remember of the transport of mails from a domain? Its own store is asked, nobody outside.
    Partner(Domain),
    /// What does this house remember of a sender? Its own store is asked, nobody outside.
    Stored(Entry),
}

impl Question {
    /// Closed set of labels for metrics: the kind without the name.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Txt(_) => "txt",
            Self::Ipv4(_) => "ipv4",
            Self::Ipv6(_) => "ipv6",
            Self::Mx(_) => "mx",
            Self::Names(_) => "names",
            Self::Virus => "virus",
            Self::Inner(_) => "virus_inner",
            Self::Partner(_) => "partner",
            Self::Stored(_) => "stored",
        }
    }

    /// Is it for the virus scanner, and so for nobody outside the house?
    #[must_use]
    pub fn is_for_scanner(&self) -> bool {
        matches!(self, Self::Virus | Self::Inner(_))
    }

    /// The fact that no answer came.
    #[must_use]
    pub fn failed(&self, why: Failure) -> Fact {
        match self.clone() {
            Self::Txt(name) => Fact::Txt(name, Answer::Failed(why)),
            Self::Ipv4(name) => Fact::Ipv4(name, Answer::Failed(why)),
            Self::Ipv6(name) => Fact::Ipv6(name, Answer::Failed(why)),
            Self::Mx(name) => Fact::Mx(name, Answer::Failed(why)),
            Self::Names(address) => Fact::Names(address, Answer::Failed(why)),
            Self::Virus => Fact::Virus(Scanned::Failed(why)),
            Self::Inner(digest) => Fact::Inner(digest, Scanned::Failed(why)),
            Self::Partner(domain) => Fact::Partner(domain, Remembered::Failed(why)),
            Self::Stored(entry) => Fact::Stored(entry, Recalled::Failed(why)),
        }
    }
}

/// Why no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// Nothing came in time.
    Timeout,
    /// SERVFAIL, or an error word of the scanner.
    ServerFailure,
    /// The server would not talk to us: REFUSED, connection refused, no such socket.
    Refused,
    /// It hung up in the middle.
    Interrupted,
    /// What came back is not of the protocol.
    Malformed,
    /// The message is larger than the scanner takes.
    TooLarge,
    /// Not asked, for the mail has asked too much already.
    OverBudget,
    /// Not asked: a replay or a scan without name server has no such answer.
    NotRecorded,
}

impl Failure {
    pub const ALL: [Self; 8] = [
        Self::Timeout,
        Self::ServerFailure,
        Self::Refused,
        Self::Interrupted,
        Self::Malformed,
        Self::TooLarge,
        Self::OverBudget,
        Self::NotRecorded,
    ];

    /// The word used in cases, metrics and logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::ServerFailure => "server_failure",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::OverBudget => "over_budget",
            Self::NotRecorded => "not_recorded",
        }
    }

    /// The failure that a word names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.word() == word)
    }
}

/// An answer is always had; that none came is an answer too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// At least one record.
    Records(Vec<T>),
    /// The name exists but has no such record (NODATA).
    NoData,
    /// The name does not exist (NXDOMAIN).
    NoName,
    Failed(Failure),
}

impl<T> Answer<T> {
    /// The records; none if there are none or no answer came.
    #[must_use]
    pub fn records(&self) -> &[T] {
        match self {
            Self::Records(records) => records,
            _ => &[],
        }
    }

    /// Why no answer came, if none did.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Failed(failure) => Some(*failure),
            _ => None,
        }
    }
}

/// One TXT record: its character-strings joined without space (RFC 7208 3.3), any octets.
pub type Text = Vec<u8>;

/// One mail exchanger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exchanger {
    pub preference: u16,
    pub host: Name,
}

/// What the virus scanner said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// No scanner is configured.
    NotAsked,
    Clean,
    /// The name of the signature.
    Infected(String),
    /// Never "clean".
    Failed(Failure),
}

/// What the store said of a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// The domain is not known, or nothing is remembered here.
    Nothing,
    Known(History),
    Failed(Failure),
}

/// A question together with its answer, as the world hands it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Txt(Name, Answer<Text>),
    Ipv4(Name, Answer<Ipv4Addr>),
    Ipv6(Name, Answer<Ipv6Addr>),
    Mx(Name, Answer<Exchanger>),
    Names(IpAddr, Answer<Name>),
    Virus(Scanned),
    Inner(Digest, Scanned),
    Partner(Domain, Remembered),
    Stored(Entry, Recalled),
}

impl Fact {
    /// The question this answers.
    #[must_use]
    pub fn question(&self) -> Question {
        match self {
            Self::Txt(name, _) => Question::Txt(name.clone()),
            Self::Ipv4(name, _) => Question::Ipv4(name.clone()),
            Self::Ipv6(name, _) => Question::Ipv6(name.clone()),
            Self::Mx(name, _) => Question::Mx(name.clone()),
            Self::Names(address, _) => Question::Names(*address),
            Self::Virus(_) => Question::Virus,
            Self::Inner(digest, _) => Question::Inner(digest.clone()),
            Self::Partner(domain, _) => Question::Partner(domain.clone()),
            Self::Stored(entry, _) => Question::Stored(entry.clone()),
        }
    }

    /// Why no answer came, if none did.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Txt(_, answer) => answer.failure(),
            Self::Ipv4(_, answer) => answer.failure(),
            Self::Ipv6(_, answer) => answer.failure(),
            Self::Mx(_, answer) => answer.failure(),
            Self::Names(_, answer) => answer.failure(),
            Self::Virus(Scanned::Failed(failure))
            | Self::Inner(_, Scanned::Failed(failure))
            | Self::Partner(_, Remembered::Failed(failure))
            | Self::Stored(_, Recalled::Failed(failure)) => Some(*failure),
            Self::Virus(_) | Self::Inner(..) | Self::Partner(..) | Self::Stored(..) => None,
        }
    }
}

/// All that is known about one mail. Facts only grow; the first answer to a question stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub(super) txt: BTreeMap<Name, Answer<Text>>,
    pub(super) ipv4: BTreeMap<Name, Answer<Ipv4Addr>>,
    pub(super) ipv6: BTreeMap<Name, Answer<Ipv6Addr>>,
    pub(super) mx: BTreeMap<Name, Answer<Exchanger>>,
    pub(super) names: BTreeMap<IpAddr, Answer<Name>>,
    pub(super) virus: Option<Scanned>,
    pub(super) inner: BTreeMap<Digest, Scanned>,
    pub(super) partner: BTreeMap<Domain, Remembered>,
    pub(super) stored: BTreeMap<Entry, Recalled>,
}

impl Facts {
    /// Adds a fact; a question that has its answer keeps it, so order cannot change a verdict.
    pub fn learn(&mut self, fact: Fact) {
        match fact {
            Fact::Txt(name, answer) => drop(self.txt.entry(name).or_insert(answer)),
            Fact::Ipv4(name, answer) => drop(self.ipv4.entry(name).or_insert(answer)),
            Fact::Ipv6(name, answer) => drop(self.ipv6.entry(name).or_insert(answer)),
            Fact::Mx(name, answer) => drop(self.mx.entry(name).or_insert(answer)),
            Fact::Names(address, answer) => drop(self.names.entry(address).or_insert(answer)),
            Fact::Virus(scanned) => drop(self.virus.get_or_insert(scanned)),
            Fact::Inner(digest, scanned) => drop(self.inner.entry(digest).or_insert(scanned)),
            Fact::Partner(domain, remembered) => {
                self.partner.entry(domain).or_insert(remembered);
            }
            Fact::Stored(entry, recalled) => {
                self.stored.entry(entry).or_insert(recalled);
            }
        }
    }

    /// What the scanner said of the message and of all that was found inside: the worst of it.
    #[must_use]
    pub fn scanned(&self) -> &Scanned {
        let rank = |scanned: &&Scanned| match scanned {
            Scanned::NotAsked => 0,
            Scanned::Clean => 1,
            Scanned::Failed(_) => 2,
            Scanned::Infected(_) => 3,
        };
        self.virus.iter().chain(self.inner.values()).max_by_key(rank).unwrap_or(&Scanned::NotAsked)
    }

    /// The best level that a domain is remembered for.
    #[must_use]
    pub fn partner_level(&self, domain: &Domain) -> Option<Level> {
        match self.partner.get(domain)? {
            Remembered::Known(history) => Some(history.level()),
            Remembered::Nothing | Remembered::Failed(_) => None,
        }
    }

    /// What is remembered of an entry, if it was asked.
    #[must_use]
    pub fn recalled(&self, entry: &Entry) -> Option<Recalled> {
        self.stored.get(entry).copied()
    }

    /// The shape of the mail, if it was asked for, with what is remembered of it.
    #[must_use]
    pub fn shape(&self) -> Option<(&Entry, Recalled)> {
        let mut shapes = self.stored.iter().filter(|(entry, _)| matches!(entry.sort, Sort::Shape(_)));
        shapes.next().map(|(entry, said)| (entry, *said))
    }

    /// The greatest number that is remembered of the entries of some sorts.
    #[must_use]
    pub fn most(&self, is_wanted: impl Fn(Sort) -> bool) -> Option<i64> {
        let numbers =
            self.stored.iter().filter(|(entry, _)| is_wanted(entry.sort)).filter_map(|(_, said)| match said {
                Recalled::Number(number) => Some(*number),
                Recalled::Nothing | Recalled::Failed(_) => None,
            });
        numbers.max()
    }

    /// The seconds in which copies of the mail were counted, if they were.
    #[must_use]
    pub fn shape_window(&self) -> Option<u32> {
        self.stored.keys().find_map(|entry| match entry.sort {
            Sort::Shape(seconds) => Some(seconds),
            _ => None,
        })
    }

    /// Every fact, in a fixed order.
    #[must_use]
    pub fn all(&self) -> Vec<Fact> {
        let mut all = Vec::new();
        all.extend(self.txt.iter().map(|(name, answer)| Fact::Txt(name.clone(), answer.clone())));
        all.extend(self.ipv4.iter().map(|(name, answer)| Fact::Ipv4(name.clone(), answer.clone())));
        all.extend(self.ipv6.iter().map(|(name, answer)| Fact::Ipv6(name.clone(), answer.clone())));
        all.extend(self.mx.iter().map(|(name, answer)| Fact::Mx(name.clone(), answer.clone())));
        all.extend(self.names.iter().map(|(address, answer)| Fact::Names(*address, answer.clone())));
        all.extend(self.virus.iter().map(|scanned| Fact::Virus(scanned.clone())));
        all.extend(self.inner.iter().map(|(digest, scanned)| Fact::Inner(digest.clone(), scanned.clone())));
        all.extend(self.partner.iter().map(|(domain, remembered)| Fact::Partner(domain.clone(), *remembered)));
        all.extend(self.stored.iter().map(|(entry, recalled)| Fact::Stored(entry.clone(), *recalled)));
        all
    }
}

/// "I cannot say yet": a fact is missing and has been noted as wanted. Only a `Reading` makes one; pass it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Unknown(());

/// One reading of the facts. What is missing is noted, so that it can be asked and the reader run again.
pub struct Reading<'a> {
    facts: &'a Facts,
    wanted: RefCell<BTreeSet<Question>>,
}

impl<'a> Reading<'a> {
    #[must_use]
    pub fn of(facts: &'a Facts) -> Self {
        Self { facts, wanted: RefCell::default() }
    }

    /// # Errors
    /// `Unknown` while nobody has asked.
    pub fn txt(&self, name: &Name) -> Result<&'a Answer<Text>, Unknown> {
        self.facts.txt.get(name).ok_or_else(|| self.want(Question::Txt(name.clone())))
    }

    /// # Errors
    /// `Unknown` while nobody has asked.
    pub fn ipv4(&self, name: &Name) -> Result<&'a Answer<Ipv4Addr>, Unknown> {
        self.facts.ipv4.get(name).ok_or_else(|| self.want(Question::Ipv4(name.clone())))
    }

    /// # Errors
    /// `Unknown` while nobody has asked.
    pub fn ipv6(&self, name: &Name) -> Result<&'a Answer<Ipv6Addr>, Unknown> {
        self.facts.ipv6.get(name).ok_or_else(|| self.want(Question::Ipv6(name.clone())))
    }

    /// # Errors
    /// `Unknown` while nobody has asked.
    pub fn mx(&self, name: &Name) -> Result<&'a Answer<Exchanger>, Unknown> {
        self.facts.mx.get(name).ok_or_else(|| self.want(Question::Mx(name.clone())))
    }

    /// # Errors
    /// `Unknown` while nobody has asked.
    pub fn names(&self, address: IpAddr) -> Result<&'a Answer<Name>, Unknown> {
        self.facts.names.get(&address).ok_or_else(|| self.want(Question::Names(address)))
    }

    /// # Errors
    /// `Unknown` while the scan runs.
    pub fn virus(&self) -> Result<&'a Scanned, Unknown> {
        self.facts.virus.as_ref().ok_or_else(|| self.want(Question::Virus))
    }

    /// # Errors
    /// `Unknown` while nobody has asked.
    pub fn inner(&self, digest: &Digest) -> Result<&'a Scanned, Unknown> {
        self.facts.inner.get(digest).ok_or_else(|| self.want(Question::Inner(digest.clone())))
    }

    /// # Errors
    /// `Unknown` while nobody has asked.
    pub fn partner(&self, domain: &Domain) -> Result<&'a Remembered, Unknown> {
        self.facts.partner.get(domain).ok_or_else(|| self.want(Question::Partner(domain.clone())))
    }

    /// # Errors
    /// `Unknown` while nobody has asked.
    pub fn recalled(&self, entry: &Entry) -> Result<&'a Recalled, Unknown> {
        self.facts.stored.get(entry).ok_or_else(|| self.want(Question::Stored(entry.clone())))
    }

    /// What was missed in this reading.
    #[must_use]
    pub fn wanted(self) -> BTreeSet<Question> {
        self.wanted.into_inner()
    }

    fn want(&self, question: Question) -> Unknown {
        self.wanted.borrow_mut().insert(question);
        Unknown(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_stays() {
        let mut facts = Facts::default();
        let question = Question::Txt(Name::new("A.example."));
        facts.learn(question.failed(Failure::Timeout));
        facts.learn(Fact::Txt(Name::new("a.example"), Answer::NoName));
        let reading = Reading::of(&facts);
        assert_eq!(reading.txt(&Name::new("a.EXAMPLE")).unwrap().failure(), Some(Failure::Timeout));
        assert!(reading.virus().is_err());
        assert_eq!(reading.wanted(), BTreeSet::from([Question::Virus]));
    }
}
