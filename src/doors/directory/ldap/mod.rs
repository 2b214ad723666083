//! LDAP (RFC 4511): the keys that the entry of an address holds. One connection a question; referrals are not followed.
//!
//! Touches sockets, and once the file of the password. Octets are bounded here, seconds by whoever asks.

pub mod message;
pub mod place;

use self::message::{Said, Value};
use super::web::Trouble;
use crate::{
    doors::deliver::lmtp::stream::{Secured, Stream, Tls, TlsStart},
    limits,
};
use std::{fs, path::PathBuf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Results that mean something to whoever looks after the filter (RFC 4511 A.1).
const SUCCESS: u32 = 0;
const SIZE_LIMIT: u32 = 4;

/// Which directory, and as whom it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub place: place::Place,
    /// PEM file of the authorities to trust; without it those that browsers trust.
    pub authorities: Option<PathBuf>,
    /// A name and the file with its password; without it nobody in particular asks.
    pub user: Option<(String, PathBuf)>,
}

/// A directory that can be asked.
pub struct Ldap {
    settings: Settings,
    secured: Option<Secured>,
    password: Vec<u8>,
}

impl Ldap {
    /// # Errors
    /// What is wrong with authorities or password, in words.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let place = &settings.place;
        let tls = |start: TlsStart| Tls { start, roots: settings.authorities.clone(), server_name: None, client: None };
        let secured = place.tls.map(|start| Secured::new(&tls(start), &place.socket)).transpose()?;
        let password = settings.user.as_ref().map(|(_, file)| password(file)).transpose()?.unwrap_or_default();
        Ok(Self { settings: settings.clone(), secured, password })
    }

    /// The values of all entries with this address.
    ///
    /// # Errors
    /// The directory does not answer, or refuses.
    pub async fn find(&self, address: &str) -> Result<Vec<Value>, Trouble> {
        let place = &self.settings.place;
        let mut talk = Talk { stream: place.socket.connect().await.map_err(|error| self.named(error))?, taken: 0 };
        if let Some(secured) = &self.secured {
            if secured.start == TlsStart::StartTls {
                let code = talk.ask(&message::start_tls(1), 1, &mut Vec::new()).await?;
                self.granted("StartTLS", code)?;
            }
            talk.stream = secured.secure(talk.stream).await.map_err(|error| self.named(error))?;
        }
        let name = self.settings.user.as_ref().map_or("", |(name, _)| name);
        let code = talk.ask(&message::bind(2, name, &self.password), 2, &mut Vec::new()).await?;
        self.granted("the login", code)?;
        let mut values = Vec::new();
        let code = talk.ask(&message::search(3, &place.base, address), 3, &mut values).await?;
        if code != SIZE_LIMIT {
            self.granted("the search", code)?;
        }
        // Whoever hangs up at once says nothing worth knowing.
        let _ = talk.stream.write_all(&message::unbind(4)).await;
        values.truncate(limits::KEYS_IN_ANSWER_MAX);
        Ok(values)
    }

    fn granted(&self, what: &str, code: u32) -> Result<(), Trouble> {
        let why = match code {
            SUCCESS => return Ok(()),
            3 => "it took too long",
            7 | 8 | 13 => "it wants TLS, or another login",
            32 => "the entry to search below is not there; look at encryption.ldap",
            49 => "name or password is wrong",
            50 => "not allowed",
            _ => "RFC 4511 A.2 tells what that means",
        };
        Err(self.named(format_args!("{what} is refused with result code {code}: {why}")))
    }

    fn named(&self, what: impl std::fmt::Display) -> Trouble {
        Trouble(format!("{}: {what}", self.settings.place.socket))
    }
}

/// One connection.
struct Talk {
    stream: Stream,
    /// Octets of all answers.
    taken: usize,
}

impl Talk {
    /// Says something and listens to the end of the answer: its result code.
    async fn ask(&mut self, request: &[u8], id: u8, values: &mut Vec<Value>) -> Result<u32, Trouble> {
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        loop {
            let octets = self.hear().await?;
            match message::read(&octets, id) {
                Some(Said::Done(code)) => return Ok(code),
                Some(Said::Found(found)) => values.extend(found),
                Some(Said::Other) => {}
                None => return Err(Trouble("an answer to nothing that was asked".to_owned())),
            }
        }
    }

    /// One message, and not an octet more: what comes behind StartTLS is no plaintext.
    async fn hear(&mut self) -> Result<Vec<u8>, Trouble> {
        let mut octets = Vec::new();
        let length = loop {
            octets.push(self.stream.read_u8().await?);
            if let Some(length) = message::length(&octets)? {
                break length;
            }
        };
        self.taken = self.taken.saturating_add(length);
        if self.taken > limits::KEY_ANSWER_BYTES_MAX {
            return Err(Trouble(format!("more than {} octets", limits::KEY_ANSWER_BYTES_MAX)));
        }
        let head = octets.len();
        octets.resize(length, 0);
        self.stream.read_exact(octets.get_mut(head..).unwrap_or_default()).await?;
        Ok(octets)
    }
}

/// An empty password would be a login as nobody (RFC 4513 5.1.2).
fn password(file: &PathBuf) -> Result<Vec<u8>, String> {
    let shown = file.display();
    let octets = fs::read(file).map_err(|error| format!("{shown}: {error}"))?;
    let end = octets.iter().rposition(|octet| !matches!(octet, b'\r' | b'\n')).map_or(0, |last| last + 1);
    match octets.get(..end) {
        Some(password) if !password.is_empty() => Ok(password.to_vec()),
        _ => Err(format!("{shown}: holds no password")),
    }
}
