//! What a link shows: does its text name another place than the one it leads to?
//!
//! Pure. A reader trusts a domain that stands in the text; where the link goes is seen only by those who look.

use super::{address::Domain, author::domains::is_invisible, content::Link};
use url::{Host, Url};

/// Does `text` name a registrable domain or an address that is not the link's?
///
/// Redirectors and trackers are other places too. Mail addresses name none; neither do links without host.
#[must_use]
pub fn contradicts(text: &str, link: &Link) -> bool {
    if link.host.is_empty() || !text.contains(['.', ':']) {
        return false;
    }
    text.split_whitespace().take(WORDS_MAX).filter_map(named).any(|place| match place {
        Place::Domain(domain) => link.domain.as_deref() != Some(domain.as_str()),
        Place::Address(address) => link.host != address,
    })
}

/// Words of a link's text that are looked at: it is cut before.
const WORDS_MAX: usize = 64;

/// A place that a word names.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// Registrable.
    Domain(Domain),
    /// IP address, as the URL standard writes it.
    Address(String),
}

/// The place that a word names, whatever marks stand around it.
fn named(word: &str) -> Option<Place> {
    let visible: String;
    let word = if word.is_ascii() {
        word
    } else {
        visible = word.chars().filter(|mark| !is_invisible(*mark)).collect();
        &visible
    };
    let word = word.trim_start_matches(|mark: char| !mark.is_alphanumeric());
    if let Some((scheme, rest)) = word.split_once("://") {
        let is_web = ["http", "https", "hxxp", "hxxps", "ftp"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        return if is_web { of_host(authority(rest).rsplit('@').next().unwrap_or_default()) } else { None };
    }
    let host = authority(word);
    if host.contains('@') {
        return None;
    }
    let host = host.split(':').next().unwrap_or_default().trim_end_matches(|mark: char| !mark.is_alphanumeric());
    if host.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www.")) {
        return of_host(host);
    }
    is_bare_domain(host).then(|| of_host(host)).flatten()
}

fn authority(text: &str) -> &str {
    text.split(['/', '?', '#', '\\']).next().unwrap_or_default()
}

fn of_host(host: &str) -> Option<Place> {
    let host = host.trim_end_matches(|mark: char| !mark.is_alphanumeric() && mark != ']');
    let url = Url::parse(&format!("http://{host}/")).ok()?;
    match url.host()? {
        Host::Domain(name) if name.contains('.') => Domain::parse(name)?.registrable().map(Place::Domain),
        Host::Domain(_) => None,
        _ => url.host_str().map(|address| Place::Address(address.to_owned())),
    }
}

/// Is a word without scheme a domain rather than two sentences, an abbreviation or a file?
fn is_bare_domain(host: &str) -> bool {
    let Some((_, end)) = host.rsplit_once('.') else { return false };
    let mut letters = end.chars();
    let is_capital = letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase);
    let is_file = ["zip", "mov", "md", "py", "sh", "rs"].iter().any(|known| end.eq_ignore_ascii_case(known));
    !is_capital
        && !is_file
        && host.chars().all(|mark| mark.is_alphanumeric() || matches!(mark, '-' | '.'))
        && Domain::parse(host).is_some_and(|domain| domain.has_listed_suffix())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(host: &str, domain: &str) -> Link {
        let domain = (!domain.is_empty()).then(|| domain.to_owned());
        Link { host: host.to_owned(), domain, ..Link::default() }
    }

    #[test]
    fn other_places_are_told() {
        let evil = link("login.evil.com", "evil.com");
        for text in [
            "https://www.paypal.com/signin",
            "Zu www.sparkasse.example.",
            "(paypal.com)",
            "PayPal.com!",
            "pay\u{200b}pal.com",
            "p\u{e4}ypal.de",
            "http://192.0.2.7/x",
            "https://u@paypal.com",
        ] {
            assert!(contradicts(text, &evil), "{text}");
        }
        assert!(contradicts("paypal.com", &link("192.0.2.1", "")));
    }

    #[test]
    fn the_same_place_and_no_place_are_not() {
        let good = link("mail.paypal.com", "paypal.com");
        for text in [
            "Hier klicken",
            "www.paypal.com",
            "http://paypal.com.",
            "PAYPAL.COM,",
            "Rechnung.pdf",
            "setup.zip",
            "service@bank.de",
            "this.It is",
            "z.B. u.a.",
            "10.5 Uhr",
            "https://",
        ] {
            assert!(!contradicts(text, &good), "{text}");
        }
        assert!(!contradicts("www.paypal.com", &link("", "")));
        assert!(!contradicts("b\u{fc}cher.de", &link("xn--bcher-kva.de", "xn--bcher-kva.de")));
        assert!(!contradicts("http://192.0.2.7/x", &link("192.0.2.7", "")));
    }
}
