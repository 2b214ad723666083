//! Named lists: `rules/lists/NAME.txt`, one entry a line, `#` begins a comment.
//!
//! Pure: the files are read by the caller. What an entry means depends on the field that is looked up.

use super::fields::Type;
use crate::{
    judge::document::{Complaint, Position},
    mail::{address::Domain, network::Network},
};
use aho_corasick::AhoCorasick;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashSet},
    net::IpAddr,
};

/// Lists by name.
pub type Lists = BTreeMap<String, List>;

/// The entries of one list, as they stand in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    file: String,
    /// Line, counted from 1, and the entry.
    entries: Vec<(usize, String)>,
}

impl List {
    /// Reads the text of a list.
    #[must_use]
    pub fn read(file: &str, text: &str) -> Self {
        let lines =
            text.lines().enumerate().map(|(at, line)| (at + 1, line.split('#').next().unwrap_or_default().trim()));
        let entries = lines.filter(|(_, entry)| !entry.is_empty()).map(|(at, entry)| (at, entry.to_owned())).collect();
        Self { file: file.to_owned(), entries }
    }

    /// A list that the configuration holds.
    #[must_use]
    pub fn of(file: &str, entries: impl IntoIterator<Item = String>) -> Self {
        Self { file: file.to_owned(), entries: entries.into_iter().map(|entry| (1, entry)).collect() }
    }

    /// The entries without their places.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(_, entry)| entry.as_str())
    }

    fn complaint(&self, line: usize, what: String) -> Complaint {
        Complaint { position: Position { file: self.file.clone(), line, column: 1 }, what }
    }

    /// The entries as a set for values of this type.
    ///
    /// # Errors
    /// Every entry that can never match such a value.
    pub fn set(&self, kind: Type) -> Result<Set, Vec<Complaint>> {
        let mut set = Set { kind, words: HashSet::new(), networks: Vec::new() };
        let mut complaints = Vec::new();
        for (line, entry) in &self.entries {
            if let Err(what) = set.add(entry) {
                complaints.push(self.complaint(*line, what));
            }
        }
        if complaints.is_empty() { Ok(set) } else { Err(complaints) }
    }

    /// Lines of the form `words: domain domain`, for `impersonates`.
    ///
    /// # Errors
    /// Every line that has another form.
    pub fn brands(&self) -> Result<Brands, Vec<Complaint>> {
        let mut brands = Vec::new();
        let mut complaints = Vec::new();
        for (line, entry) in &self.entries {
            match Brand::parse(entry) {
                Some(brand) => brands.push(brand),
                None => complaints
                    .push(self.complaint(*line, format!("`{entry}` is not of the form `name: domain domain`"))),
            }
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        Brands::new(brands).map_err(|what| vec![self.complaint(1, what)])
    }
}

/// All brands of a list, looked for in one pass.
#[derive(Clone, Debug)]
pub struct Brands {
    automaton: AhoCorasick,
    all: Vec<Brand>,
}

impl Brands {
    fn new(all: Vec<Brand>) -> Result<Self, String> {
        let automaton = AhoCorasick::new(all.iter().map(|brand| &brand.words));
        Ok(Self { automaton: automaton.map_err(|error| format!("too many names: {error}"))?, all })
    }

    /// The brands that a folded text names, in whole words.
    pub fn named<'b>(&'b self, text: &'b [u8]) -> impl Iterator<Item = &'b Brand> {
        let is_letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        let found = self.automaton.find_overlapping_iter(text);
        found.filter_map(move |found| {
            let is_whole = !is_letter(found.start().checked_sub(1)) && !is_letter(Some(found.end()));
            self.all.get(found.pattern().as_usize()).filter(|_| is_whole)
        })
    }
}

/// A name that people trust, and the domains it writes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// Folded, white space runs as one space.
    pub words: Vec<u8>,
    pub domains: Vec<Domain>,
}

impl Brand {
    fn parse(entry: &str) -> Option<Self> {
        let (name, domains) = entry.split_once(':')?;
        let words = super::fields::folded(name.trim().as_bytes());
        let domains: Option<Vec<Domain>> = domains.split_whitespace().map(Domain::parse).collect();
        domains.filter(|domains| !domains.is_empty() && !words.is_empty()).map(|domains| Self { words, domains })
    }
}

/// Entries made ready for looking up.
#[derive(Clone, Debug)]
pub struct Set {
    kind: Type,
    /// Lower case; domains as A-labels.
    words: HashSet<Vec<u8>>,
    networks: Vec<Network>,
}

impl Set {
    /// An empty set for values of a type.
    #[must_use]
    pub fn new(kind: Type) -> Self {
        Self { kind, words: HashSet::new(), networks: Vec::new() }
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// When it cannot match a value of this type, in words.
    pub fn add(&mut self, entry: &str) -> Result<(), String> {
        let domain = |text: &str| Domain::parse(text).ok_or_else(|| format!("`{text}` is no domain name"));
        match self.kind {
            Type::Network => self.networks.push(entry.parse()?),
            Type::Domain => {
                self.words.insert(domain(entry.trim_start_matches('.'))?.as_str().as_bytes().to_vec());
            }
            Type::Address => {
                let host = entry.rsplit_once('@').map_or(entry, |(_, host)| host);
                domain(host)?;
                let entry = entry.strip_prefix('@').unwrap_or(entry);
                self.words.insert(entry.to_lowercase().into_bytes());
            }
            Type::Word(words) if !words.contains(&entry) => {
                return Err(super::super::document::unknown("word", entry, words.iter().copied()));
            }
            _ => {
                self.words.insert(entry.to_lowercase().into_bytes());
            }
        }
        Ok(())
    }

    /// Is the value in the set?
    #[must_use]
    pub fn contains(&self, value: &[u8]) -> bool {
        match self.kind {
            Type::Network => {
                let address = std::str::from_utf8(value).ok().and_then(|text| text.parse::<IpAddr>().ok());
                address.is_some_and(|address| self.networks.iter().any(|network| network.contains(address)))
            }
            Type::Domain => self.has_domain(&lower(value)),
            Type::Address => {
                let value = lower(value);
                let host = value.iter().rposition(|byte| *byte == b'@').and_then(|at| value.get(at + 1..));
                self.words.contains(&value) || host.is_some_and(|host| self.has_domain(host))
            }
            _ => self.words.contains(&lower(value)),
        }
    }

    /// The name, or one it is below.
    fn has_domain(&self, name: &[u8]) -> bool {
        let mut rest = name;
        loop {
            if self.words.contains(rest) {
                return true;
            }
            let Some(dot) = memchr::memchr(b'.', rest) else { return false };
            rest = rest.get(dot + 1..).unwrap_or_default();
        }
    }
}

fn lower(value: &[u8]) -> Vec<u8> {
    if value.is_ascii() {
        value.to_ascii_lowercase()
    } else {
        String::from_utf8_lossy(value).to_lowercase().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_says_what_an_entry_means() {
        let list = List::read("l.txt", "# those we know\nexample.org\nB\u{fc}cher.example # umlaut\n\n");
        let domains = list.set(Type::Domain).unwrap();
        assert!(domains.contains(b"mail.Example.org") && domains.contains(b"xn--bcher-kva.example"));
        assert!(!domains.contains(b"badexample.org") && !domains.contains(b""));
        let addresses =
            List::of("x", ["@example.org".to_owned(), "a@b.example".to_owned()]).set(Type::Address).unwrap();
        assert!(addresses.contains(b"anyone@sub.example.org") && addresses.contains(b"A@b.example"));
        assert!(!addresses.contains(b"c@b.example"));
        let networks = List::of("x", ["192.0.2.0/24".to_owned()]).set(Type::Network).unwrap();
        assert!(networks.contains(b"192.0.2.9") && !networks.contains(b"192.0.3.9") && !networks.contains(b"x"));
    }

    #[test]
    fn entries_that_never_match_are_told_with_their_line() {
        let complaints = List::read("l.txt", "example.org\n\nnot a domain\n").set(Type::Domain).unwrap_err();
        assert_eq!(complaints[0].to_string(), "l.txt:3:1: `not a domain` is no domain name");
        assert_eq!(List::read("b.txt", "paypal paypal.com").brands().unwrap_err().len(), 1);
        let brands = List::read("b.txt", "Pay Pal: paypal.com\nPay: pay.example").brands().unwrap();
        let named = |text: &str| brands.named(text.as_bytes()).map(|brand| brand.words.len()).collect::<Vec<_>>();
        assert_eq!(
            (named("your pay pal account"), named("pay palace"), named("xpay pal")),
            (vec![3, 7], vec![3], vec![])
        );
    }
}
