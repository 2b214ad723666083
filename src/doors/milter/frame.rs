//! Milter packets: a length of four octets, a command octet, data (libmilter's mfdef.h, protocol versions 2 to 6).
//!
//! Pure. Everything here comes from the MTA, yet nothing is trusted: lengths are bounded before anything is reserved.

use crate::limits;
use bytes::{Buf, Bytes, BytesMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Octets of the length in front of every packet.
const LENGTH_BYTES: usize = 4;
/// A chunk of the body is handed on in pieces of at least this size, so that nobody holds 64 KiB a connection.
const PIECE_BYTES: usize = 8 << 10;

/// The MTA broke the protocol. The connection is closed; the MTA then defers the mail under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("a packet of {0} octets; at least 1 and at most {max} are taken", max = limits::MILTER_PACKET_BYTES_MAX)]
    Length(usize),
    #[error("the command octet {0:#04x} is unknown")]
    Command(u8),
    #[error("malformed {0} packet")]
    Malformed(&'static str),
    #[error("protocol version {0}; version 2 is the oldest that is spoken")]
    Version(u32),
    #[error("{0} out of order")]
    Order(&'static str),
}

/// One packet, its data still raw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub command: u8,
    pub data: Bytes,
    /// More of this chunk of the body is to come; only then the command is complete.
    pub has_more: bool,
}

/// Splits the octets of the MTA into packets.
#[derive(Debug, Default)]
pub struct Frames {
    pub buffer: BytesMut,
    /// Octets of a chunk of the body that are still to be handed on.
    body_left: usize,
}

/// A command of the MTA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Negotiate {
        version: u32,
        actions: u32,
        protocol: u32,
    },
    Macros {
        stage: u8,
        definitions: Vec<(Bytes, Bytes)>,
    },
    /// A packet of macros that cannot be read. No reply is due; what it said is left out.
    BadMacros,
    Connect {
        host: Bytes,
        address: Option<IpAddr>,
    },
    Helo(Bytes),
    /// Reverse-path and ESMTP parameters.
    Mail(Vec<Bytes>),
    Recipient(Vec<Bytes>),
    Data,
    Header {
        name: Bytes,
        value: Bytes,
    },
    EndOfHeader,
    Body {
        chunk: Bytes,
        has_more: bool,
    },
    /// Old MTAs put the last chunk of the body here.
    EndOfMessage(Bytes),
    Abort,
    Quit,
    QuitNewConnection,
    /// An SMTP command that the MTA does not know.
    Unknown,
}

impl Frames {
    /// Takes the next packet off the buffer, if it is there as a whole, or a piece of a body.
    ///
    /// # Errors
    /// When the length is out of bounds; nothing after it can be understood.
    pub fn take(&mut self) -> Result<Option<Frame>, Fault> {
        if self.body_left > 0 {
            return Ok(self.piece());
        }
        let Some(length) = announced(&self.buffer)? else { return Ok(None) };
        if self.buffer.len() >= LENGTH_BYTES + length {
            self.buffer.advance(LENGTH_BYTES);
            let mut data = self.buffer.split_to(length).freeze();
            return Ok(Some(Frame { command: data.get_u8(), data, has_more: false }));
        }
        if self.buffer.get(LENGTH_BYTES) != Some(&b'B') || self.buffer.len() < PIECE_BYTES {
            return Ok(None);
        }
        self.buffer.advance(LENGTH_BYTES + 1);
        self.body_left = length - 1;
        Ok(self.piece())
    }

    fn piece(&mut self) -> Option<Frame> {
        let octets = self.body_left.min(self.buffer.len());
        if octets < self.body_left.min(PIECE_BYTES / 2) {
            return None;
        }
        self.body_left -= octets;
        let data = self.buffer.split_to(octets).freeze();
        Some(Frame { command: b'B', data, has_more: self.body_left > 0 })
    }

    /// Octets that have to come before `take` can say more.
    ///
    /// # Errors
    /// When the length is out of bounds.
    pub fn missing(&self) -> Result<usize, Fault> {
        if self.body_left > 0 {
            return Ok(self.body_left.min(PIECE_BYTES).saturating_sub(self.buffer.len()));
        }
        let whole = announced(&self.buffer)?.map_or(LENGTH_BYTES, |length| LENGTH_BYTES + length);
        Ok(whole.saturating_sub(self.buffer.len()))
    }

    /// Has the last packet ended where the buffer ends?
    #[must_use]
    pub fn is_between_packets(&self) -> bool {
        self.buffer.is_empty() && self.body_left == 0
    }
}

fn announced(buffer: &[u8]) -> Result<Option<usize>, Fault> {
    let Some(length) = buffer.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length == 0 || length > limits::MILTER_PACKET_BYTES_MAX {
        return Err(Fault::Length(length));
    }
    Ok(Some(length))
}

/// Reads the data of a packet.
///
/// # Errors
/// When the command is unknown or its data is malformed.
pub fn decode(frame: Frame) -> Result<Command, Fault> {
    let data = frame.data;
    Ok(match frame.command {
        b'O' => negotiate(&data).ok_or(Fault::Malformed("OPTNEG"))?,
        b'D' => macros(&data).unwrap_or(Command::BadMacros),
        b'C' => connect(&data).ok_or(Fault::Malformed("CONNECT"))?,
        b'H' => Command::Helo(only_string(&data).ok_or(Fault::Malformed("HELO"))?),
        b'M' => Command::Mail(strings(&data, limits::MILTER_ARGUMENTS_MAX).ok_or(Fault::Malformed("MAIL"))?),
        b'R' => Command::Recipient(strings(&data, limits::MILTER_ARGUMENTS_MAX).ok_or(Fault::Malformed("RCPT"))?),
        b'T' => Command::Data,
        b'L' => header(&data).ok_or(Fault::Malformed("HEADER"))?,
        b'N' => Command::EndOfHeader,
        b'B' => Command::Body { chunk: data, has_more: frame.has_more },
        b'E' => Command::EndOfMessage(data),
        b'A' => Command::Abort,
        b'Q' => Command::Quit,
        b'K' => Command::QuitNewConnection,
        b'U' => Command::Unknown,
        unknown => return Err(Fault::Command(unknown)),
    })
}

/// Sendmail may put its own macro lists behind the three numbers; they are of no use here.
fn negotiate(data: &Bytes) -> Option<Command> {
    let (version, rest) = data.split_first_chunk::<4>()?;
    let (actions, rest) = rest.split_first_chunk::<4>()?;
    let (protocol, _) = rest.split_first_chunk::<4>()?;
    Some(Command::Negotiate {
        version: u32::from_be_bytes(*version),
        actions: u32::from_be_bytes(*actions),
        protocol: u32::from_be_bytes(*protocol),
    })
}

fn macros(data: &Bytes) -> Option<Command> {
    let stage = *data.first()?;
    if !b"CHMRTLNBEUAOQK".contains(&stage) {
        return None;
    }
    let rest = data.slice(1..);
    let texts = if rest.is_empty() { Vec::new() } else { strings(&rest, 2 * limits::MILTER_MACROS_MAX)? };
    let mut texts = texts.into_iter();
    let mut definitions = Vec::with_capacity(texts.len().div_ceil(2));
    while let Some(name) = texts.next() {
        let value = match texts.next() {
            Some(value) => value,
            // libmilter reads a name at the end as a macro without value; anything else there is a lost NUL before it.
            None if is_macro_name(&name) => Bytes::new(),
            None => return None,
        };
        definitions.push((name, value));
    }
    Some(Command::Macros { stage, definitions })
}

/// One character, or a name in braces.
fn is_macro_name(name: &[u8]) -> bool {
    name.len() == 1 || (name.starts_with(b"{") && name.ends_with(b"}"))
}

/// Host name, family, port, address. Only the families `4` and `6` have an address that can be asked about.
fn connect(data: &Bytes) -> Option<Command> {
    let nul = data.iter().position(|octet| *octet == 0)?;
    let host = data.slice(..nul);
    let (family, rest) = data.get(nul + 1..)?.split_first()?;
    if *family == b'U' {
        return Some(Command::Connect { host, address: None });
    }
    let (_port, rest) = rest.split_first_chunk::<2>()?;
    let text = rest.strip_suffix(b"\0")?;
    let address = match family {
        b'4' => Some(IpAddr::V4(text_of(text)?.parse::<Ipv4Addr>().ok()?)),
        b'6' => Some(IpAddr::V6(ipv6(text_of(text)?)?)),
        b'L' => None,
        _ => return None,
    };
    Some(Command::Connect { host, address })
}

/// Sendmail and Postfix write `IPv6:` before the address; others brackets; link-local ones may name a zone.
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let text = match text.split_at_checked(5) {
        Some((tag, rest)) if tag.eq_ignore_ascii_case("IPv6:") => rest,
        _ => text,
    };
    let text = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text);
    let text = text.split_once('%').map_or(text, |(address, _zone)| address);
    text.parse().ok()
}

fn text_of(octets: &[u8]) -> Option<&str> {
    std::str::from_utf8(octets).ok()
}

/// Field name and value; octets after the name are kept as they are, even a NUL inside the value.
fn header(data: &Bytes) -> Option<Command> {
    let nul = data.iter().position(|octet| *octet == 0)?;
    let end = data.len() - 1;
    if nul == end || data.last() != Some(&0) {
        return None;
    }
    Some(Command::Header { name: data.slice(..nul), value: data.slice(nul + 1..end) })
}

fn only_string(data: &Bytes) -> Option<Bytes> {
    let end = data.iter().position(|octet| *octet == 0)?;
    (end + 1 == data.len()).then(|| data.slice(..end))
}

/// Strings with a NUL behind each; at least one.
fn strings(data: &Bytes, strings_max: usize) -> Option<Vec<Bytes>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let length = data.get(at..)?.iter().position(|octet| *octet == 0)?;
        if found.len() == strings_max {
            return None;
        }
        found.push(data.slice(at..at + length));
        at += length + 1;
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_bounded_before_anything_is_kept() {
        let of = |bytes: &[u8]| Frames { buffer: BytesMut::from(bytes), body_left: 0 };
        assert_eq!(of(b"\0\0\0\0").take(), Err(Fault::Length(0)));
        assert!(matches!(of(b"\xff\xff\xff\xff").take(), Err(Fault::Length(_))));
        assert_eq!(of(b"\0\0").missing(), Ok(2));
        assert_eq!(of(b"\0\0\0\x05A").missing(), Ok(4));
        assert_eq!(of(b"\0\0\0\x01A").missing(), Ok(0));
    }

    #[test]
    fn a_large_chunk_comes_in_pieces() {
        let body: Vec<u8> = (0..=u8::MAX).cycle().take(65_535).collect();
        let mut packet = 65_536_u32.to_be_bytes().to_vec();
        packet.push(b'B');
        packet.extend_from_slice(&body);
        packet.extend_from_slice(b"\0\0\0\x01E");
        for cut in [1, 100, 5000, 20_000, usize::MAX] {
            let mut frames = Frames::default();
            let (mut seen, mut ends, mut held) = (Vec::new(), 0, 0);
            for octets in packet.chunks(cut) {
                frames.buffer.extend_from_slice(octets);
                while let Some(frame) = frames.take().unwrap() {
                    if frame.command == b'E' {
                        assert_eq!(ends, 1);
                        break;
                    }
                    seen.extend_from_slice(&frame.data);
                    ends += usize::from(!frame.has_more);
                }
                held = held.max(frames.buffer.len());
            }
            assert!(seen == body && frames.is_between_packets());
            assert!(held < PIECE_BYTES, "{held} octets are held when {cut} come at a time");
        }
    }

    #[test]
    fn addresses_come_in_several_spellings() {
        let spelled = |family: u8, text: &str| {
            let mut data = b"host\0".to_vec();
            data.push(family);
            data.extend_from_slice(&[0, 25]);
            data.extend_from_slice(text.as_bytes());
            data.push(0);
            match decode(Frame { command: b'C', data: data.into(), has_more: false }) {
                Ok(Command::Connect { address, .. }) => Ok(address.map(|address| address.to_string())),
                other => Err(other),
            }
        };
        for text in ["2001:db8::1", "IPv6:2001:db8::1", "[2001:DB8::1]", "2001:db8::1%eth0"] {
            assert_eq!(spelled(b'6', text), Ok(Some("2001:db8::1".to_owned())));
        }
        assert_eq!(spelled(b'4', "192.0.2.7"), Ok(Some("192.0.2.7".to_owned())));
        assert_eq!(spelled(b'L', "/run/x"), Ok(None));
        assert!(spelled(b'4', "IPv6:::1").is_err());
        assert!(spelled(b'5', "192.0.2.7").is_err());
    }
}
