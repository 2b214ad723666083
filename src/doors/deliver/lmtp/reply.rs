//! Replies of the mailstore: RFC 5321 4.2 (lines), RFC 2034 and 3463 (enhanced codes), RFC 2033 4.2 (what they mean).
//!
//! Pure. The bytes are foreign: lines, their number and their length are bounded, and no byte of them reaches our own
//! peer except printable ASCII on one line.

use crate::{judge::policy::verdict::Reply, limits};
use bytes::{Buf, BytesMut};

/// One whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub code: u16,
    /// What follows the code, line by line, foreign bytes.
    pub lines: Vec<Vec<u8>>,
}

/// Why bytes are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// Cuts the stream of the mailstore into replies, however the bytes come.
#[derive(Debug, Default)]
pub struct Replies {
    buffer: BytesMut,
    code: Option<u16>,
    lines: Vec<Vec<u8>>,
    bytes: usize,
}

impl Replies {
    /// Where bytes that arrive are put. Put more only when `take` had no reply.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Is nothing left over? Else the mailstore said more than it was asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.lines.is_empty()
    }

    /// The next whole reply, if it is here.
    ///
    /// # Errors
    /// When the bytes are no reply: the connection is of no use any more.
    pub fn take(&mut self) -> Result<Option<Answer>, Malformed> {
        loop {
            let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') else {
                let is_long = self.buffer.len() > limits::LINE_BYTES_MAX;
                return if is_long { Err(Malformed("a line is too long")) } else { Ok(None) };
            };
            let line = self.buffer.split_to(end);
            self.buffer.advance(1);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            let (code, is_last, text) = split_line(line)?;
            if self.code.is_some_and(|earlier| earlier != code) {
                return Err(Malformed("the lines of one reply have different codes"));
            }
            self.bytes += line.len();
            if self.lines.len() >= limits::MAILSTORE_REPLY_LINES_MAX || self.bytes > limits::MAILSTORE_REPLY_BYTES_MAX {
                return Err(Malformed("a reply is too long"));
            }
            self.code = Some(code);
            self.lines.push(text.to_vec());
            if is_last {
                (self.code, self.bytes) = (None, 0);
                return Ok(Some(Answer { code, lines: std::mem::take(&mut self.lines) }));
            }
        }
    }
}

/// Code, whether it is the last line, and text.
fn split_line(line: &[u8]) -> Result<(u16, bool, &[u8]), Malformed> {
    let (code, rest) = line.split_at_checked(3).ok_or(Malformed("a line is too short for a reply"))?;
    let is_code = matches!(code, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']);
    let code = code.iter().fold(0, |sum: u16, digit| sum * 10 + u16::from(digit.wrapping_sub(b'0')));
    match rest {
        _ if !is_code => Err(Malformed("a line does not begin with a reply code")),
        [] => Ok((code, true, rest)),
        [b' ', text @ ..] => Ok((code, true, text)),
        [b'-', text @ ..] => Ok((code, false, text)),
        _ => Err(Malformed("no space or hyphen after the reply code")),
    }
}

impl Answer {
    #[must_use]
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Is it a refusal, 4xx or 5xx?
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        (400..600).contains(&self.code)
    }

    /// The same reply for our own peer: one line, printable ASCII, an enhanced code that fits.
    ///
    /// 421 becomes 451: it speaks of the connection to the mailstore, not of the one to our peer.
    #[must_use]
    pub fn relayed(&self) -> Reply {
        let code = if self.code == 421 { 451 } else { self.code };
        let class = char::from_digit(u32::from(code / 100), 10).unwrap_or('4');
        let mut enhanced = None;
        let mut text = String::new();
        for line in &self.lines {
            let rest = match enhanced_code(line, class) {
                Some((found, rest)) => {
                    enhanced.get_or_insert(found);
                    rest
                }
                None => line,
            };
            push_printable(&mut text, rest);
        }
        if text.is_empty() {
            text.push_str(if self.is_positive() { "taken by the mailstore" } else { "refused by the mailstore" });
        }
        Reply { code, enhanced: enhanced.unwrap_or_else(|| format!("{class}.0.0")), text }
    }

    /// The reply as far as it speaks of the mail. Codes that say we and the mailstore do not understand each other
    /// (bad command, bad order, STARTTLS or AUTH first) are our operator's trouble and must bounce no mail.
    #[must_use]
    pub fn relayed_command(&self) -> Reply {
        match self.code {
            500 | 502..=504 | 530 | 534 | 535 | 538 => {
                Reply::new(451, "4.3.5", "mailstore misconfigured, try again later")
            }
            _ => self.relayed(),
        }
    }
}

/// RFC 3463 2: class, subject, detail, and what follows.
fn enhanced_code(line: &[u8], class: char) -> Option<(String, &[u8])> {
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end)?;
    let word = std::str::from_utf8(word).ok()?;
    let mut numbers = word.split('.');
    let is_class = numbers.next()?.chars().eq([class]);
    let is_number = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_code = is_class && is_number(numbers.next()?) && is_number(numbers.next()?) && numbers.next().is_none();
    is_code.then(|| (word.to_owned(), rest))
}

/// Appends the words of a foreign line, `?` for what is not printable ASCII, up to the limit.
fn push_printable(text: &mut String, line: &[u8]) {
    for word in line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        if !text.is_empty() {
            text.push(' ');
        }
        // `%` would be a format character in milter replies.
        text.extend(word.iter().map(|byte| match byte {
            b'%' => '?',
            0x21..=0x7e => char::from(*byte),
            _ => '?',
        }));
    }
    text.truncate(limits::MAILSTORE_REPLY_TEXT_BYTES_MAX);
    text.truncate(text.trim_end().len());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(chunks: &[&[u8]]) -> Result<Vec<Answer>, Malformed> {
        let (mut replies, mut answers) = (Replies::default(), Vec::new());
        for chunk in chunks {
            replies.buffer().extend_from_slice(chunk);
            while let Some(answer) = replies.take()? {
                answers.push(answer);
            }
        }
        Ok(answers)
    }

    fn relayed(bytes: &[u8]) -> String {
        read(&[bytes]).unwrap()[0].relayed().to_string()
    }

    #[test]
    fn replies_are_relayed_on_one_line() {
        let cases: [(&[u8], &str); 10] = [
            (b"250 2.1.5 OK\r\n", "250 2.1.5 OK"),
            (b"250\r\n", "250 2.0.0 taken by the mailstore"),
            (b"550\n", "550 5.0.0 refused by the mailstore"),
            (b"550-5.1.1 no\r\n550 5.1.1 such user\r\n", "550 5.1.1 no such user"),
            (b"550 4.2.2 class differs\r\n", "550 5.0.0 4.2.2 class differs"),
            (b"550 5.1.1.1 x\r\n", "550 5.0.0 5.1.1.1 x"),
            (b"421 4.3.2 going down\r\n", "451 4.3.2 going down"),
            (b"452 4.2.2 <j\xc3\xb6\0rg>\t 100%\x1b\r full \r\n", "452 4.2.2 <j???rg> 100?? full"),
            (b"450 5.\r\n", "450 4.0.0 5."),
            (b"451 4.3.0\r\n", "451 4.3.0 refused by the mailstore"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(relayed(bytes), expected, "{}", bytes.escape_ascii());
        }
        let long = [b"550 5.1.1 ".to_vec(), b"abc ".repeat(900), b"\r\n".to_vec()].concat();
        assert!(relayed(&long).len() <= limits::MAILSTORE_REPLY_TEXT_BYTES_MAX + 10);
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        for bytes in [
            &b"hello there\r\n"[..],
            b"25\r\n",
            b"\r\n",
            b"250_OK\r\n",
            b"650 x\r\n",
            b"150 x\r\n",
            b"250-a\r\n251 b\r\n",
        ] {
            assert!(read(&[bytes]).is_err(), "{}", bytes.escape_ascii());
        }
        assert!(read(&[&b"250-a\r\n".repeat(limits::MAILSTORE_REPLY_LINES_MAX + 1)]).is_err());
        assert!(read(&[&b"2".repeat(limits::LINE_BYTES_MAX + 1)]).is_err());
        let wide = [b"250-".to_vec(), b"a".repeat(4000), b"\r\n".to_vec()].concat();
        assert!(read(&[&wide.repeat(5)]).is_err());
    }

    #[test]
    fn trouble_of_the_operator_bounces_no_mail() {
        for (bytes, code) in [(&b"503 5.5.1 LHLO first\r\n"[..], 451), (b"530 x\r\n", 451), (b"550 x\r\n", 550)] {
            assert_eq!(read(&[bytes]).unwrap()[0].relayed_command().code, code);
        }
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in "([245][05]0[ -][a-z]{0,5}\r?\n|[ -~\r\n]){0,20}", cuts in prop::collection::vec(1_usize..9, 0..40)) {
            let bytes = text.as_bytes();
            let (mut chunks, mut rest) = (Vec::new(), bytes);
            for cut in cuts {
                let (chunk, after) = rest.split_at(cut.min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            chunks.push(rest);
            prop_assert_eq!(read(&[bytes]), read(&chunks));
        }

        #[test]
        fn nothing_foreign_is_relayed(code in 200_u16..600, text in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut text = text;
            text.retain(|byte| *byte != b'\n');
            let line = [format!("{code} ").into_bytes(), text, b"\r\n".to_vec()].concat();
            let answer = read(&[&line]).unwrap().remove(0);
            for reply in [answer.relayed(), answer.relayed_command()] {
                let line = reply.to_string();
                prop_assert!(line.len() <= limits::MAILSTORE_REPLY_TEXT_BYTES_MAX + 16);
                prop_assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'%'));
                prop_assert!(reply.enhanced.starts_with(char::from_digit(u32::from(reply.code / 100), 10).unwrap()));
                prop_assert_eq!(reply.is_positive(), answer.is_positive());
            }
        }
    }
}
