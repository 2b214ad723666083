//! Host names as SpamAssassin judges them: well formed, below a known top level, and where the registry's part ends.
//!
//! Pure. Top levels come from the public suffix list.

use super::expression::Expression;
use std::sync::LazyLock;

/// The source of an expression that matches an address of the Internet Protocol, as SpamAssassin recognises it.
///
/// What must not stand before it is for the caller.
pub const ADDRESS: &str = concat!(
    r"(?:\b(?:1[0-9][0-9]|2[0-4][0-9]|25[0-5]|[1-9][0-9]|[0-9])",
    r"(?:\.(?:1[0-9][0-9]|2[0-4][0-9]|25[0-5]|[1-9][0-9]|[0-9])){3}\b",
    r"|(?i:IPv6:)?(?:[a-fA-F0-9]{0,4}:){2,7}(?:[a-fA-F0-9]{1,4}|[0-9]{1,3}(?:\.[0-9]{1,3}){3})?)"
);

static WHOLE_ADDRESS: LazyLock<Expression> = LazyLock::new(|| Expression::new(&format!("^{ADDRESS}\\n?\\z")));

/// Is all of it an address of version 4 or 6?
#[must_use]
pub fn is_address(host: &[u8]) -> bool {
    let text = std::str::from_utf8(host).unwrap_or_default();
    let text = text.strip_suffix('\n').unwrap_or(text);
    let bare = text.get(..5).filter(|start| start.eq_ignore_ascii_case("ipv6:")).and_then(|_| text.get(5..));
    WHOLE_ADDRESS.is_match(host) && bare.unwrap_or(text).parse::<std::net::IpAddr>().is_ok()
}

/// Is it a name of at least two labels that DNS could hold? ASCII case is ignored.
#[must_use]
pub fn is_name(host: &[u8]) -> bool {
    let end = host.iter().rposition(|octet| *octet != b'.').map_or(0, |last| last + 1);
    let host = host.get(..end).unwrap_or_default();
    let labels: Vec<&[u8]> = host.split(|octet| *octet == b'.').collect();
    if host.len() > 253 || labels.len() < 2 {
        return false;
    }
    let count = labels.len();
    labels.iter().enumerate().all(|(index, label)| {
        let is_inner = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-');
        let is_outer = |octet: Option<&u8>| octet.is_some_and(|octet| is_inner(octet) && *octet != b'-');
        (1..=63).contains(&label.len())
            && label.iter().all(is_inner)
            && is_outer(label.first())
            && is_outer(label.last())
            && (index + 2 < count || !label.contains(&b'_'))
    })
}

/// Is what follows the last dot a top level that exists?
#[must_use]
pub fn has_top_level(host: &[u8]) -> bool {
    let lower = host.to_ascii_lowercase();
    if lower.iter().any(super::wide::is_blank) {
        return false;
    }
    let Some(dot) = lower.iter().rposition(|octet| *octet == b'.') else { return false };
    lower.get(dot + 1..).is_some_and(is_top_level)
}

/// Is `label`, in lower case, a top level that exists?
#[must_use]
pub fn is_top_level(label: &[u8]) -> bool {
    if label.is_empty() || label.contains(&b'.') {
        return false;
    }
    let is_known = |name: &[u8]| psl::suffix(name).is_some_and(|suffix| suffix.is_known());
    let is_unicode = |label: &[u8]| {
        let text = std::str::from_utf8(label).unwrap_or_default();
        text.starts_with("xn--") && is_known(idna::domain_to_unicode(text).0.as_bytes())
    };
    // Some registries have rules for what is below them only.
    is_known(label) || is_known(&[b"x.", label].concat()) || label == b"za" || is_unicode(label)
}

/// The registrable domain of a host in lower case; the host itself where there is no more to cut.
#[must_use]
pub fn trim(host: &[u8]) -> Vec<u8> {
    let lower = host.to_ascii_lowercase();
    let text = String::from_utf8_lossy(&lower);
    let text = text.trim_matches('.');
    // What companies let others register below counts as their own, as in most of SpamAssassin's list.
    let mut suffix = psl::suffix(text.as_bytes());
    while let Some(private) = suffix.filter(|suffix| suffix.is_known() && suffix.typ() == Some(psl::Type::Private)) {
        let dot = memchr::memchr(b'.', private.as_bytes());
        suffix = dot
            .and_then(|dot| text.as_bytes().get(text.len() - private.as_bytes().len() + dot + 1..))
            .and_then(psl::suffix);
    }
    let rest = suffix.map_or(0, |suffix| suffix.as_bytes().len());
    let head = text.get(..text.len().saturating_sub(rest)).unwrap_or_default().trim_end_matches('.');
    let start = head.rfind('.').map_or(0, |dot| dot + 1);
    text.get(start..).unwrap_or(text).as_bytes().to_vec()
}

/// Domain and host of a URI, if it has a host that can exist.
#[must_use]
pub fn of_uri(uri: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let lower = uri.to_ascii_lowercase();
    let mut rest: &[u8] = &lower;
    if [&b"javascript:"[..], b"cid:", b"file:"].iter().any(|scheme| rest.starts_with(scheme)) {
        return None;
    }
    if let Some(address) = rest.strip_prefix(b"mailto:") {
        let address = address.split(|octet| *octet == b'?').next().unwrap_or_default();
        let mut parts = address.split(|octet| *octet == b'@');
        let (_, host, more) = (parts.next(), parts.next()?, parts.next());
        if more.is_some() {
            return None;
        }
        rest = host;
    } else {
        let scheme = rest.iter().position(|octet| !octet.is_ascii_lowercase()).unwrap_or(0);
        if scheme > 0 && rest.get(scheme) == Some(&b':') {
            rest = rest.get(scheme + 1..).unwrap_or_default();
            let slashes = rest.iter().take(2).take_while(|octet| **octet == b'/').count();
            rest = rest.get(slashes..).unwrap_or_default();
        }
        rest = rest.split(|octet| matches!(octet, b'/' | b'?' | b'#')).next().unwrap_or_default();
        if let Some(at) = rest.iter().rposition(|octet| *octet == b'@') {
            rest = rest.get(at + 1..).unwrap_or_default();
        }
        let digits = rest.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
        if let Some(colon) = rest.len().checked_sub(digits + 1).filter(|at| rest.get(*at) == Some(&b':')) {
            rest = rest.get(..colon).unwrap_or_default();
        }
    }
    if is_address(rest) {
        return Some((rest.to_vec(), rest.to_vec()));
    }
    (!has_escape(rest) && is_name(rest) && has_top_level(rest)).then(|| (trim(rest), rest.to_vec()))
}

/// An escape of a printable character, which a decoded version of the URI does not have.
fn has_escape(host: &[u8]) -> bool {
    host.windows(3).any(|escape| match escape {
        [b'%', high, low] => match (high, low) {
            (b'2', b'1'..=b'9' | b'a'..=b'f') | (b'7', b'0'..=b'9' | b'a'..=b'e') => true,
            (b'3'..=b'6', low) => low.is_ascii_hexdigit(),
            _ => false,
        },
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn hosts_are_judged() {
        assert!(is_name(b"www.example.org.") && !is_name(b"example") && !is_name(b"a_b.org") && is_name(b"a_b.x.org"));
        assert!(has_top_level(b"x.CO.uk") && has_top_level(b"x.com") && !has_top_level(b"x.invalidtld"));
        assert!(has_top_level(b"x.xn--p1ai") && has_top_level(b"x.za") && has_top_level(b"x.mm"));
        assert!(!has_top_level(b"x.local") && !has_top_level(b"x.png"));
        assert!(is_address(b"192.0.2.1") && is_address(b"2001:db8::1") && !is_address(b"192.0.2.256"));
        let read = |uri: &[u8]| of_uri(uri).map(|(domain, _)| String::from_utf8(domain).unwrap());
        assert_eq!(read(b"http://u:p@www.Example.co.uk:80/x").as_deref(), Some("example.co.uk"));
        assert_eq!(read(b"mailto:a@b.example.org?x").as_deref(), Some("example.org"));
        assert_eq!(trim(b"a.b.homelinux.ORG"), b"homelinux.org");
        assert_eq!(trim(b"co.uk"), b"co.uk");
        assert_eq!(read(b"http://1.2.3.4/").as_deref(), Some("1.2.3.4"));
        assert_eq!(read(b"image.png"), None);
    }
}
