//! Command lines of LMTP (RFC 2033 4, RFC 5321 4.1.1): one line to one command, or the reply that refuses it.
//!
//! Pure. A line comes without its CRLF. Strict, but for what honest clients do: spaces after `FROM:` and `TO:`,
//! between parameters and at the end.

use super::{path, xforward};
use crate::judge::policy::verdict::Reply;

/// A command that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The name of the peer.
    Lhlo(String),
    /// HELO or EHLO: the peer takes this for an SMTP server.
    Helo,
    Mail(Sender),
    /// The mailbox of RCPT TO, verbatim.
    Rcpt(String),
    Data,
    Bdat {
        bytes: u64,
        is_last: bool,
    },
    Rset,
    Noop,
    Quit,
    Vrfy,
    Help,
    StartTls,
    /// The arguments of XFORWARD; read only when the peer is trusted.
    Xforward(String),
}

/// MAIL FROM with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    /// Verbatim; empty for the null reverse-path.
    pub mailbox: String,
    /// RFC 1870.
    pub size: Option<usize>,
    /// RFC 6152.
    pub eight_bit: Option<bool>,
    /// RFC 6531.
    pub smtputf8: bool,
    /// RFC 8689.
    pub require_tls: bool,
}

/// Reads one command line.
///
/// # Errors
/// The reply to give: 500 not a command, 501 malformed, 502 not offered, 553 or 555 see RFC 6531 and RFC 5321 4.1.1.11.
pub fn parse(line: &[u8]) -> Result<Command, Reply> {
    let text = std::str::from_utf8(line).map_err(|_| Reply::new(500, "5.5.2", "command line is not UTF-8"))?;
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Reply::new(500, "5.5.2", "control character in command line"));
    }
    let text = text.trim_end_matches(' ');
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim_start_matches(' ');
    match verb.to_ascii_uppercase().as_str() {
        "LHLO" => lhlo(rest),
        "HELO" | "EHLO" => Ok(Command::Helo),
        "MAIL" => mail(rest),
        "RCPT" => rcpt(rest),
        "DATA" => alone(rest, Command::Data, "DATA"),
        "BDAT" => bdat(rest),
        "RSET" => alone(rest, Command::Rset, "RSET"),
        "NOOP" => Ok(Command::Noop),
        "QUIT" => alone(rest, Command::Quit, "QUIT"),
        "VRFY" if rest.is_empty() => Err(syntax("VRFY string")),
        "VRFY" => Ok(Command::Vrfy),
        "HELP" => Ok(Command::Help),
        "STARTTLS" => alone(rest, Command::StartTls, "STARTTLS"),
        "XFORWARD" => Ok(Command::Xforward(rest.to_owned())),
        "EXPN" | "AUTH" | "ETRN" | "TURN" | "SEND" | "SOML" | "SAML" | "XCLIENT" | "BURL" | "VERB" => {
            Err(Reply::new(502, "5.5.1", "command not offered"))
        }
        _ => Err(Reply::new(500, "5.5.2", "command not known")),
    }
}

fn syntax(form: &str) -> Reply {
    Reply::new(501, "5.5.4", format!("syntax: {form}"))
}

fn alone(rest: &str, command: Command, form: &str) -> Result<Command, Reply> {
    if rest.is_empty() { Ok(command) } else { Err(syntax(form)) }
}

fn lhlo(rest: &str) -> Result<Command, Reply> {
    let is_name = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic());
    if is_name { Ok(Command::Lhlo(rest.to_owned())) } else { Err(syntax("LHLO hostname")) }
}

/// What follows `FROM:` or `TO:`.
fn after_keyword<'a>(rest: &'a str, keyword: &str) -> Option<&'a str> {
    let found = rest.get(..keyword.len())?;
    let after = rest.get(keyword.len()..)?;
    found.eq_ignore_ascii_case(keyword).then(|| after.trim_start_matches(' '))
}

fn mail(rest: &str) -> Result<Command, Reply> {
    let path = after_keyword(rest, "FROM:").ok_or_else(|| syntax("MAIL FROM:<address>"))?;
    let (mailbox, parameters) =
        path::split(path).ok_or_else(|| Reply::new(501, "5.1.7", "malformed sender address"))?;
    let mut sender = Sender { mailbox: mailbox.to_owned(), ..Sender::default() };
    for parameter in parameters.split(' ').filter(|word| !word.is_empty()) {
        declare(&mut sender, parameter)?;
    }
    if !sender.mailbox.is_ascii() && !sender.smtputf8 {
        return Err(Reply::new(553, "5.6.7", "an address beyond ASCII needs SMTPUTF8"));
    }
    Ok(Command::Mail(sender))
}

/// Takes one parameter of MAIL.
fn declare(sender: &mut Sender, parameter: &str) -> Result<(), Reply> {
    let malformed = || Reply::new(501, "5.5.4", "malformed or repeated parameter");
    let unknown = || Reply::new(555, "5.5.4", "parameter not offered");
    let (keyword, value) =
        parameter.split_once('=').map_or((parameter, None), |(keyword, value)| (keyword, Some(value)));
    let is_repeated = match (keyword.to_ascii_uppercase().as_str(), value) {
        ("SIZE", Some(value)) => {
            let is_number = (1..=20).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
            let size = if is_number { value.parse().unwrap_or(usize::MAX) } else { return Err(malformed()) };
            sender.size.replace(size).is_some()
        }
        ("BODY", Some(value)) => {
            let is_eight_bit = match value.to_ascii_uppercase().as_str() {
                "7BIT" => false,
                "8BITMIME" => true,
                _ => return Err(unknown()),
            };
            sender.eight_bit.replace(is_eight_bit).is_some()
        }
        ("SMTPUTF8", None) => std::mem::replace(&mut sender.smtputf8, true),
        ("REQUIRETLS", None) => std::mem::replace(&mut sender.require_tls, true),
        ("SIZE" | "BODY", None) | ("SMTPUTF8" | "REQUIRETLS", Some(_)) => return Err(malformed()),
        _ => return Err(unknown()),
    };
    if is_repeated { Err(malformed()) } else { Ok(()) }
}

fn rcpt(rest: &str) -> Result<Command, Reply> {
    let path = after_keyword(rest, "TO:").ok_or_else(|| syntax("RCPT TO:<address>"))?;
    let malformed = || Reply::new(501, "5.1.3", "malformed recipient address");
    let (mailbox, parameters) = path::split(path).ok_or_else(malformed)?;
    if mailbox.is_empty() {
        return Err(malformed());
    }
    if !parameters.trim_matches(' ').is_empty() {
        return Err(Reply::new(555, "5.5.4", "parameter not offered"));
    }
    Ok(Command::Rcpt(mailbox.to_owned()))
}

fn bdat(rest: &str) -> Result<Command, Reply> {
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let count = words.next().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let bytes = count.and_then(|word| word.parse().ok());
    let is_last = match words.next() {
        None => Some(false),
        Some(word) => word.eq_ignore_ascii_case("LAST").then_some(true),
    };
    match (bytes, is_last, words.next()) {
        (Some(bytes), Some(is_last), None) => Ok(Command::Bdat { bytes, is_last }),
        _ => Err(syntax("BDAT octets [LAST]")),
    }
}

/// Reads the arguments of XFORWARD of a trusted peer.
///
/// # Errors
/// 501 when an attribute is unknown or malformed.
pub fn attributes(text: &str) -> Result<Vec<xforward::Attribute>, Reply> {
    xforward::attributes(text).ok_or_else(|| syntax("XFORWARD attribute=value..."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(line: &str) -> u16 {
        parse(line.as_bytes()).err().map_or(0, |reply| reply.code)
    }

    #[test]
    fn commands_are_understood_in_any_case() {
        assert_eq!(parse(b"lhlo mx.example  "), Ok(Command::Lhlo("mx.example".to_owned())));
        assert_eq!(parse(b"BDAT 12 last"), Ok(Command::Bdat { bytes: 12, is_last: true }));
        assert_eq!(parse(b"BDAT 0"), Ok(Command::Bdat { bytes: 0, is_last: false }));
        assert_eq!(parse(b"rcpt to: <\"a b\"@c.d>"), Ok(Command::Rcpt("\"a b\"@c.d".to_owned())));
        let sender = Sender {
            mailbox: "a@b".to_owned(),
            size: Some(99_999_999_999),
            eight_bit: Some(true),
            smtputf8: true,
            require_tls: false,
        };
        let line = b"Mail From:<a@b>  SIZE=99999999999 body=8bitmime SMTPUTF8";
        assert_eq!(parse(line), Ok(Command::Mail(sender)));
        assert_eq!(parse(b"MAIL FROM:<>"), Ok(Command::Mail(Sender::default())));
    }

    #[test]
    fn faults_have_their_codes() {
        for (line, expected) in [
            ("", 500),
            (" NOOP", 500),
            ("NOOP\tx", 500),
            ("NOOP\0", 500),
            ("LHLO a\rMAIL FROM:<a@b>", 500),
            ("FOO", 500),
            ("EXPN a", 502),
            ("AUTH PLAIN", 502),
            ("LHLO", 501),
            ("LHLO a b", 501),
            ("MAIL", 501),
            ("MAIL FROM:", 501),
            ("MAIL FROM:a@b", 501),
            ("MAIL FROM<a@b>", 501),
            ("MAIL TO:<a@b>", 501),
            ("MAIL FROM:<a@b> SIZE=", 501),
            ("MAIL FROM:<a@b> SIZE=1 SIZE=1", 501),
            ("MAIL FROM:<a@b> SIZE=-1", 501),
            ("MAIL FROM:<a@b> BODY=BINARYMIME", 555),
            ("MAIL FROM:<a@b> AUTH=<>", 555),
            ("MAIL FROM:<a@b> =", 555),
            ("MAIL FROM:<s\u{fc}d@b>", 553),
            ("RCPT TO:<>", 501),
            ("RCPT TO:<a@b> NOTIFY=NEVER", 555),
            ("DATA x", 501),
            ("BDAT", 501),
            ("BDAT -1", 501),
            ("BDAT +1", 501),
            ("BDAT 1 LAST LAST", 501),
            ("BDAT 1 FIRST", 501),
            ("BDAT 99999999999999999999999", 501),
            ("VRFY", 501),
            ("STARTTLS now", 501),
        ] {
            assert_eq!(code(line), expected, "{line:?}");
        }
        assert_eq!(parse(b"NOOP \xff").unwrap_err().code, 500);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_command_or_a_refusal(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Err(reply) = parse(&line) {
                prop_assert!((500..560).contains(&reply.code));
            }
        }
    }
}
