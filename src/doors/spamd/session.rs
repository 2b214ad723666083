//! The spamd protocol as a machine: octets in, what is asked out (SpamAssassin's spamd/PROTOCOL, versions 1.2 to 1.5).
//!
//! Pure. One request a connection. Any octets give events or one fault; what is held is one line at most.

use crate::limits;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Is it spam?
    Check,
    /// The names of what was found.
    Symbols,
    /// Everything that was found, for people.
    Report,
    /// The same, if it is spam.
    ReportIfSpam,
    /// The edited header section.
    Headers,
    /// The edited mail.
    Process,
}

const COMMANDS: [(&str, Command); 6] = [
    ("CHECK", Command::Check),
    ("SYMBOLS", Command::Symbols),
    ("REPORT", Command::Report),
    ("REPORT_IFSPAM", Command::ReportIfSpam),
    ("HEADERS", Command::Headers),
    ("PROCESS", Command::Process),
];

/// What the octets so far mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Ping,
    /// The client wants nothing: hang up.
    Skip,
    Begin(Command),
    /// Octets of the mail.
    Bytes(Vec<u8>),
    /// The mail is whole.
    End,
}

/// A breach of the protocol, or what we do not do; with the code (sysexits) and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("Bad header line: a request is `COMMAND SPAMC/1.5`")]
    Request,
    #[error("Bad header line: too long or too many")]
    TooLong,
    #[error("Bad header line: Content-length is no number")]
    Length,
    #[error("Bad header line: compressed mail is not taken, call spamc without -z")]
    Compressed,
    #[error("Service Unavailable: TELL is not done here, use wehr learn")]
    Tell,
    #[error("the mail is shorter than its Content-length")]
    Short,
}

impl Fault {
    /// Exit code of sysexits.h that the answer carries.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Tell => 69,
            Self::Short => 65,
            Self::Request | Self::TooLong | Self::Length | Self::Compressed => 76,
        }
    }

    /// Its name, as spamd writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Tell => "EX_UNAVAILABLE",
            Self::Short => "EX_DATAERR",
            Self::Request | Self::TooLong | Self::Length | Self::Compressed => "EX_PROTOCOL",
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
enum Stage {
    #[default]
    Request,
    Fields,
    /// Octets still to come; `None`: until the client ends.
    Mail(Option<usize>),
    Done,
}

/// One request.
#[derive(Debug, Default)]
pub struct Session {
    stage: Stage,
    line: Vec<u8>,
    lines: usize,
    length: Option<usize>,
}

impl Session {
    /// Takes octets; what comes after the request is over is not looked at.
    ///
    /// # Errors
    /// The fault that ends the session.
    pub fn take(&mut self, octets: &[u8]) -> Result<Vec<Event>, Fault> {
        let mut events = Vec::new();
        let mut rest = octets;
        while !rest.is_empty() {
            match self.stage {
                Stage::Done => break,
                Stage::Mail(None) => {
                    events.push(Event::Bytes(rest.to_vec()));
                    rest = &[];
                }
                Stage::Mail(Some(missing)) => {
                    let (now, later) = rest.split_at(missing.min(rest.len()));
                    rest = later;
                    events.push(Event::Bytes(now.to_vec()));
                    self.expect(missing - now.len(), &mut events);
                }
                Stage::Request | Stage::Fields => {
                    let end = rest.iter().position(|octet| *octet == b'\n');
                    let (now, later) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
                    rest = later;
                    self.line.extend_from_slice(now);
                    if self.line.len() > limits::SPAMD_LINE_BYTES_MAX {
                        return Err(self.fail(Fault::TooLong));
                    }
                    if end.is_some() {
                        let line = std::mem::take(&mut self.line);
                        self.line(String::from_utf8_lossy(&line).trim_end(), &mut events)
                            .map_err(|fault| self.fail(fault))?;
                    }
                }
            }
        }
        Ok(events)
    }

    /// The client will send no more.
    ///
    /// # Errors
    /// When that is too early.
    pub fn end(&mut self) -> Result<Vec<Event>, Fault> {
        let stage = std::mem::replace(&mut self.stage, Stage::Done);
        match stage {
            Stage::Mail(None) => Ok(vec![Event::End]),
            Stage::Done => Ok(Vec::new()),
            Stage::Request if self.line.is_empty() => Ok(vec![Event::Skip]),
            Stage::Mail(Some(_)) => Err(Fault::Short),
            Stage::Request | Stage::Fields => Err(Fault::Request),
        }
    }

    /// Is nothing more wanted from the client?
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    fn fail(&mut self, fault: Fault) -> Fault {
        self.stage = Stage::Done;
        fault
    }

    fn line(&mut self, line: &str, events: &mut Vec<Event>) -> Result<(), Fault> {
        self.lines += 1;
        if self.lines > limits::SPAMD_LINES_MAX {
            return Err(Fault::TooLong);
        }
        match self.stage {
            Stage::Fields if line.is_empty() => {
                match self.length {
                    Some(length) => self.expect(length, events),
                    None => self.stage = Stage::Mail(None),
                }
                Ok(())
            }
            Stage::Fields => self.field(line),
            _ => self.request(line, events),
        }
    }

    fn request(&mut self, line: &str, events: &mut Vec<Event>) -> Result<(), Fault> {
        let (word, version) = line.split_once(' ').ok_or(Fault::Request)?;
        if !version.trim().starts_with("SPAMC/") {
            return Err(Fault::Request);
        }
        let only = match word {
            "PING" => Some(Event::Ping),
            "SKIP" => Some(Event::Skip),
            "TELL" => return Err(Fault::Tell),
            _ => None,
        };
        if let Some(event) = only {
            events.push(event);
            self.stage = Stage::Done;
            return Ok(());
        }
        let known = COMMANDS.into_iter().find(|(name, _)| *name == word);
        let (_, command) = known.ok_or(Fault::Request)?;
        events.push(Event::Begin(command));
        self.stage = Stage::Fields;
        Ok(())
    }

    fn field(&mut self, line: &str) -> Result<(), Fault> {
        let (name, value) = line.split_once(':').ok_or(Fault::Request)?;
        if name.eq_ignore_ascii_case("content-length") {
            let digits = value.trim();
            let is_number = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
            self.length = Some(digits.parse().ok().filter(|_| is_number).ok_or(Fault::Length)?);
        } else if name.eq_ignore_ascii_case("compress") {
            return Err(Fault::Compressed);
        }
        Ok(())
    }

    fn expect(&mut self, octets: usize, events: &mut Vec<Event>) {
        self.stage = Stage::Mail(Some(octets));
        if octets == 0 {
            self.stage = Stage::Done;
            events.push(Event::End);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that a request means, sent in pieces; pieces of the mail are put together.
    fn play(request: &[u8], cut: usize) -> (Vec<Event>, Option<Fault>) {
        let (mut session, mut events) = (Session::default(), Vec::new());
        for piece in request.chunks(cut) {
            match session.take(piece) {
                Ok(more) => events.extend(more),
                Err(fault) => return (events, Some(fault)),
            }
        }
        match session.end() {
            Ok(more) => events.extend(more),
            Err(fault) => return (events, Some(fault)),
        }
        (events, None)
    }

    #[test]
    fn a_mail_has_its_length_or_ends_with_the_client() {
        let (events, fault) = play(b"CHECK SPAMC/1.5\r\nUser: a\r\nContent-length: 3\r\n\r\nabcdef", 99);
        assert_eq!(events, [Event::Begin(Command::Check), Event::Bytes(b"abc".to_vec()), Event::End]);
        assert_eq!(fault, None);
        let (events, _) = play(b"PROCESS SPAMC/1.2\n\nabc", 99);
        assert_eq!(events, [Event::Begin(Command::Process), Event::Bytes(b"abc".to_vec()), Event::End]);
        assert_eq!(play(b"CHECK SPAMC/1.5\r\nContent-length: 9\r\n\r\nabc", 99).1, Some(Fault::Short));
    }

    #[test]
    fn breaches_are_named() {
        assert_eq!(play(b"PING SPAMC/1.2\r\n", 1).0, [Event::Ping]);
        assert_eq!(play(b"GET / HTTP/1.1\r\n\r\n", 99).1, Some(Fault::Request));
        assert_eq!(play(b"CHECK SPAMC/1.5\r\nCompress: zlib\r\n\r\n", 99).1, Some(Fault::Compressed));
        assert_eq!(play(b"CHECK SPAMC/1.5\r\nContent-length: +3\r\n\r\nabc", 99).1, Some(Fault::Length));
        assert_eq!(play(&[b'x'; 9000], 500).1, Some(Fault::TooLong));
    }
}
