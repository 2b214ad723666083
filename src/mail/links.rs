//! Links: every place a text or page can take its reader, normalised as browsers do (WHATWG URL).
//!
//! Pure. Bounded in number, length and work; what was left out is said by `defects`.

use super::{
    address::Domain,
    content::{Defect, Link, LinkPlace},
    defects,
    page::{Page, references::Found},
    shown,
};
use crate::limits;
use linkify::{LinkFinder, LinkKind};
use std::collections::{BTreeMap, BTreeSet};
use url::{Host, ParseError, Url};

/// The links of one mail, collected over its parts.
pub struct Links {
    found: Vec<Link>,
    /// What was met already, as it stood there and as it was normalised, and where in `found` it is; by `LinkPlace`.
    seen: [BTreeMap<String, Option<usize>>; 4],
    defects: BTreeSet<Defect>,
    finder: LinkFinder,
}

impl Default for Links {
    fn default() -> Self {
        let mut finder = LinkFinder::new();
        finder.kinds(&[LinkKind::Url]);
        Self { found: Vec::new(), seen: std::array::from_fn(|_| BTreeMap::new()), defects: BTreeSet::new(), finder }
    }
}

impl Links {
    /// Looks for links in text that a client would make clickable: with scheme, or beginning with `www.`.
    pub fn text(&mut self, text: &str, place: LinkPlace) {
        let bytes = text.as_bytes();
        let mut done = 0;
        for at in memchr::memchr2_iter(b'/', b'.', bytes) {
            let read = bytes.get(done..at).unwrap_or_default();
            let rest = bytes.get(at..).unwrap_or_default();
            let is_promising = at >= done && (is_slash_of_link(read, rest) || is_www(bytes, at));
            if is_promising {
                let start = read.iter().rposition(|octet| parts_words(*octet)).map_or(done, |before| done + before + 1);
                done = rest.iter().position(|octet| parts_words(*octet)).map_or(bytes.len(), |after| at + after);
                self.word(text.get(start..done).unwrap_or_default(), place);
            }
        }
    }

    /// Looks for links in a page: references of every kind, and its text. Gives the page, read in the same pass.
    pub fn html(&mut self, page: &str, place: LinkPlace) -> Page {
        let mut base = None;
        let mut relative = Vec::new();
        let page = Page::read(page, &mut |found| match found {
            Found::Base(target) => {
                if base.is_none() {
                    base = Url::parse(target).ok();
                }
                self.reference(target, None, place);
            }
            Found::Reference(target) => {
                // The base counts for the whole page wherever it stands, so relative ones wait for the end.
                if self.reference(target, None, place) == Outcome::Relative && relative.len() < limits::LINKS_MAX {
                    relative.push(target.get(..limits::LINK_BYTES_MAX).unwrap_or(target).to_owned());
                }
            }
            Found::Text(text) => self.text(text, place),
        });
        if let Some(base) = base {
            for target in relative {
                self.reference(&target, Some(&base), place);
            }
        }
        for anchor in page.anchors.iter().filter(|anchor| !anchor.text.is_empty()) {
            self.label(&anchor.href, &anchor.text, place);
        }
        page
    }

    /// Takes the target of a reference in a document.
    pub fn target(&mut self, target: &str, place: LinkPlace) {
        self.reference(target, None, place);
    }

    /// Notes what is shown for a link that was met.
    fn label(&mut self, target: &str, text: &str, place: LinkPlace) {
        let target = trimmed(target);
        let target = target.get(..target.floor_char_boundary(limits::LINK_BYTES_MAX)).unwrap_or_default();
        let index = self.seen_at(place).get(target).copied().flatten();
        let Some(link) = index.and_then(|index| self.found.get_mut(index)) else { return };
        let mismatch = shown::contradicts(text, link);
        if link.text.is_empty() || (mismatch && !link.mismatch) {
            text.clone_into(&mut link.text);
        }
        link.mismatch |= mismatch;
    }

    /// Everything found, in the order it was met, and what is wrong with it.
    #[must_use]
    pub fn finish(self) -> (Vec<Link>, BTreeSet<Defect>) {
        (self.found, self.defects)
    }

    /// One run of characters without white space that may hold links.
    fn word(&mut self, word: &str, place: LinkPlace) {
        let word = self.cut(word);
        let mut rest = word;
        let (mut looks, mut first) = (0, None);
        // The finder looks back and forth over the whole word at every `://`; real links hold a few at most.
        while let Some(at) = rest.find("://") {
            looks += 1;
            if looks > LOOKS_MAX {
                self.defects.insert(defects::LINKS_CUT);
                break;
            }
            let Some(link) = self.finder.links(rest).next() else {
                rest = rest.get(at + 3..).unwrap_or_default();
                continue;
            };
            let (target, start, end) = (link.as_str().to_owned(), link.start(), link.end());
            first = first.or(Some(word.len() - rest.len() + start));
            self.reference(&target, None, place);
            rest = rest.get(end..).unwrap_or_default();
        }
        // What stands before the first link with a scheme may be one without.
        self.bare(word.get(..first.unwrap_or(word.len())).unwrap_or_default(), place);
    }

    /// A link without scheme: one that begins with `www.`, or a host with a path.
    fn bare(&mut self, word: &str, place: LinkPlace) {
        let bare = word
            .trim_start_matches(|mark: char| !mark.is_alphanumeric())
            .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '*', '_']);
        let host = bare.split(['/', '?', '#', ':']).next().unwrap_or_default();
        let is_with_path = bare.get(host.len()..).is_some_and(|rest| rest.contains('/'));
        let is_known = is_with_path && Domain::parse(host).is_some_and(|domain| domain.registrable().is_some());
        if is_known || (host.len() > 4 && is_www(host.as_bytes(), 3)) {
            self.reference(&format!("http://{bare}"), None, place);
        }
    }

    /// One reference: normalised, and kept unless it was met before.
    fn reference(&mut self, target: &str, base: Option<&Url>, place: LinkPlace) -> Outcome {
        let target = trimmed(target);
        if target.is_empty() || target.starts_with('#') {
            return Outcome::Nothing;
        }
        if target.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
            return self.data(target, place);
        }
        let target = self.cut(target);
        let is_known = self.seen_at(place).contains_key(target);
        if is_known && base.is_none() {
            return Outcome::Nothing;
        }
        if !is_known {
            self.seen_at(place).insert(target.to_owned(), None);
        }
        let link = match Url::options().base_url(base).parse(target) {
            Ok(url) => {
                if matches!(url.scheme(), "cid" | "mid" | "about") {
                    return Outcome::Nothing;
                }
                link(&url, place)
            }
            Err(ParseError::RelativeUrlWithoutBase) => match guessed(target) {
                Some(url) => link(&url, place),
                None => return Outcome::Relative,
            },
            Err(_) => {
                self.defects.insert(defects::MALFORMED_LINK);
                Link { url: target.to_owned(), host: spelt_host(target), place, ..Link::default() }
            }
        };
        let index = self.keep(link, target);
        if let Some(known) = self.seen_at(place).get_mut(target) {
            *known = index;
        }
        Outcome::Kept
    }

    /// A `data:` link carries its target in itself: what it is says enough, and pictures are no links.
    fn data(&mut self, target: &str, place: LinkPlace) -> Outcome {
        let kind = target.split([',', ';']).next().unwrap_or_default().to_ascii_lowercase();
        let is_harmless = ["data:image/", "data:font/", "data:application/font", "data:application/x-font"]
            .iter()
            .any(|harmless| kind.starts_with(harmless) && !kind.contains("svg"));
        if !is_harmless {
            let url = kind.get(..DATA_KIND_BYTES_MAX).unwrap_or(&kind).to_owned();
            self.keep(Link { url, place, ..Link::default() }, "");
        }
        Outcome::Nothing
    }

    fn seen_at(&mut self, place: LinkPlace) -> &mut BTreeMap<String, Option<usize>> {
        let [text, html, attachment, qr] = &mut self.seen;
        match place {
            LinkPlace::Text => text,
            LinkPlace::Html => html,
            LinkPlace::Attachment => attachment,
            LinkPlace::Qr => qr,
        }
    }

    /// Where in `found` the link is; `None` where there is no more room.
    fn keep(&mut self, link: Link, as_spelt: &str) -> Option<usize> {
        let index = (self.found.len() < limits::LINKS_MAX).then_some(self.found.len());
        if link.url != as_spelt {
            let seen = self.seen_at(link.place);
            if let Some(known) = seen.get(&link.url) {
                return *known;
            }
            seen.insert(link.url.clone(), index);
        }
        if index.is_none() {
            self.defects.insert(defects::LINKS_CUT);
            return None;
        }
        self.found.push(link);
        index
    }

    /// The first octets of a link that is too long; the host stands there.
    fn cut<'a>(&mut self, target: &'a str) -> &'a str {
        if target.len() <= limits::LINK_BYTES_MAX {
            return target;
        }
        self.defects.insert(defects::LINK_TOO_LONG);
        target.get(..target.floor_char_boundary(limits::LINK_BYTES_MAX)).unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Kept,
    /// Seen before, or no link at all.
    Nothing,
    /// Needs a base.
    Relative,
}

fn trimmed(target: &str) -> &str {
    target.trim_matches(|mark: char| mark <= ' ')
}

fn link(url: &Url, place: LinkPlace) -> Link {
    let domain = match url.host() {
        Some(Host::Domain(host)) => Domain::parse(host).and_then(|host| host.registrable()),
        _ => None,
    };
    let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_owned();
    Link {
        url: url.to_string(),
        domain: domain.map(|domain| domain.as_str().to_owned()),
        place,
        userinfo: !url.username().is_empty() || url.password().is_some(),
        is_ip: matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_))),
        is_punycode: host.split('.').any(|label| label.starts_with("xn--")),
        host,
        ..Link::default()
    }
}

/// A reference without scheme that clients still open: `//a.example/`, `www.a.example`.
fn guessed(target: &str) -> Option<Url> {
    let is_host = target.starts_with("//") || target.starts_with("\\\\") || is_www(target.as_bytes(), 3);
    is_host
        .then(|| {
            Url::parse(&format!(
                "http:{}{target}",
                if target.starts_with('w') || target.starts_with('W') { "//" } else { "" }
            ))
            .ok()
        })
        .flatten()
}

/// What stands where a host should, for links that no browser opens as they are.
fn spelt_host(target: &str) -> String {
    let after = target.split_once("//").map_or(target, |(_, after)| after);
    let authority = after.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_lowercase()
}

/// Does an octet stand between words that may be links?
fn parts_words(octet: u8) -> bool {
    matches!(octet, 0..=b' ' | b'<' | b'>' | b'"' | 0x7f)
}

/// Does a slash stand at the beginning of `rest` that is part of `://`, or follows a host name as in `a.example/path`?
fn is_slash_of_link(before: &[u8], rest: &[u8]) -> bool {
    if !rest.starts_with(b"/") {
        return false;
    }
    if before.ends_with(b":") {
        return rest.get(1) == Some(&b'/');
    }
    let near = before.get(before.len().saturating_sub(HOST_BYTES_MAX + 1)..).unwrap_or_default();
    // No further back than to the slash before, so that many slashes are no more work than few.
    let start = near.iter().rposition(|octet| *octet == b'/' || parts_words(*octet)).map_or(0, |last| last + 1);
    let word = near.get(start..).unwrap_or_default();
    let is_path = start.checked_sub(1).is_some_and(|last| near.get(last) == Some(&b'/'));
    !is_path && word.len() <= HOST_BYTES_MAX && word.last().is_some_and(u8::is_ascii_alphabetic) && word.contains(&b'.')
}

/// Does `www.` end with the dot at `at`, at the start of a word?
fn is_www(bytes: &[u8], at: usize) -> bool {
    let Some(start) = at.checked_sub(3) else { return false };
    let is_word =
        start.checked_sub(1).and_then(|before| bytes.get(before)).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    is_word && bytes.get(start..=at).is_some_and(|word| word.eq_ignore_ascii_case(b"www."))
}

/// How often one run of characters is searched for a link.
const LOOKS_MAX: usize = 32;
/// Octets of a host name (RFC 1035 2.3.4).
const HOST_BYTES_MAX: usize = 253;
/// Octets of the media type of a `data:` link.
const DATA_KIND_BYTES_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(text: &str) -> Vec<String> {
        let mut links = Links::default();
        links.text(text, LinkPlace::Text);
        links.finish().0.into_iter().map(|link| link.url).collect()
    }

    fn of_page(page: &str) -> Vec<Link> {
        let mut links = Links::default();
        links.html(page, LinkPlace::Html);
        links.finish().0
    }

    #[test]
    fn text_links_are_found() {
        assert_eq!(
            of_text("Siehe https://portal.schule.example/anmelden, (http://a.example/b_(c)) oder www.c.example/d."),
            ["https://portal.schule.example/anmelden", "http://a.example/b_(c)", "http://www.c.example/d"]
        );
        assert_eq!(
            of_text("bit.ly/abc und/oder src/main.rs, siehe github.com/a"),
            ["http://bit.ly/abc", "http://github.com/a"]
        );
        assert_eq!(of_text("Ende.Neu 10.5/3 a://b"), ["a://b"]);
    }

    #[test]
    fn marks_of_a_scheme_hide_no_link_before_them() {
        assert_eq!(of_text("www.a.example/a?u=://b"), ["http://www.a.example/a?u=://b"]);
        assert_eq!(
            of_text("github.com/a?u=http://b.example/ foo.com:http://c.example/"),
            ["http://b.example/", "http://github.com/a?u=", "http://c.example/"]
        );
    }

    #[test]
    fn spellings_are_normalised_as_browsers_do() {
        let hosts = |target: &str| of_page(&format!("<a href=\"{target}\">x</a>")).remove(0).host;
        assert_eq!(hosts("HTTP:\\\\WWW.B\u{fc}cher.example\\x"), "www.xn--bcher-kva.example");
        assert_eq!(hosts("http://good.example@evil.example/"), "evil.example");
        assert_eq!(hosts("http://0x7f.1/"), "127.0.0.1");
        assert_eq!(hosts("ht&#9;tp://a.example"), "a.example");
        assert_eq!(hosts("//a.example/x"), "a.example");
        assert_eq!(hosts("www.a.example/x"), "www.a.example");
        assert_eq!(hosts("mailto:a@b.example"), "");
    }

    #[test]
    fn registrable_domains_come_along() {
        let links = of_page("<a href='https://x.y.co.uk/'>");
        assert_eq!(links[0].domain.as_deref(), Some("y.co.uk"));
        assert_eq!(of_page("<a href='http://192.0.2.1/'>")[0].domain, None);
    }

    #[test]
    fn a_base_completes_relative_links() {
        let urls: Vec<String> =
            of_page("<a href=x>x</a><base href=https://b.example/d/>").into_iter().map(|link| link.url).collect();
        assert_eq!(urls, ["https://b.example/d/", "https://b.example/d/x"]);
        assert!(of_page("<a href=x><a href='#y'><img src=cid:z>").is_empty());
    }

    #[test]
    fn links_say_what_is_shown_for_them() {
        let links = of_page(
            "<a href='http://a.example/'> Los  <b>geht's</b> </a><a href='http://evil.com/'>www.paypal.com</a>
             <a href='HTTP://A.example'>http://b.example/</a><a href=x>y</a><base href='http://c.example/'>
             <a href='http://d.example/'><img src=cid:z alt='Weiter'></a><a href='http://e.example'>",
        );
        let shown: Vec<_> = links.iter().map(|link| (link.host.as_str(), link.text.as_str(), link.mismatch)).collect();
        assert_eq!(
            shown,
            [
                ("a.example", "http://b.example/", true),
                ("evil.com", "www.paypal.com", true),
                ("www.paypal.com", "", false),
                ("b.example", "", false),
                ("c.example", "", false),
                ("d.example", "Weiter", false),
                ("e.example", "", false),
                ("c.example", "y", false),
            ]
        );
    }

    #[test]
    fn odd_hosts_are_marked() {
        let of = |target: &str| of_page(&format!("<a href='{target}'>")).remove(0);
        assert!(of("https://bank.example@evil.example/").userinfo);
        assert!(of("http://0x7f000001/").is_ip && of("http://[::1]/").is_ip);
        assert!(of("http://B\u{fc}cher.example").is_punycode);
        let plain = of("http://a.example/@b");
        assert!(!plain.userinfo && !plain.is_ip && !plain.is_punycode);
    }

    #[test]
    fn links_are_met_once_and_bounded() {
        assert_eq!(of_text("http://a.example http://a.example/ http://a.example").len(), 1);
        let mut links = Links::default();
        for number in 0..limits::LINKS_MAX + 5 {
            links.text(&format!("http://a.example/{number}"), LinkPlace::Text);
        }
        links.text(&"http://".repeat(10_000), LinkPlace::Text);
        let (found, defects) = links.finish();
        assert_eq!(found.len(), limits::LINKS_MAX);
        assert!(defects.contains(defects::LINKS_CUT));
        assert!(defects.contains(defects::LINK_TOO_LONG));
    }

    #[test]
    fn pictures_inside_a_page_are_no_links() {
        let urls: Vec<String> = of_page("<img src='data:image/png;base64,AAAA'><a href='data:text/html,<p>x'>")
            .into_iter()
            .map(|link| link.url)
            .collect();
        assert_eq!(urls, ["data:text/html"]);
    }
}
