//! A zone file as the whole of DNS: existence, wildcards (RFC 4592), aliases (RFC 1034 section 3.6.2), and made-up failures.
//!
//! Pure: what the file does not say is not so. It needs no SOA and no NS, and delegates nothing.

use crate::{
    judge::facts::{Answer, Exchanger, Fact, Failure, Name, Question, Remembered, Scanned, Text},
    limits,
    world::{
        Scan, World,
        labels::Labels,
        masterfile::{self, Data},
    },
};
use futures_util::{FutureExt, future::BoxFuture};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, Ipv6Addr},
};

/// All names of the file, and their ancestors.
#[derive(Clone, Debug)]
pub struct Zone {
    nodes: BTreeMap<Labels, Node>,
}

/// What a name has. A name that is only the ancestor of others has nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    pub txt: Vec<Text>,
    pub ipv4: Vec<Ipv4Addr>,
    pub ipv6: Vec<Ipv6Addr>,
    pub mx: Vec<(u16, Labels)>,
    pub ptr: Vec<Labels>,
    pub cname: Option<Labels>,
    /// Set by a TXT record `TIMEOUT` or `SERVFAIL`: what asking for a type without record comes to.
    pub broken: Option<Failure>,
    /// The shortest life that one of its records gives itself, in seconds.
    pub ttl: Option<u32>,
}

impl Zone {
    /// Reads a zone file; names without `$ORIGIN` are relative to the root.
    ///
    /// # Errors
    /// Every fault at once, each as `file:line:column: what`.
    pub fn parse(file: &str, text: &[u8]) -> Result<Self, Vec<String>> {
        let mut nodes: BTreeMap<Labels, Node> = BTreeMap::new();
        nodes.entry(Labels::default()).or_default();
        let mut faults = BTreeSet::new();
        for record in masterfile::parse(file, text)? {
            let mut ancestor = record.owner.parent();
            while let Some(name) = ancestor {
                if nodes.contains_key(&name) {
                    break;
                }
                ancestor = name.parent();
                nodes.insert(name, Node::default());
            }
            let name = record.owner.name();
            let node = nodes.entry(record.owner).or_default();
            node.ttl = node.ttl.into_iter().chain(record.ttl).min();
            if !node.take(record.data) {
                faults.insert(format!("{file}: {name} has two CNAME records; a name has one at most (RFC 1034 3.6.2)"));
            }
        }
        if faults.is_empty() { Ok(Self { nodes }) } else { Err(faults.into_iter().collect()) }
    }

    /// What a name has, by itself or through a wildcard; `None` if it does not exist.
    #[must_use]
    pub fn find(&self, name: &Labels) -> Option<&Node> {
        if let Some(node) = self.nodes.get(name) {
            return Some(node);
        }
        // RFC 4592 3.3.1: only the wildcard right under the closest name that exists can speak for a missing one.
        let mut encloser = name.parent()?;
        while !self.nodes.contains_key(&encloser) {
            encloser = encloser.parent()?;
        }
        self.nodes.get(&encloser.wildcard())
    }

    /// The answer to a question. The virus scanner is not asked here.
    #[must_use]
    pub fn answer(&self, question: &Question) -> Fact {
        match question {
            Question::Txt(name) => Fact::Txt(name.clone(), self.seek(Labels::of(name), |node| node.txt.clone())),
            Question::Ipv4(name) => Fact::Ipv4(name.clone(), self.seek(Labels::of(name), |node| node.ipv4.clone())),
            Question::Ipv6(name) => Fact::Ipv6(name.clone(), self.seek(Labels::of(name), |node| node.ipv6.clone())),
            Question::Mx(name) => Fact::Mx(name.clone(), self.seek(Labels::of(name), Node::exchangers)),
            Question::Names(address) => {
                Fact::Names(*address, self.seek(Some(Labels::reverse(*address)), Node::host_names))
            }
            Question::Virus => Fact::Virus(Scanned::NotAsked),
            Question::Inner(digest) => Fact::Inner(digest.clone(), Scanned::NotAsked),
            Question::Partner(domain) => Fact::Partner(domain.clone(), Remembered::Nothing),
            Question::Stored(_) => question.failed(Failure::NotRecorded),
        }
    }

    fn seek<T>(&self, name: Option<Labels>, records: impl Fn(&Node) -> Vec<T>) -> Answer<T> {
        let Some(mut name) = name else { return Answer::NoName };
        for _ in 0..limits::DNS_ALIASES_MAX {
            let Some(node) = self.find(&name) else { return Answer::NoName };
            let found = records(node);
            match (&node.cname, node.broken) {
                _ if !found.is_empty() => return Answer::Records(found),
                (Some(target), _) => name = target.clone(),
                (None, Some(failure)) => return Answer::Failed(failure),
                (None, None) => return Answer::NoData,
            }
        }
        Answer::Failed(Failure::ServerFailure)
    }
}

impl Node {
    /// Takes a record in; false if it contradicts one that is there.
    fn take(&mut self, data: Data) -> bool {
        match data {
            Data::Txt(text) => match text.as_slice() {
                b"TIMEOUT" => self.broken = self.broken.or(Some(Failure::Timeout)),
                b"SERVFAIL" => self.broken = self.broken.or(Some(Failure::ServerFailure)),
                _ => self.txt.push(text),
            },
            Data::Ipv4(address) => self.ipv4.push(address),
            Data::Ipv6(address) => self.ipv6.push(address),
            Data::Mx(preference, host) => self.mx.push((preference, host)),
            Data::Ptr(host) => self.ptr.push(host),
            Data::Cname(target) => return *self.cname.get_or_insert_with(|| target.clone()) == target,
            Data::Other => {}
        }
        true
    }

    fn exchangers(&self) -> Vec<Exchanger> {
        self.mx.iter().map(|(preference, host)| Exchanger { preference: *preference, host: host.name() }).collect()
    }

    fn host_names(&self) -> Vec<Name> {
        self.ptr.iter().map(Labels::name).collect()
    }
}

impl World for Zone {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Fact> {
        std::future::ready(self.answer(question)).boxed()
    }

    fn scan(&self) -> Option<Box<dyn Scan>> {
        None
    }
}
