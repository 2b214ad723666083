//! Who answers the questions of a scan: nobody, a zone file, or a name server; and a clamd, if one is named.
//!
//! Reads the zone file; sockets are the world's affair.

use crate::{
    judge::facts::{Fact, Failure, Question, Remembered, Scanned},
    limits,
    world::{
        Scan, World,
        clamd::{self, Clamd},
        dns::{self, Dns},
        place::Place,
        zone::Zone,
    },
};
use futures_util::{FutureExt, future::BoxFuture};
use std::{fs, io::Read, net::SocketAddr, path::Path};

/// The world of a scan.
pub struct Outside {
    names: Names,
    clamd: Option<Clamd>,
}

/// Who knows DNS.
pub enum Names {
    /// Nothing is asked: every answer is `Failed(NotRecorded)`.
    Nobody,
    /// A file that is the whole of DNS.
    Zone(Zone),
    Servers(Box<Dns>),
}

impl Names {
    /// Reads a zone file.
    ///
    /// # Errors
    /// Every fault of the file, one a line.
    pub fn zone(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let bound = u64::try_from(limits::CONFIG_BYTES_MAX).unwrap_or(u64::MAX - 1);
        let mut text = Vec::new();
        let read = fs::File::open(path).and_then(|file| file.take(bound + 1).read_to_end(&mut text));
        read.map_err(|error| format!("{name}: {error}"))?;
        if text.len() > limits::CONFIG_BYTES_MAX {
            return Err(format!("{name}: larger than {} octets", limits::CONFIG_BYTES_MAX));
        }
        Zone::parse(&name, &text).map(Self::Zone).map_err(|faults| faults.join("\n"))
    }

    /// Asks one name server.
    ///
    /// # Errors
    /// When the DNS library does not start.
    pub fn server(address: SocketAddr) -> Result<Self, String> {
        let settings = dns::Settings { resolvers: vec![address], timeout: limits::DNS_SECONDS_MAX };
        Dns::new(&settings).map(|dns| Self::Servers(Box::new(dns)))
    }

    /// Do answers take time?
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Servers(_))
    }
}

impl Outside {
    #[must_use]
    pub fn new(names: Names, clamd: Option<Place>, stream_bytes_max: usize, connections_max: usize) -> Self {
        let settings = |place| clamd::Settings {
            place,
            stream_bytes_max: Some(stream_bytes_max),
            connections_max,
            timeout: limits::SCAN_SECONDS_MAX,
        };
        Self { names, clamd: clamd.map(|place| Clamd::new(settings(place))) }
    }
}

impl World for Outside {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Fact> {
        async move {
            match (question, &self.names) {
                (Question::Virus, _) => Fact::Virus(Scanned::NotAsked),
                (Question::Inner(digest), _) => Fact::Inner(digest.clone(), Scanned::NotAsked),
                // A scan has no memory: it is not the house's own receiving.
                (Question::Partner(domain), _) => Fact::Partner(domain.clone(), Remembered::Nothing),
                (Question::Stored(_), _) | (_, Names::Nobody) => question.failed(Failure::NotRecorded),
                (_, Names::Zone(zone)) => zone.answer(question),
                (_, Names::Servers(dns)) => dns.ask(question).await.fact,
            }
        }
        .boxed()
    }

    fn scan(&self) -> Option<Box<dyn Scan>> {
        self.clamd.as_ref().map(|clamd| Box::new(clamd.scan()) as Box<dyn Scan>)
    }
}
