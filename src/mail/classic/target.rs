//! Where a reference of a page leads, given its base (RFC 3986 section 5.2 with SpamAssassin's habits).
//!
//! Pure. A reference without scheme and base stays as it is.

use super::wide::Wide;

/// A reference in parts; `None` is not the same as empty.
#[derive(Default)]
struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

fn split(reference: &str) -> Parts<'_> {
    let mut parts = Parts::default();
    let mut rest = reference;
    if let Some(end) = rest.find([':', '/', '?', '#'])
        && end > 0
        && let (scheme, Some(tail)) = (rest.get(..end), rest.get(end..).and_then(|tail| tail.strip_prefix(':')))
    {
        parts.scheme = scheme;
        rest = tail;
    }
    if let Some(tail) = rest.strip_prefix("//") {
        let end = tail.find(['/', '?', '#']).unwrap_or(tail.len());
        parts.authority = tail.get(..end);
        rest = tail.get(end..).unwrap_or_default();
    }
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    parts.path = rest.get(..end).unwrap_or_default();
    rest = rest.get(end..).unwrap_or_default();
    if let Some(tail) = rest.strip_prefix('?') {
        let end = tail.find('#').unwrap_or(tail.len());
        parts.query = tail.get(..end);
        rest = tail.get(end..).unwrap_or_default();
    }
    // A line end ends the fragment.
    parts.fragment = rest.strip_prefix('#').map(|tail| tail.split('\n').next().unwrap_or_default());
    parts
}

/// Resolves `.` and `..`.
fn without_dots(path: &str) -> String {
    let cut = path.strip_prefix("..").or_else(|| path.strip_prefix('.'));
    let rest = cut.filter(|rest| rest.starts_with('/')).unwrap_or(path);
    let mut output = String::new();
    let mut at = 0;
    while let Some(input) = rest.get(at..).filter(|input| !input.is_empty() && *input != "0") {
        let slashed = |dots: &str| input.strip_prefix(dots).filter(|tail| tail.is_empty() || tail.starts_with('/'));
        if let Some(tail) = slashed("/..") {
            let keep = output.rfind('/').unwrap_or(0);
            output.truncate(keep);
            at += input.len() - tail.len();
            if tail.is_empty() {
                output.push('/');
                break;
            }
        } else if let Some(tail) = slashed("/.") {
            at += input.len() - tail.len();
            if tail.is_empty() {
                output.push('/');
                break;
            }
        } else {
            let start = usize::from(input.starts_with('/'));
            let end = input.get(start..).and_then(|tail| tail.find('/')).map_or(input.len(), |end| start + end);
            output.push_str(input.get(..end).unwrap_or_default());
            at += end;
        }
    }
    output
}

/// A relative path behind that of the base.
fn merge(base: &Parts<'_>, path: &str) -> String {
    if base.authority.is_some() && (base.path.is_empty() || base.path == "0") {
        return format!("/{path}");
    }
    let folder = base.path.rfind('/').and_then(|slash| base.path.get(..=slash)).unwrap_or_default();
    format!("{folder}{path}")
}

/// The target of `reference` on a page whose base is `base`.
#[must_use]
pub fn resolve(base: &Wide, reference: &Wide) -> Wide {
    let mut relative = split(&reference.text);
    let base_parts = split(&base.text);
    if relative.scheme.is_some() && relative.scheme == base_parts.scheme {
        relative.scheme = None;
    }
    let mut query = relative.query;
    let (mut scheme, mut authority) = (relative.scheme, relative.authority);
    let path;
    if scheme.is_some() || authority.is_some() {
        path = without_dots(relative.path);
        scheme = scheme.or(base_parts.scheme);
    } else {
        if relative.path.is_empty() {
            path = base_parts.path.to_owned();
            query = query.or(base_parts.query);
        } else if relative.path.starts_with('/') {
            path = without_dots(relative.path);
        } else {
            path = without_dots(&merge(&base_parts, relative.path));
        }
        authority = base_parts.authority;
        scheme = base_parts.scheme;
    }
    let mut text = String::with_capacity(reference.text.len() + base.text.len());
    match (scheme.filter(|scheme| *scheme != "0"), authority) {
        (Some(scheme), _) => {
            text.push_str(scheme);
            text.push(':');
        }
        (None, Some(authority)) => text.push_str(guessed_scheme(authority)),
        (None, None) => {}
    }
    for (mark, part) in [("//", authority), ("", Some(path.as_str())), ("?", query), ("#", relative.fragment)] {
        if let Some(part) = part {
            text.push_str(mark);
            text.push_str(part);
        }
    }
    Wide { text, decoded: reference.decoded || base.decoded }
}

/// What a client would put before an address without scheme.
fn guessed_scheme(authority: &str) -> &'static str {
    let lower = authority.to_ascii_lowercase();
    let dotted = |start: &str| {
        lower
            .strip_prefix(start)
            .is_some_and(|rest| rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).starts_with('.'))
    };
    if dotted("www") {
        "http:"
    } else if dotted("ftp") {
        "ftp:"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve() {
        let base = Wide::octets(b"http://a/b/c/d");
        let read = |reference: &str| resolve(&base, &Wide::octets(reference.as_bytes())).text;
        assert_eq!(read("g"), "http://a/b/c/g");
        assert_eq!(read("../g/./h?x#y"), "http://a/b/g/h?x#y");
        assert_eq!(read("//www.g/../.."), "http://www.g/");
        assert_eq!(read("http:g"), "http://a/b/c/g");
        assert_eq!(read("https://x.example/a/../b"), "https://x.example/b");
        let none = |reference: &str| resolve(&Wide::default(), &Wide::octets(reference.as_bytes())).text;
        assert_eq!(none("foo.html"), "foo.html");
        assert_eq!(none("//www.x.example/"), "http://www.x.example/");
        assert_eq!(none("http://x.example"), "http://x.example");
    }
}
