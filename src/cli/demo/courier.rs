//! The courier: an MTA in small, hands one mail to an LMTP door and tells the reply (RFC 2033, XFORWARD).
//!
//! Touches one TCP connection.

use crate::{
    limits,
    mail::{address::Address, envelope::Client},
};
use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

/// Seconds that a whole hand-over may take: the mail's own bound and room for the dialogue.
const SECONDS_MAX: Duration = Duration::from_secs(90);
/// Lines of one reply; LHLO answers with about ten.
const REPLY_LINES_MAX: usize = 100;

/// One mail to hand over.
pub struct Letter<'a> {
    pub client: Client,
    pub sender: Address,
    pub recipients: Vec<Address>,
    /// As it shall arrive, CRLF line ends.
    pub message: &'a [u8],
}

/// Hands a letter over; one reply per recipient, in their order. A refusal is a reply, not an error.
///
/// # Errors
/// When the door does not speak LMTP, hangs up, or is silent for too long.
pub async fn hand_over(door: SocketAddr, letter: &Letter<'_>) -> io::Result<Vec<String>> {
    let dialogue = async {
        let mut talk = Talk { stream: BufReader::new(TcpStream::connect(door).await?) };
        talk.dialogue(letter).await
    };
    timeout(SECONDS_MAX, dialogue).await.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no reply in time"))?
}

struct Talk {
    stream: BufReader<TcpStream>,
}

impl Talk {
    async fn dialogue(&mut self, letter: &Letter<'_>) -> io::Result<Vec<String>> {
        self.reply().await.and_then(positive)?;
        self.command("LHLO localhost").await.and_then(positive)?;
        let Client { address, name, helo, .. } = &letter.client;
        if let Some(address) = address {
            let address = if address.is_ipv6() { format!("IPV6:{address}") } else { address.to_string() };
            let value = |text: &Option<String>| text.as_deref().map_or_else(|| "[UNAVAILABLE]".to_owned(), xtext);
            let forward = format!("XFORWARD NAME={} ADDR={address} HELO={}", value(name), value(helo));
            self.command(&forward).await.and_then(positive)?;
        }
        let accepted = self.command(&format!("MAIL FROM:<{}> BODY=8BITMIME", letter.sender)).await?;
        if !accepted.starts_with('2') {
            return Ok(vec![accepted; letter.recipients.len()]);
        }
        let mut replies = Vec::new();
        for recipient in &letter.recipients {
            replies.push(self.command(&format!("RCPT TO:<{recipient}>")).await?);
        }
        if !replies.iter().any(|reply| reply.starts_with('2')) {
            return Ok(replies);
        }
        let go_ahead = self.command("DATA").await?;
        if !go_ahead.starts_with("354") {
            return Ok(vec![go_ahead; replies.len()]);
        }
        self.stream.write_all(&stuffed(letter.message)).await?;
        for reply in &mut replies {
            if reply.starts_with('2') {
                *reply = self.reply().await?;
            }
        }
        self.command("QUIT").await?;
        Ok(replies)
    }

    async fn command(&mut self, line: &str) -> io::Result<String> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.reply().await
    }

    /// The last line of a reply.
    async fn reply(&mut self) -> io::Result<String> {
        let bound = u64::try_from(limits::LINE_BYTES_MAX).unwrap_or(u64::MAX);
        for _ in 0..REPLY_LINES_MAX {
            let mut line = Vec::new();
            (&mut self.stream).take(bound).read_until(b'\n', &mut line).await?;
            if !line.ends_with(b"\n") {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the door hung up"));
            }
            if line.get(3) != Some(&b'-') {
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "a reply without end"))
    }
}

fn positive(reply: String) -> io::Result<String> {
    if reply.starts_with('2') { Ok(reply) } else { Err(io::Error::other(reply)) }
}

/// RFC 3461 4: what is not printable, `+` and `=` become `+XX`.
fn xtext(text: &str) -> String {
    let encoded = |octet: u8| match octet {
        b'+' | b'=' => format!("+{octet:02X}"),
        0x21..=0x7e => char::from(octet).to_string(),
        _ => format!("+{octet:02X}"),
    };
    text.bytes().map(encoded).collect()
}

/// The message with doubled dots (RFC 5321 4.5.2) and its end.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_and_the_end_is_said() {
        assert_eq!(stuffed(b"a\r\n.b\r\n"), b"a\r\n..b\r\n.\r\n");
        assert_eq!(stuffed(b".a"), b"..a\r\n.\r\n");
        assert_eq!(xtext("a+b=c d"), "a+2Bb+3Dc+20d");
    }
}
