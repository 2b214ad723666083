//! Domain-specs and their macros (RFC 7208 7).
//!
//! Pure.

use std::{borrow::Cow, net::IpAddr};

/// Octets of an expanded name; longer ones lose labels on the left (RFC 7208 7.3).
const NAME_BYTES_MAX: usize = 253;
/// Octets of an expansion before it is cut; longer ones are made to cost time and become no name at all.
const EXPANSION_BYTES_MAX: usize = 16 << 10;

/// A parsed macro-string.
#[derive(Debug, PartialEq, Eq)]
pub struct Spec(Vec<Piece>);

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Macro(Macro),
}

#[derive(Debug, PartialEq, Eq)]
struct Macro {
    /// Lower case.
    letter: u8,
    /// The letter was upper case: the value is URL-escaped.
    escaped: bool,
    /// Right-hand parts to keep.
    parts: Option<usize>,
    reversed: bool,
    delimiters: Vec<u8>,
}

/// What the macro letters stand for.
pub struct Variables<'a> {
    pub client: IpAddr,
    /// Local part of the sender; never empty.
    pub local: &'a str,
    pub sender_domain: &'a str,
    pub helo: &'a str,
    /// The `<domain>` of the running check_host().
    pub domain: &'a str,
    /// `%{p}`: a validated host name, or `unknown`.
    pub validated: Cow<'a, str>,
}

impl Spec {
    /// A domain-spec: a macro-string that ends in a macro or in a dot and a top label (RFC 7208 7.1).
    pub fn domain(text: &str) -> Option<Self> {
        let spec = Self::any(text)?;
        if spec.0.iter().any(|piece| matches!(piece, Piece::Macro(part) if b"crt".contains(&part.letter))) {
            return None;
        }
        let ends_well = match spec.0.last()? {
            Piece::Macro(_) => true,
            Piece::Literal(_) if ends_in_escape(text) => true,
            Piece::Literal(tail) => {
                let tail = tail.strip_suffix('.').unwrap_or(tail);
                tail.rsplit_once('.').is_some_and(|(_, label)| is_top_label(label))
            }
        };
        ends_well.then_some(spec)
    }

    /// Any macro-string, as unknown modifiers may hold.
    pub fn any(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            literal.push_str(rest.get(..at)?);
            let escape = rest.get(at + 1..)?;
            rest = escape.get(1..)?;
            match escape.as_bytes().first()? {
                b'%' => literal.push('%'),
                b'_' => literal.push(' '),
                b'-' => literal.push_str("%20"),
                b'{' => {
                    let (inner, after) = rest.split_once('}')?;
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Macro(Macro::parse(inner)?));
                    rest = after;
                }
                _ => return None,
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Some(Self(pieces))
    }

    /// Does the name differ from client to client (`%{i}`, `%{p}`)?
    pub fn depends_on_client(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Macro(part) if b"ip".contains(&part.letter)))
    }

    /// Is `%{p}` in it, so that host names of the client are needed?
    pub fn needs_validated_name(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Macro(part) if part.letter == b'p'))
    }

    /// The expanded name, cut on the left to what DNS can carry.
    pub fn expand(&self, variables: &Variables<'_>) -> String {
        let mut name = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => name.push_str(literal),
                Piece::Macro(part) => part.expand(variables, &mut name),
            }
            if name.len() > EXPANSION_BYTES_MAX {
                return String::new();
            }
        }
        let mut rest = name.strip_suffix('.').unwrap_or(&name);
        while rest.len() > NAME_BYTES_MAX {
            match rest.split_once('.') {
                Some((_, shorter)) => rest = shorter,
                None => break,
            }
        }
        rest.to_owned()
    }
}

/// `%%`, `%_`, `%-` at the end are macro-expands too.
fn ends_in_escape(text: &str) -> bool {
    ["%%", "%_", "%-"].iter().any(|escape| text.ends_with(escape))
}

fn is_top_label(label: &str) -> bool {
    let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_number = label.bytes().all(|byte| byte.is_ascii_digit());
    is_plain && !is_number && !label.starts_with('-') && !label.ends_with('-')
}

impl Macro {
    fn parse(inner: &str) -> Option<Self> {
        let (first, rest) = inner.split_at_checked(1)?;
        let first = *first.as_bytes().first()?;
        let letter = first.to_ascii_lowercase();
        if !b"slodiphcrtv".contains(&letter) {
            return None;
        }
        let digits = rest.len() - rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
        let (number, rest) = rest.split_at_checked(digits)?;
        let parts = match number {
            "" => None,
            // More digits than any name has labels are fine and keep all of them.
            number => Some(number.parse().unwrap_or(usize::MAX)).filter(|parts| *parts > 0),
        };
        if !number.is_empty() && parts.is_none() {
            return None;
        }
        let (reversed, rest) = match rest.strip_prefix(['r', 'R']) {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let delimiters = if rest.is_empty() { b".".to_vec() } else { rest.as_bytes().to_vec() };
        let known = delimiters.iter().all(|byte| b".-+,/_=".contains(byte));
        known.then_some(Self { letter, escaped: first.is_ascii_uppercase(), parts, reversed, delimiters })
    }

    fn expand(&self, variables: &Variables<'_>, out: &mut String) {
        let value: Cow<'_, str> = match self.letter {
            b's' => format!("{}@{}", variables.local, variables.sender_domain).into(),
            b'l' => variables.local.into(),
            b'o' => variables.sender_domain.into(),
            b'd' => variables.domain.into(),
            b'i' => dotted(variables.client).into(),
            b'p' => variables.validated.as_ref().into(),
            b'v' => if variables.client.is_ipv4() { "in-addr" } else { "ip6" }.into(),
            b'h' => variables.helo.into(),
            _ => "".into(),
        };
        let mut parts: Vec<&str> = value
            .split(|letter: char| u8::try_from(letter).is_ok_and(|byte| self.delimiters.contains(&byte)))
            .collect();
        if self.reversed {
            parts.reverse();
        }
        let skipped = parts.len().saturating_sub(self.parts.unwrap_or(usize::MAX));
        let joined = parts.get(skipped..).unwrap_or_default().join(".");
        if self.escaped {
            escape(&joined, out);
        } else {
            out.push_str(&joined);
        }
    }
}

/// URL escaping of everything that is not unreserved (RFC 7208 7.3, RFC 3986 2.3).
fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let hex = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase();
            out.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
}

/// `%{i}`: dotted decimal, or the 32 nibbles of an IPv6 address with dots between.
fn dotted(client: IpAddr) -> String {
    match client {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let nibbles = format!("{:032x}", u128::from(address));
            nibbles.chars().map(String::from).collect::<Vec<_>>().join(".")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_of_rfc_7208_7_4() {
        let variables = Variables {
            client: "192.0.2.3".parse().unwrap(),
            local: "strong-bad",
            sender_domain: "email.example.com",
            helo: "mx.example.org",
            domain: "email.example.com",
            validated: "mx.example.org".into(),
        };
        for (spec, name) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{d2r}", "example.email"),
            ("%{l1r-}", "strong"),
            ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
            ("%{S}", "strong-bad%40email.example.com"),
        ] {
            assert_eq!(Spec::any(spec).unwrap().expand(&variables), name, "{spec}");
        }
        let long = format!("{}.%{{d}}", ["abcdefghi"; 30].join("."));
        let name = Spec::domain(&long).unwrap().expand(&variables);
        assert!(name.len() <= 253 && name.starts_with("abcdefghi.") && name.ends_with("email.example.com"));
    }
}
