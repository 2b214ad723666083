//! The paths of MAIL and RCPT (RFC 5321 4.1.2, RFC 6531 3.3): checked, stripped of source routes, otherwise verbatim.
//!
//! Pure. Quoting is kept as it came: unquoting and pasting back would be an injection.
//!
//! Taken beyond the grammar, because real mail has it: dots at the ends of a local part or in a row (old mobile
//! carriers), underscores in domains, and a local part without domain (RFC 2033 4.2 leaves names to the mailstore).

/// A path at the start of `text`: the mailbox without angle brackets (empty for `<>`), and what follows it.
#[must_use]
pub fn split(text: &str) -> Option<(&str, &str)> {
    let inner = without_route(text.strip_prefix('<')?)?;
    let (mailbox, rest) = inner.split_at_checked(mailbox_bytes(inner)?)?;
    let rest = rest.strip_prefix('>')?;
    (rest.is_empty() || rest.starts_with(' ')).then_some((mailbox, rest))
}

/// Drops a source route (`@a,@b:`), which RFC 5321 4.1.1.3 lets a server ignore.
fn without_route(text: &str) -> Option<&str> {
    if !text.starts_with('@') {
        return Some(text);
    }
    let (route, mailbox) = text.split_once(':')?;
    let is_route = route.split(',').all(|hop| hop.strip_prefix('@').is_some_and(is_domain));
    (is_route && !mailbox.starts_with('>')).then_some(mailbox)
}

/// Octets of the mailbox at the start of `text`; 0 when there is none.
fn mailbox_bytes(text: &str) -> Option<usize> {
    if text.starts_with('>') {
        return Some(0);
    }
    let local_bytes = match text.strip_prefix('"') {
        Some(quoted) => 1 + quoted_bytes(quoted)?,
        None => text.find(|letter| !is_local_letter(letter))?,
    };
    let rest = text.get(local_bytes..)?;
    if local_bytes == 0 {
        return None;
    }
    let Some(domain) = rest.strip_prefix('@') else { return Some(local_bytes) };
    let domain_bytes = domain.find('>')?;
    is_domain(domain.get(..domain_bytes)?).then_some(local_bytes + 1 + domain_bytes)
}

/// Octets of a quoted string after its opening quote, closing quote included.
fn quoted_bytes(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if !is_quotable(letter) => return None,
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn is_quotable(letter: char) -> bool {
    letter == ' ' || letter.is_ascii_graphic() || is_international(letter)
}

fn is_local_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(letter) || is_international(letter)
}

/// RFC 6532 3.1 allows all of UTF-8; control and space characters would only mislead whoever reads a log.
fn is_international(letter: char) -> bool {
    !letter.is_ascii() && !letter.is_control() && !letter.is_whitespace()
}

/// RFC 5321 4.1.2: Domain or address-literal.
fn is_domain(text: &str) -> bool {
    if let Some(literal) = text.strip_prefix('[') {
        return literal.strip_suffix(']').is_some_and(|inner| {
            !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_graphic() && !b"[\\]".contains(&byte))
        });
    }
    text.len() <= 255 && text.split('.').all(|label| !label.is_empty() && label.chars().all(is_label_letter))
}

fn is_label_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-' || letter == '_' || is_international(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_kept_verbatim() {
        for mailbox in [
            "",
            "a@b",
            "a.b+c=d@Example.ORG",
            "\"a b\\\"<>@x\"@c.d",
            "\"\"@c.d",
            "a..b.@docomo.example",
            "postmaster",
            "user@[192.0.2.1]",
            "user@[IPv6:2001:db8::1]",
            "s\u{fc}d@b\u{fc}cher.example",
        ] {
            assert_eq!(split(&format!("<{mailbox}> SIZE=1")), Some((mailbox, " SIZE=1")), "{mailbox}");
        }
        assert_eq!(split("<@a.example,@b.example:c@d.example>"), Some(("c@d.example", "")));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [
            "",
            "a@b",
            "<a@b",
            "<a@b>x",
            "<a@>",
            "<@b>",
            "<a@b@c>",
            "<a b@c>",
            "< a@b>",
            "<a@b >",
            "<\"a@b>",
            "<\"a\"b@c>",
            "<a@b..c>",
            "<a@.b>",
            "<a@b.>",
            "<a@[]>",
            "<a@[1]2]>",
            "<@a:>",
            "<@a@b:c@d>",
            "<a@b:c>",
            "<(x)a@b>",
            "<\u{a0}@b>",
            "<<a@b>>",
            "<a@b(.c)>",
            "<a,b@c>",
        ] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
