//! The master file format (RFC 1035 section 5.1; `$TTL`: RFC 2308 section 4): octets to records, every fault at its place.
//!
//! Pure, and total over any octets: names and strings need not be text. What a record means is not known here
//! beyond the types that a filter asks for; other known types are read over.

use crate::{
    judge::document,
    limits,
    world::{
        labels::Labels,
        tokens::{At, Entry, Lexer, Token},
    },
};
use std::net::{Ipv4Addr, Ipv6Addr};

/// One record of class IN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub owner: Labels,
    /// Seconds; absent where neither the record nor `$TTL` says.
    pub ttl: Option<u32>,
    pub data: Data,
}

/// What a record says, as far as anybody here asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// The strings joined.
    Txt(Vec<u8>),
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
    Mx(u16, Labels),
    Ptr(Labels),
    Cname(Labels),
    /// Of a type nobody asks for; it only makes the name exist.
    Other,
}

/// Types that are read over; also what a misspelt type is compared with.
const TYPES: [&str; 56] = [
    "TXT",
    "A",
    "AAAA",
    "MX",
    "PTR",
    "CNAME",
    "NS",
    "SOA",
    "SRV",
    "SPF",
    "CAA",
    "NAPTR",
    "DS",
    "DNSKEY",
    "RRSIG",
    "NSEC",
    "NSEC3",
    "NSEC3PARAM",
    "TLSA",
    "SMIMEA",
    "OPENPGPKEY",
    "SSHFP",
    "DNAME",
    "HINFO",
    "MINFO",
    "MB",
    "MG",
    "MR",
    "NULL",
    "WKS",
    "RP",
    "AFSDB",
    "X25",
    "ISDN",
    "RT",
    "NSAP",
    "SIG",
    "KEY",
    "PX",
    "GPOS",
    "LOC",
    "CERT",
    "APL",
    "IPSECKEY",
    "DHCID",
    "HIP",
    "CDS",
    "CDNSKEY",
    "CSYNC",
    "ZONEMD",
    "SVCB",
    "HTTPS",
    "EUI48",
    "EUI64",
    "URI",
    "DLV",
];

/// Reads a master file.
///
/// # Errors
/// Every fault at once, each as `file:line:column: what`.
pub fn parse(file: &str, text: &[u8]) -> Result<Vec<Record>, Vec<String>> {
    let mut reader = Reader {
        file,
        origin: Labels::default(),
        owner: None,
        ttl: None,
        last_ttl: None,
        records: Vec::new(),
        faults: Vec::new(),
        untold: 0,
    };
    if text.len() > limits::CONFIG_BYTES_MAX {
        return Err(vec![format!("{file}:1:1: the file has more than {} octets", limits::CONFIG_BYTES_MAX)]);
    }
    let mut lexer = Lexer::new(text);
    while let Some(entry) = lexer.entry() {
        match entry {
            Ok(entry) => reader.entry(&entry),
            Err((at, what)) => reader.fault(at, &what),
        }
    }
    if reader.untold > 0 {
        reader.faults.push(format!("{file}: {} more faults are not shown", reader.untold));
    }
    if reader.faults.is_empty() { Ok(reader.records) } else { Err(reader.faults) }
}

/// A fault that has been reported already.
struct Reported;

struct Reader<'f> {
    file: &'f str,
    origin: Labels,
    owner: Option<Labels>,
    ttl: Option<u32>,
    last_ttl: Option<u32>,
    records: Vec<Record>,
    faults: Vec<String>,
    /// Faults above the number that is shown.
    untold: usize,
}

impl Reader<'_> {
    fn fault(&mut self, at: At, what: &str) {
        if self.faults.len() < limits::ZONE_FAULTS_MAX {
            self.faults.push(format!("{}:{}:{}: {what}", self.file, at.line, at.column));
        } else {
            self.untold += 1;
        }
    }

    fn refuse<T>(&mut self, at: At, what: &str) -> Result<T, Reported> {
        self.fault(at, what);
        Err(Reported)
    }

    fn entry(&mut self, entry: &Entry<'_>) {
        let Some(first) = entry.tokens.first() else { return };
        // A fault is noted where it is found; what follows in the entry is then not read.
        let _reported = if !first.quoted && !entry.inherits && first.raw.starts_with(b"$") {
            self.directive(first, &entry.tokens)
        } else {
            self.record(entry)
        };
    }

    fn directive(&mut self, first: &Token<'_>, tokens: &[Token<'_>]) -> Result<(), Reported> {
        let word = String::from_utf8_lossy(first.raw).to_ascii_uppercase();
        let argument = tokens.get(1).copied();
        match (word.as_str(), argument) {
            ("$ORIGIN" | "$TTL", None) => return self.refuse(first.at, &format!("{word} needs a value")),
            ("$ORIGIN", Some(token)) => self.origin = self.name(&token)?,
            ("$TTL", Some(token)) => match seconds(token.raw) {
                Some(ttl) => self.ttl = Some(ttl),
                None => return self.refuse(token.at, "$TTL needs seconds, such as 3600 or 1h"),
            },
            ("$INCLUDE" | "$GENERATE", _) => {
                return self
                    .refuse(first.at, &format!("{word} is not taken: a zone is one file; put its records in here"));
            }
            _ => {
                let hint = hint(&word, &["$ORIGIN", "$TTL"]);
                let what = format!("`{}` is no directive{hint}", shown(first.raw));
                return self.refuse(first.at, &what);
            }
        }
        match tokens.get(2) {
            Some(extra) => {
                self.refuse(extra.at, &format!("{word} takes one value; `{}` is too many", shown(extra.raw)))
            }
            None => Ok(()),
        }
    }

    fn record(&mut self, entry: &Entry<'_>) -> Result<(), Reported> {
        let mut rest = entry.tokens.iter();
        let mut last = At { line: 0, column: 0 };
        if !entry.inherits
            && let Some(token) = rest.next()
        {
            // Forgotten first: after a faulty owner the next entry must not inherit an older one.
            self.owner = None;
            self.owner = Some(self.name(token)?);
            last = token.at;
        }
        let (mut ttl, mut internet, mut classed) = (None, true, false);
        let kind = loop {
            let Some(token) = rest.next() else {
                return self.refuse(last, "the record has no type, such as TXT or A");
            };
            last = token.at;
            let word = String::from_utf8_lossy(token.raw).to_ascii_uppercase();
            match word.as_str() {
                _ if token.quoted => {
                    return self.refuse(token.at, "a string where the record type is due, such as TXT or A");
                }
                "IN" | "CH" | "HS" | "CS" | "NONE" | "ANY" if !classed => {
                    (classed, internet) = (true, word == "IN");
                }
                _ => match seconds(token.raw) {
                    Some(value) if ttl.is_none() => ttl = Some(value),
                    _ => break word,
                },
            }
        };
        let tokens = rest.as_slice();
        let Some(owner) = self.owner.clone() else {
            let at = entry.tokens.first().map_or(last, |token| token.at);
            return self
                .refuse(at, "the line begins with a blank, but there is no owner name before it; did you mean `@`?");
        };
        let data = self.data(&kind, last, tokens)?;
        self.last_ttl = ttl.or(self.last_ttl);
        if internet {
            let ttl = ttl.or(self.ttl).or(self.last_ttl);
            self.records.push(Record { owner, ttl, data });
        }
        Ok(())
    }

    fn data(&mut self, kind: &str, at: At, tokens: &[Token<'_>]) -> Result<Data, Reported> {
        let data = match kind {
            "TXT" => return self.strings(at, tokens),
            "A" => Data::Ipv4(self.address(at, tokens, "an IPv4 address, such as 192.0.2.1")?),
            "AAAA" => Data::Ipv6(self.address(at, tokens, "an IPv6 address, such as 2001:db8::1")?),
            "MX" => {
                let preference = self.due(at, tokens, 0, "a preference and a host, such as `10 mail.example.`")?;
                let text = str::from_utf8(preference.raw).unwrap_or_default();
                let Ok(number) = text.parse() else {
                    return self.refuse(preference.at, "MX begins with its preference, a number from 0 to 65535");
                };
                let host = self.due(at, tokens, 1, "a host after its preference")?;
                Data::Mx(number, self.name(&host)?)
            }
            "PTR" | "CNAME" => {
                let target = self.due(at, tokens, 0, "a name")?;
                let target = self.name(&target)?;
                if kind == "PTR" { Data::Ptr(target) } else { Data::Cname(target) }
            }
            known if TYPES.contains(&known) || generic(known) => return Ok(Data::Other),
            unknown => {
                let what = format!("`{}` is no record type{}", shown(unknown.as_bytes()), hint(unknown, &TYPES));
                return self.refuse(at, &what);
            }
        };
        let taken = if kind == "MX" { 2 } else { 1 };
        match tokens.get(taken) {
            Some(extra) => {
                self.refuse(extra.at, &format!("`{}` is too much for a record of type {kind}", shown(extra.raw)))
            }
            None => Ok(data),
        }
    }

    fn due<'t>(&mut self, at: At, tokens: &[Token<'t>], index: usize, what: &str) -> Result<Token<'t>, Reported> {
        match tokens.get(index) {
            Some(token) => Ok(*token),
            None => self.refuse(at, &format!("the record needs {what}")),
        }
    }

    fn address<T: std::str::FromStr>(&mut self, at: At, tokens: &[Token<'_>], what: &str) -> Result<T, Reported> {
        let token = self.due(at, tokens, 0, what)?;
        match str::from_utf8(token.raw).ok().and_then(|text| text.parse().ok()) {
            Some(address) => Ok(address),
            None => self.refuse(token.at, &format!("`{}` is not {what}", shown(token.raw))),
        }
    }

    /// Strings may be longer than the 255 octets of one character-string: they are joined anyway. A record without
    /// any string, which the wire format cannot hold, stands for an empty one.
    fn strings(&mut self, at: At, tokens: &[Token<'_>]) -> Result<Data, Reported> {
        let mut text = Vec::new();
        for token in tokens {
            text.extend(self.octets(token)?.into_iter().map(|(octet, _)| octet));
        }
        if text.len() > limits::DNS_RECORD_BYTES_MAX {
            let what = format!("the record has more than {} octets", limits::DNS_RECORD_BYTES_MAX);
            return self.refuse(at, &what);
        }
        Ok(Data::Txt(text))
    }

    /// The octets of a token with its escapes read; true marks the escaped ones.
    fn octets(&mut self, token: &Token<'_>) -> Result<Vec<(u8, bool)>, Reported> {
        let mut octets = Vec::with_capacity(token.raw.len());
        let mut rest = token.raw;
        while let Some((octet, after)) = rest.split_first() {
            let column = token.at.column + usize::from(token.quoted) + (token.raw.len() - rest.len());
            let at = At { line: token.at.line, column };
            rest = match (octet, after) {
                (b'\\', [a, b, c, after @ ..]) if a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit() => {
                    let [a, b, c] = [a, b, c].map(|digit| u16::from(digit - b'0'));
                    let Ok(value) = u8::try_from(a * 100 + b * 10 + c) else {
                        return self.refuse(at, "`\\DDD` goes from \\000 to \\255");
                    };
                    octets.push((value, true));
                    after
                }
                (b'\\', [digit, ..]) if digit.is_ascii_digit() => {
                    return self.refuse(at, "a backslash before a digit needs three digits, such as \\032");
                }
                (b'\\', []) => return self.refuse(at, "a backslash at the end of the line stands before nothing"),
                (b'\\', [escaped, after @ ..]) => {
                    octets.push((*escaped, true));
                    after
                }
                (plain, after) => {
                    octets.push((*plain, false));
                    after
                }
            };
        }
        Ok(octets)
    }

    /// A name, relative to the origin unless it ends with a dot.
    fn name(&mut self, token: &Token<'_>) -> Result<Labels, Reported> {
        if token.raw == b"@" && !token.quoted {
            return Ok(self.origin.clone());
        }
        let octets = self.octets(token)?;
        if octets == [(b'.', false)] {
            return Ok(Labels::default());
        }
        let absolute = octets.last() == Some(&(b'.', false));
        let spelt = if absolute { octets.get(..octets.len() - 1).unwrap_or_default() } else { octets.as_slice() };
        let mut labels: Vec<Vec<u8>> = spelt
            .split(|octet| *octet == (b'.', false))
            .map(|label| label.iter().map(|(octet, _)| *octet).collect())
            .collect();
        if !absolute {
            labels.extend(self.origin.leftmost_first().map(<[u8]>::to_vec));
        }
        match Labels::from_left(labels.iter()) {
            Ok(name) => Ok(name),
            Err(unfit) => self.refuse(token.at, &format!("the name `{}` {}", shown(token.raw), unfit.words())),
        }
    }
}

/// Seconds as a number, or in the units that name servers take: `1w2d3h4m5s`.
fn seconds(raw: &[u8]) -> Option<u32> {
    let mut total = 0_u32;
    let mut number: Option<u32> = None;
    if !raw.first()?.is_ascii_digit() {
        return None;
    }
    for octet in raw {
        let unit = match octet.to_ascii_lowercase() {
            digit @ b'0'..=b'9' => {
                number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u32::from(digit - b'0'))?);
                continue;
            }
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 86_400,
            b'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    total.checked_add(number.unwrap_or(0))
}

/// `TYPE123` (RFC 3597 section 5).
fn generic(kind: &str) -> bool {
    kind.strip_prefix("TYPE").is_some_and(|number| number.parse::<u16>().is_ok())
}

/// Foreign octets as they may stand in an error: printable, and not endless.
fn shown(raw: &[u8]) -> String {
    const SHOWN_MAX: usize = 60;
    let cut = raw.get(..SHOWN_MAX).map_or(raw, |head| head);
    let dots = if cut.len() < raw.len() { "..." } else { "" };
    format!("{}{dots}", cut.escape_ascii())
}

/// The hint that goes with a misspelt word, empty if nothing is near.
fn hint(word: &str, known: &[&str]) -> String {
    document::nearest(word, known.iter().copied()).map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_time() {
        for (text, want) in [
            ("0", Some(0)),
            ("3600", Some(3600)),
            ("1h30M", Some(5400)),
            ("1w", Some(604_800)),
            ("4294967295", Some(u32::MAX)),
        ] {
            assert_eq!(seconds(text.as_bytes()), want, "{text}");
        }
        for text in ["", "h", "1x", "hh", "4294967296", "10000w", "-1", "1hh"] {
            assert_eq!(seconds(text.as_bytes()), None, "{text}");
        }
    }
}
