//! URIs and mail addresses in rendered text, as mail programs would turn them into links.
//!
//! Pure. One pass; where a run of characters ends is looked for once, so the time is linear.

use super::{
    canonical, hosts,
    wide::{Wide, is_blank},
};

/// A URI found in text, a scheme put before it where it had none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub uri: String,
    /// Written without a scheme.
    pub schemeless: bool,
    /// A mail program would not make it a link.
    pub unlinked: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Scheme,
    Mail,
    Bare,
}

/// All URIs in one paragraph. `seen` holds what was found before.
pub fn find(text: &[u8], seen: &mut std::collections::BTreeSet<Vec<u8>>, found: &mut Vec<Found>) {
    let mut runs = Runs { text, link: 0..0, mail: 0..0 };
    let mut at = 0;
    while at < text.len() {
        let Some((form, end, host)) = runs.at(at) else {
            at += 1;
            continue;
        };
        let raw = text.get(at..end).unwrap_or_default();
        at = end.max(at + 1);
        let raw = trim(raw);
        if seen.contains(raw) {
            continue;
        }
        seen.insert(raw.to_vec());
        if form == Form::Mail && !raw.contains(&b'@') {
            continue;
        }
        if host.is_some_and(|host| !hosts::is_name(host)) {
            continue;
        }
        found.extend(complete(raw));
    }
}

/// A closing parenthesis ends a URI in which none opens; punctuation at the end is not part of it.
fn trim(raw: &[u8]) -> &[u8] {
    let close = memchr::memchr(b')', raw);
    let open = memchr::memchr(b'(', raw);
    let raw = match (open, close) {
        (Some(open), Some(close)) if open < close => raw,
        (_, Some(close)) => raw.get(..close).unwrap_or(raw),
        _ => raw,
    };
    let end = raw.iter().rposition(|octet| !b"-~!@#^&*()_+=:;'?,.".contains(octet)).map_or(0, |last| last + 1);
    raw.get(..end).unwrap_or_default()
}

/// Puts a scheme before a URI, or drops what is none.
fn complete(raw: &[u8]) -> Option<Found> {
    let lower = raw.to_ascii_lowercase();
    if lower.starts_with(b"cid:") || lower.starts_with(b"mid:") || is_empty_scheme(&lower) {
        return None;
    }
    let mut text: String = raw.iter().map(|octet| char::from(*octet)).collect();
    let (mut schemeless, mut unlinked) = (true, false);
    let at = memchr::memchr(b'@', raw);
    if [&b"http:"[..], b"https:", b"ftp:", b"mailto:"].iter().any(|scheme| lower.starts_with(scheme)) {
        schemeless = false;
    } else if lower.starts_with(b"ftp.") {
        text.insert_str(0, "ftp://");
    } else if starts_with_www(&lower) {
        text.insert_str(0, "http://");
    } else if let Some(slash) = memchr::memchr(b'/', raw)
        && memchr::memrchr(b'@', raw).is_some_and(|at| at > slash + 1)
    {
        text.insert_str(0, "http://");
    } else if let Some(at) = at {
        let host = raw.get(at + 2..).unwrap_or_default();
        if !host.contains(&b'.') || memchr::memmem::find(raw, b"&nbsp;").is_some() {
            return None;
        }
        text = format!("mailto:{}", text.get(misparse(&lower)..).unwrap_or_default());
    } else {
        if !raw.contains(&b'.') {
            return None;
        }
        text.insert_str(0, "http://");
        unlinked = true;
    }
    if text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
        if text
            .as_bytes()
            .windows(3)
            .any(|octets| matches!(octets, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
        {
            text = canonical::unescape(&text);
        }
        let (_, rest) = text.split_once('@')?;
        let mut host = rest.split(['?', '&', '>']).next().unwrap_or_default();
        while let Some(bare) = host.strip_suffix("%20") {
            host = bare;
        }
        if !hosts::has_top_level(host.as_bytes()) {
            return None;
        }
    }
    Some(Found { uri: text, schemeless, unlinked })
}

/// `http:` with up to two slashes and nothing behind.
fn is_empty_scheme(lower: &[u8]) -> bool {
    let word = lower.iter().position(|octet| !(octet.is_ascii_alphanumeric() || *octet == b'_')).unwrap_or(0);
    word > 0 && matches!(lower.get(word..), Some(b":" | b":/" | b"://"))
}

fn starts_with_www(lower: &[u8]) -> bool {
    www_length(lower).is_some()
}

/// Length of `www.`, `www1.`, `www23.` at the start.
fn www_length(lower: &[u8]) -> Option<usize> {
    let rest = lower.get(..3).filter(|start| start.eq_ignore_ascii_case(b"www")).and_then(|_| lower.get(3..))?;
    let digits = rest.iter().take(2).take_while(|octet| octet.is_ascii_digit()).count();
    (rest.get(digits) == Some(&b'.')).then_some(3 + digits + 1)
}

/// Length of `email:`, `skype:` and the like before an address.
fn misparse(lower: &[u8]) -> usize {
    let word = [&b"skype"[..], b"e-mail", b"email", b"mail", b""].into_iter().find(|word| lower.starts_with(word));
    let start = word.map_or(0, <[u8]>::len);
    let colons = lower.get(start..).unwrap_or_default().iter().take_while(|octet| **octet == b':').count();
    if colons > 0 { start + colons } else { 0 }
}

/// Where runs of characters end; each is found once.
struct Runs<'a> {
    text: &'a [u8],
    link: std::ops::Range<usize>,
    mail: std::ops::Range<usize>,
}

fn ends_link(octet: u8) -> bool {
    is_blank(&octet) || b"><\"`}]{[|\x1b\xa0".contains(&octet)
}

fn ends_mail(octet: u8) -> bool {
    ends_link(octet) || !octet.is_ascii() || b",('".contains(&octet)
}

fn starts_link(octet: u8) -> bool {
    is_blank(&octet) || b"><\"'`,{[(|\x1b\xa0".contains(&octet)
}

fn starts_bare(octet: u8) -> bool {
    is_blank(&octet) || matches!(octet, 0x1b | 0xa0) || b"!\"#$&'()*+,/:;<=>?@[\\]^`{|}~".contains(&octet)
}

fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_'
}

impl<'a> Runs<'a> {
    fn octet(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    /// End of the run of link characters at `at`.
    fn link_end(&mut self, at: usize) -> usize {
        if !(self.link.start <= at && at <= self.link.end) || self.link.is_empty() {
            self.link = at..end_of(self.text, at, ends_link);
        }
        self.link.end.max(at)
    }

    /// End of the run of characters of mail addresses at `at`.
    fn mail_end(&mut self, at: usize) -> usize {
        if !(self.mail.start <= at && at <= self.mail.end) || self.mail.is_empty() {
            self.mail = at..end_of(self.text, at, ends_mail);
        }
        self.mail.end.max(at)
    }

    /// May something start here?
    fn is_start(&self, at: usize) -> bool {
        let here = self.octet(at).is_some_and(is_word);
        let before = at.checked_sub(1).and_then(|before| self.octet(before));
        here != before.is_some_and(is_word)
            || before.is_some_and(starts_link)
            || (at >= 3 && self.text.get(at - 3..at - 1) == Some(b"\x1b("))
    }

    /// What starts here, where it ends, and the host of a bare one.
    fn at(&mut self, at: usize) -> Option<(Form, usize, Option<&'a [u8]>)> {
        if !self.is_start(at) {
            return None;
        }
        if let Some(end) = self.scheme(at) {
            return Some((Form::Scheme, end, None));
        }
        if let Some(end) = self.mail(at) {
            return Some((Form::Mail, end, None));
        }
        let before = at.checked_sub(1).and_then(|before| self.octet(before));
        if before.is_none_or(starts_bare)
            && let Some((end, host)) = self.bare(at)
        {
            return Some((Form::Bare, end, Some(host)));
        }
        None
    }

    fn scheme(&mut self, at: usize) -> Option<usize> {
        let start = self.text.get(at..(at + 8).min(self.text.len()))?;
        let has = |scheme: &[u8]| start.get(..scheme.len()).is_some_and(|text| text.eq_ignore_ascii_case(scheme));
        let length = if has(b"https://") {
            8
        } else if has(b"http://") {
            7
        } else if has(b"ftp://") {
            6
        } else if has(b"ftp.") {
            4
        } else {
            www_length(start)?
        };
        let from = at + length;
        let end = self.link_end(from);
        (1..=LINK_BYTES_MAX).contains(&(end - from)).then_some(end)
    }

    fn mail(&mut self, at: usize) -> Option<usize> {
        if self.text.get(at..at + 7).is_some_and(|start| start.eq_ignore_ascii_case(b"mailto:")) {
            let end = self.mail_end(at + 7);
            if (1..=LINK_BYTES_MAX).contains(&(end - at - 7)) {
                return Some(end);
            }
        }
        let window = self.text.get(at..(at + MAIL_BYTES_MAX + 1).min(self.text.len()))?;
        let user = window.iter().position(|octet| *octet == b'@' || ends_mail(*octet))?;
        if user == 0 || window.get(user) != Some(&b'@') {
            return None;
        }
        let from = at + user + 1;
        let end = self.mail_end(from);
        (1..=MAIL_BYTES_MAX).contains(&(end - from)).then_some(end)
    }

    /// A host below a known top level, a port, a path.
    fn bare(&mut self, at: usize) -> Option<(usize, &'a [u8])> {
        if !self.octet(at)?.is_ascii_alphanumeric() {
            return None;
        }
        let window = self.text.get(at..(at + HOST_BYTES_MAX + 72).min(self.text.len()))?;
        let is_host = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_' | b'-');
        let run = window.iter().position(|octet| !is_host(octet)).unwrap_or(window.len());
        let host = window.get(..run)?;
        let host = host.strip_suffix(b".").unwrap_or(host);
        let dot = host.iter().rposition(|octet| *octet == b'.').filter(|dot| (1..=HOST_BYTES_MAX).contains(dot))?;
        if !hosts::is_top_level(&host.get(dot + 1..)?.to_ascii_lowercase()) {
            return None;
        }
        let mut end = at + run;
        if self.octet(end) == Some(b':') {
            let digits = self.text.get(end + 1..)?.iter().take(6).take_while(|octet| octet.is_ascii_digit()).count();
            if !(1..=5).contains(&digits) {
                return None;
            }
            end += 1 + digits;
        }
        if self.octet(end) == Some(b'/') {
            let from = end + 1;
            end = self.link_end(from);
            if !(1..=LINK_BYTES_MAX).contains(&(end - from)) {
                return None;
            }
        }
        self.octet(end).is_none_or(ends_link).then_some((end, host))
    }
}

fn end_of(text: &[u8], at: usize, ends: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().position(|octet| ends(*octet)).map_or(text.len(), |end| at + end)
}

/// Octets of a link behind its scheme.
const LINK_BYTES_MAX: usize = 2048;
/// Octets on either side of the `@` of an address.
const MAIL_BYTES_MAX: usize = 251;
/// Octets of a host before its top level.
const HOST_BYTES_MAX: usize = 252;

/// The text of a URI as the octets of a paragraph give it.
#[must_use]
pub fn wide(found: &Found) -> Wide {
    Wide { text: found.uri.clone(), decoded: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        find(text.as_bytes(), &mut std::collections::BTreeSet::new(), &mut found);
        found.into_iter().map(|found| found.uri).collect()
    }

    #[test]
    fn links_in_text() {
        assert_eq!(
            read("see http://a.example/x, or (www.b.example/y)."),
            ["http://a.example/x", "http://www.b.example/y"]
        );
        assert_eq!(read("mail me@x.com, or email:you@y.org!"), ["mailto:me@x.com", "mailto:you@y.org"]);
        assert_eq!(
            read("go to example.com/x or file.txt or x.example.co.uk:80"),
            ["http://example.com/x", "http://x.example.co.uk:80"]
        );
        assert_eq!(read("a@b c@d.invalidtld cid:x@y.com http://"), Vec::<String>::new());
    }
}
