//! Lists of mailboxes in a header field, as SpamAssassin's own lenient reader takes them apart.
//!
//! Pure. The grammar backtracks, so it runs with a step limit; a field that exceeds it has no more addresses.

use super::{
    hosts,
    wide::{is_blank, is_space},
};
use crate::limits;
use fancy_regex::{Regex, RegexBuilder};
use std::sync::LazyLock;

/// One mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// Display name, or the comment where there is none. Raw.
    pub name: Option<Vec<u8>>,
    pub address: Option<Vec<u8>>,
}

/// White space, and what is none: octets stand for characters below 256 here.
const SPACE: &str = r"[ \t-\r]";
const INK: &str = r"[^ \t-\r]";
const QUOTED: &str = r#""(?:[^"\\]|\\[^\n])*+""#;
const COMMENT: &str = r"\((?:[^()\\]|\\[^\n])*+\)";

fn mail() -> String {
    let user = format!(r"(?:{QUOTED}|[^@ \t-\r<>()\[\],:;]+)");
    format!(r#"(?:{user}@(?:[^" \t-\r<>()\[\],:;]+|\[[0-9:.]+\]))"#)
}

fn compile(source: &str) -> Option<Regex> {
    RegexBuilder::new(source).backtrack_limit(limits::CLASSIC_STEPS_MAX).build().ok()
}

static ITEM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let phrase = format!(r#"((?:{QUOTED}|[^",;<]++)+)"#);
    let angle = format!(
        r"<{SPACE}*([^>@]*{INK}+|{SPACE}*){SPACE}*>(?:{SPACE}*<{SPACE}*(?:(?:{QUOTED})?{INK}+|{SPACE}*){SPACE}*>)*"
    );
    let comment = format!(r"(?:{SPACE}*\(((?:[^()\\]|\\[^\n])*+)\))?");
    compile(&format!(
        r"\A{SPACE}*(?:(?:{phrase}{SPACE}*)?{angle}|(?:({})|{phrase})){comment}{SPACE}*(?:[,;]|\z)",
        mail()
    ))
});
static WHOLE: LazyLock<Option<Regex>> = LazyLock::new(|| compile(&format!(r"\A{}\n?\z", mail())));
static ENCLOSED: LazyLock<Option<Regex>> = LazyLock::new(|| compile(&format!("<({})>", mail())));
static COMMENTS: LazyLock<Option<Regex>> = LazyLock::new(|| compile(COMMENT));
static PIECES: LazyLock<Option<Regex>> = LazyLock::new(|| compile(r#""((?:[^"\\]|\\[^\n])*+)"|([^"]++)"#));

/// All mailboxes of a raw field body.
#[must_use]
pub fn parse(raw: &[u8]) -> Vec<Mailbox> {
    let text: String = raw.iter().map(|octet| char::from(*octet)).collect();
    let text = without_group(&text.trim_end_matches(is_space).replace("\\\\", ""));
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() && found.len() < limits::CLASSIC_MAILBOXES_MAX {
        let Some(item) = ITEM.as_ref().and_then(|item| item.captures(rest).ok().flatten()) else { break };
        let group = |index: usize| item.get(index).map(|group| group.as_str());
        let whole = item.get(0).map_or(rest.len(), |whole| whole.end());
        found.push(mailbox(group(1).or(group(4)), group(2), group(3), group(5)));
        rest = rest.get(whole.max(1)..).unwrap_or_default();
    }
    if rest.contains('@')
        && let Some(enclosed) = ENCLOSED.as_ref()
    {
        let addresses = enclosed.captures_iter(rest).map_while(Result::ok).filter_map(|found| found.get(1));
        for address in addresses.map(|group| group.as_str()).filter(|address| is_sane(address)) {
            found.push(Mailbox { name: None, address: Some(octets(&bare(address))) });
        }
    }
    found
}

fn octets(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}

/// `name: a, b;` loses its name.
fn without_group(text: &str) -> String {
    let run = text.find(['"', '(', ')', '<', '>']).unwrap_or(text.len());
    let Some(colon) = text.get(..run).and_then(|head| head.rfind(':')).filter(|colon| *colon > 0) else {
        return text.to_owned();
    };
    let rest = text.get(colon + 1..).unwrap_or_default().trim_start_matches(is_space);
    if rest.starts_with(';') { String::new() } else { rest.to_owned() }
}

fn is_mail(text: &str) -> bool {
    WHOLE.as_ref().is_some_and(|whole| whole.is_match(text).unwrap_or(false))
}

fn is_sane(address: &str) -> bool {
    !address.starts_with("\"\"@") && address.matches('"').count() != 1
}

/// `user@host`, whatever follows a second `@`.
fn bare(address: &str) -> String {
    let mut parts = address.splitn(3, '@');
    match (parts.next(), parts.next()) {
        (Some(user), Some(host)) => {
            let rest = parts.next().map_or("", |rest| rest.split_once('\n').map_or("", |(_, rest)| rest));
            format!("{user}@{host}{}{rest}", if rest.is_empty() { "" } else { "\n" })
        }
        _ => address.to_owned(),
    }
}

fn without_comments(text: &str) -> String {
    COMMENTS.as_ref().map_or_else(
        || text.to_owned(),
        |comments| comments.try_replacen(text, 0, "").map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned),
    )
}

fn mailbox(phrase: Option<&str>, angle: Option<&str>, plain: Option<&str>, comment: Option<&str>) -> Mailbox {
    let mut address = match (angle, plain) {
        (Some(angle), _) => Some(without_comments(angle)).filter(|address| is_mail(address)),
        (None, plain) => plain.map(str::to_owned),
    }
    .filter(|address| is_sane(address));
    let mut name = phrase.map(plain_phrase);
    if let Some(text) = name.clone() {
        let host = text.split('@').nth(1).unwrap_or_default();
        if address.is_none() && is_mail(&text) && is_sane(&text) && hosts::is_name(&octets(host)) {
            address = name.take();
        } else if address.as_deref() == Some(text.as_str()) || text.is_empty() {
            name = None;
        }
    }
    let name = name.or_else(|| comment.map(str::to_owned));
    Mailbox { name: name.as_deref().map(octets), address: address.as_deref().map(bare).as_deref().map(octets) }
}

/// A phrase without quotes, escapes and comments.
fn plain_phrase(phrase: &str) -> String {
    let mut plain = String::with_capacity(phrase.len());
    let Some(pieces) = PIECES.as_ref() else { return plain };
    for piece in pieces.captures_iter(phrase).map_while(Result::ok) {
        if let Some(quoted) = piece.get(1) {
            plain.push_str(&quoted.as_str().replace('\\', ""));
        } else if let Some(text) = piece.get(2) {
            plain.push_str(&without_comments(text.as_str()));
        }
    }
    plain
}

/// Nothing but white space.
#[must_use]
pub fn is_empty(raw: &[u8]) -> bool {
    raw.iter().all(is_blank)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Vec<(String, String)> {
        let show =
            |text: Option<Vec<u8>>| text.map_or("-".to_owned(), |text| String::from_utf8_lossy(&text).into_owned());
        parse(raw.as_bytes()).into_iter().map(|mailbox| (show(mailbox.name), show(mailbox.address))).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, address)| ((*name).to_owned(), (*address).to_owned())).collect()
    }

    #[test]
    fn mailboxes_of_all_kinds() {
        assert_eq!(read(" a@b.example\n"), pairs(&[("-", "a@b.example")]));
        assert_eq!(read("Foo <a@b>, \"B, C\" <c@d>"), pairs(&[("Foo ", "a@b"), ("B, C ", "c@d")]));
        assert_eq!(read("a@b (Foo)"), pairs(&[("Foo", "a@b")]));
        assert_eq!(read("list: a@b, c@d;"), pairs(&[("-", "a@b"), ("-", "c@d")]));
        assert_eq!(read("undisclosed-recipients:;"), pairs(&[]));
        assert_eq!(read("\"a@b.example\""), pairs(&[("-", "a@b.example")]));
        assert_eq!(read("Just a name"), pairs(&[("Just a name", "-")]));
        assert_eq!(read("<>"), pairs(&[("-", "-")]));
        assert_eq!(read("x \" y <a@b>"), pairs(&[("-", "a@b")]));
    }
}
