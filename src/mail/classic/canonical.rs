//! The variants of a URI that rules over URIs see: as written, repaired, decoded, redirected.
//!
//! Pure.

use super::{
    encoding::hex,
    expression::Expression,
    hosts, redirectors,
    uris::URI_CHARACTERS_MAX,
    wide::{Wide, is_space},
};
use crate::limits;
use std::{collections::BTreeSet, fmt::Write, sync::LazyLock};

static SCHEME: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"(?i)^[-_a-z0-9]+:"));
static PARTS: LazyLock<Expression> =
    LazyLock::new(|| Expression::new(r"(?i)^(https?://)([^@/?#]*@)?([^/?#:]+)((?::(\d*))?[^\n]*)\z"));
static DIRECT: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"(?i)https?:/{0,2}[^&#]+"));
static DECIMAL: LazyLock<Expression> =
    LazyLock::new(|| Expression::new(r"&#0*(3[3-9]|[4-9][0-9]|1[01][0-9]|12[0-6]);"));
static HEXADECIMAL: LazyLock<Expression> =
    LazyLock::new(|| Expression::new(r"&#x0*(2[1-9]|[3-6][a-fA-F0-9]|7[0-9a-eA-E]);"));
static DOT: LazyLock<Expression> =
    LazyLock::new(|| Expression::new(r"(?i)&#(?:x2e|12290|x3002|65294|xff0e|65377|xff61);"));
static OCTETS: LazyLock<Expression> =
    LazyLock::new(|| Expression::new(r"(?i)^((?:0x[0-9a-f]+|[0-9]+)\.){3}(?:0x[0-9a-f]+|[0-9]+)\n?\z"));

/// All variants of `uri`, itself included, none longer than a URI may be.
#[must_use]
pub fn variants(uri: &Wide) -> BTreeSet<Wide> {
    let mut written = vec![uri.clone()];
    let mut found = BTreeSet::new();
    let mut at = 0;
    while let Some(uri) = written.get(at) {
        let cleaned = clean(uri);
        at += 1;
        let mut targets = Vec::new();
        each(&cleaned, &mut found, &mut targets);
        found.insert(cleaned);
        if written.len() < limits::CLASSIC_REDIRECTS_MAX {
            written.extend(targets);
        }
    }
    found
}

fn clean(uri: &Wide) -> Wide {
    let text: String = uri.text.chars().filter(|letter| *letter != '\n').collect();
    let text = text.trim_matches(|letter| uri.is_space(letter));
    Wide { text: text.chars().filter(|letter| *letter != '\r').collect(), decoded: uri.decoded }
}

fn each(uri: &Wide, found: &mut BTreeSet<Wide>, targets: &mut Vec<Wide>) {
    let text = uri.text.as_str();
    let is_local = text.starts_with(['#', '?', '&']) || (text.starts_with('/') && !text.starts_with("//"));
    if uri.len() <= 1 || is_local {
        return;
    }
    let mut add = |text: String| {
        let text = text
            .char_indices()
            .nth(URI_CHARACTERS_MAX)
            .map_or(text.as_str(), |(at, _)| text.get(..at).unwrap_or(&text))
            .to_owned();
        found.insert(Wide { text, decoded: uri.decoded });
    };
    let before_at = text.split('@').next().unwrap_or_default();
    let is_address = text.contains('@') && !before_at.contains(':');
    if is_address || text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
        addresses(text, &mut add);
        return;
    }
    let repaired = repair(text);
    if repaired != text {
        add(repaired.clone());
    }
    hosts_of(&repaired, uri.decoded, &mut add, targets);
}

/// Variants of a mail address.
fn addresses(text: &str, add: &mut dyn FnMut(String)) {
    let Some((user, rest)) = text.split_once('@') else { return };
    if user.is_empty() {
        return;
    }
    let until = |marks: &[char], end: char| {
        let length = rest.find(marks).unwrap_or(rest.len());
        let host = rest.get(..length).filter(|host| !host.is_empty())?;
        rest.get(length..)?.starts_with(end).then(|| format!("{user}@{host}"))
    };
    if let Some(address) = until(&['?'], '?') {
        add(address);
    }
    if let Some(address) = until(&['?', '&'], '&') {
        add(address);
    }
    if text.contains("%20") {
        let start = text.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:")).map_or(0, |_| 7);
        // SpamAssassin looks for the lower case scheme only.
        let start = if text.starts_with("mailto:") { start } else { 0 };
        let user = user.get(start..).unwrap_or_default();
        let mut bare = user;
        while let Some(tail) = bare.strip_prefix("%20") {
            bare = tail;
        }
        let bare = if bare.is_empty() { user } else { bare };
        let host = rest.split(['?', '&', '%']).next().unwrap_or_default();
        if !host.is_empty() && !bare.is_empty() {
            add(format!("mailto:{bare}@{host}"));
        }
    }
    let head = text.split(['?', '&']).next().unwrap_or_default();
    if let Some(open) = head.rfind('<')
        && let Some((user, tail)) = text.get(open + 1..).and_then(|inner| inner.split_once('@'))
        && let Some((host, _)) = tail.split_once('>')
        && !user.is_empty()
        && !user.contains('>')
        && !host.is_empty()
    {
        add(format!("mailto:{user}@{host}"));
    }
}

/// Backslashes, missing schemes and slashes, escapes and character references.
fn repair(text: &str) -> String {
    let mut text = text.replace('\\', "/");
    for scheme in ["https:", "http:"] {
        if text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) {
            let (start, rest) = text.split_at(scheme.len());
            let rest = rest.strip_prefix("//").or_else(|| rest.strip_prefix('/')).unwrap_or(rest);
            text = format!("{start}//{rest}");
            break;
        }
    }
    if has_escape(&text) {
        text = unescape(&text);
    }
    if !SCHEME.is_match(text.as_bytes()) {
        text.insert_str(0, if text.starts_with("ftp.") { "ftp://" } else { "http://" });
    }
    if let Some(start) = ["https://", "http://"]
        .iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
        && let Some(end) = text.get(start.len()..).and_then(|rest| rest.find(['/', '?', '#']))
    {
        let at = start.len() + end;
        if end > 0 && !text.get(at..).is_some_and(|rest| rest.starts_with('/')) {
            text.insert(at, '/');
        }
    }
    if !text.contains("&#") {
        return text;
    }
    let decimal = |digits: &str| digits.parse::<u8>().ok();
    let text = references(&text, &DECIMAL, decimal);
    let text = references(&text, &HEXADECIMAL, |digits| u8::from_str_radix(digits, 16).ok());
    String::from_utf8(DOT.replace(text.as_bytes(), b".")).unwrap_or(text)
}

fn references(text: &str, expression: &Expression, read: impl Fn(&str) -> Option<u8>) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = expression.groups(text.as_bytes(), at) {
        kept.push_str(text.get(at..found.start()).unwrap_or_default());
        let letter = found.get(1).and_then(|digits| std::str::from_utf8(digits).ok()).and_then(&read);
        kept.extend(letter.map(char::from));
        at = found.end();
    }
    kept.push_str(text.get(at..).unwrap_or_default());
    kept
}

fn has_escape(text: &str) -> bool {
    text.as_bytes()
        .windows(3)
        .any(|escape| matches!(escape, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

/// Escapes of printable ASCII are decoded; what should have been escaped is.
#[must_use]
pub fn unescape(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let [b'%', high, low, ..] = rest.as_bytes()
            && high.is_ascii_hexdigit()
            && low.is_ascii_hexdigit()
        {
            let octet = hex(*high) << 4 | hex(*low);
            if matches!(octet, 0x21..=0x7e) {
                kept.push(char::from(octet));
            } else {
                kept.push_str(rest.get(..3).unwrap_or_default());
            }
            rest = rest.get(3..).unwrap_or_default();
            continue;
        }
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        match u32::from(letter) {
            code @ (0..=0x20 | 0x22 | 0x25 | 0x3c | 0x3e | 0x7f..=0xff) => {
                // Writing to a string cannot fail.
                let _ = write!(kept, "%{code:02x}");
            }
            _ => kept.push(letter),
        }
    }
    kept
}

/// Variants of the host, and where the URI redirects to.
fn hosts_of(text: &str, decoded: bool, add: &mut dyn FnMut(String), targets: &mut Vec<Wide>) {
    let Some(found) = PARTS.groups(text.as_bytes(), 0) else { return };
    let group = |index: usize| found.get(index).map(|octets| String::from_utf8_lossy(octets).into_owned());
    let (Some(scheme), Some(mut host), Some(rest)) = (group(1), group(3), group(4)) else { return };
    let has_user = group(2).is_some_and(|user| !user.is_empty());
    let port = group(5).unwrap_or_default();
    let is_http = scheme == "http://";
    let mut without_port = None;
    if !port.is_empty() {
        let standard = if is_http { ":80" } else { ":443" };
        let bare = rest
            .strip_prefix(standard)
            .filter(|bare| !bare.starts_with(|letter: char| letter == '_' || letter.is_alphanumeric()));
        if let Some(bare) = bare {
            add(format!("{scheme}{host}{bare}"));
        }
        without_port = Some(bare.unwrap_or(&rest).to_owned());
    }
    let lower = lower_host(&host, decoded);
    if !host.is_ascii() && decoded {
        add(format!("{scheme}{lower}{rest}"));
        if let Some(bare) = without_port.filter(|bare| !bare.is_empty() && bare != "0") {
            add(format!("{scheme}{lower}{bare}"));
        }
        host.clone_from(&lower);
    }
    if host.contains(|letter: char| letter <= ' ') {
        host.retain(|letter| letter > ' ');
        add(format!("{scheme}{host}{rest}"));
    }
    let whole = format!("{scheme}{host}{rest}");
    let target = redirectors::target(&whole).or_else(|| {
        let direct = DIRECT.find(rest.as_bytes(), 0)?;
        rest.get(direct).filter(|target| target.contains('.')).map(str::to_owned)
    });
    targets.extend(target.map(|text| Wide { text, decoded }));
    if let Some((user, bare)) = host.split_once('@').filter(|(user, _)| !user.is_empty()) {
        let _ = user;
        host = bare.to_owned();
        add(format!("{scheme}{host}{rest}"));
    }
    let end = host.rfind(|letter: char| letter.is_ascii_alphanumeric()).map_or(0, |last| last + 1);
    if end < host.len() {
        host.truncate(end);
        add(format!("{scheme}{host}{rest}"));
    }
    let is_plain = is_http && !has_user && lower != "localhost" && (port.is_empty() || port == "80");
    if let Some(variant) = numeric_host(&host).or_else(|| is_plain.then(|| guessed_host(&lower)).flatten()) {
        add(format!("{scheme}{variant}{rest}"));
    }
}

/// The host in lower case; characters beyond ASCII turn into their UTF-8 octets, for want of IDN in SpamAssassin.
fn lower_host(host: &str, decoded: bool) -> String {
    if decoded && !host.is_ascii() {
        return host.bytes().map(|octet| char::from(octet.to_ascii_lowercase())).collect();
    }
    host.to_ascii_lowercase()
}

/// `http://foobar` leads to `http://www.foobar.com` in some browsers.
fn guessed_host(host: &str) -> Option<String> {
    let name = host.strip_prefix("www.").filter(|name| !name.is_empty() && !name.contains('.'));
    let name = name.or_else(|| Some(host).filter(|host| !host.is_empty() && !host.contains('.')))?;
    (!hosts::has_top_level(host.as_bytes())).then(|| format!("www.{name}.com"))
}

/// Addresses written in octal, hexadecimal, or as one number.
fn numeric_host(host: &str) -> Option<String> {
    if OCTETS.is_match(host.as_bytes()) {
        return Some(host.split('.').map(octet).collect::<Vec<_>>().join("."));
    }
    let number = if let Some(digits) =
        host.get(2..).filter(|_| host.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x")))
    {
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        u64::from_str_radix(digits.get(digits.len().saturating_sub(8)..)?, 16).ok()?
    } else {
        if host.is_empty() || !host.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        host.parse().unwrap_or(u64::MAX)
    };
    let digits = format!("{number:08x}");
    let part = |from: usize| digits.get(from..from + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    Some(format!("{}.{}.{}.{}", part(0)?, part(2)?, part(4)?, part(6)?))
}

/// One octet of an address; a zero becomes nothing, as in SpamAssassin.
fn octet(written: &str) -> String {
    let mut value = written.to_owned();
    if let Some(digits) = value.strip_prefix("0x").or_else(|| value.strip_prefix("0X")) {
        let digits = digits.trim_start_matches('0');
        value = if digits.len() > 16 { u64::MAX } else { u64::from_str_radix(digits, 16).unwrap_or(0) }.to_string();
    }
    let bare = value.trim_start_matches('0');
    let is_octal = bare.len() < value.len()
        && bare.bytes().all(|digit| matches!(digit, b'0'..=b'7'))
        && match bare.bytes().next() {
            Some(b'1'..=b'3') => bare.len() <= 3,
            Some(b'4'..=b'7') => bare.len() <= 2,
            _ => false,
        };
    if is_octal { u32::from_str_radix(bare, 8).unwrap_or(0).to_string() } else { bare.to_owned() }
}

/// Trims white space as the text of a URI has it.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(is_space)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(uri: &str) -> Vec<String> {
        variants(&Wide::octets(uri.as_bytes())).into_iter().map(|uri| uri.text).collect()
    }

    #[test]
    fn uris_have_variants() {
        assert_eq!(read("http://%77ww.Example.com?x"), ["http://%77ww.Example.com?x", "http://www.Example.com/?x"]);
        assert_eq!(read("www.example.com"), ["http://www.example.com", "www.example.com"]);
        assert_eq!(read("#top"), ["#top"]);
        assert_eq!(read("http://u@example.com:80/"), ["http://example.com/", "http://u@example.com:80/"]);
        assert_eq!(read("http://2130706433/"), ["http://127.0.0.1/", "http://2130706433/"]);
        assert_eq!(read("http://010.0x10.8.1/"), ["http://010.0x10.8.1/", "http://8.16.8.1/"]);
        assert_eq!(read("http://foo/"), ["http://foo/", "http://www.foo.com/"]);
        assert_eq!(
            read("http://a.example/r?u=http://b.example/&x"),
            ["http://a.example/r?u=http://b.example/&x", "http://b.example/"]
        );
        assert_eq!(read("mailto:a@b.example?subject=x"), ["mailto:a@b.example", "mailto:a@b.example?subject=x"]);
    }
}
