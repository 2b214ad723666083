//! Addresses at services that give mailboxes to anybody.
//!
//! Pure. Which services, a rule file says.

use super::{Arguments, Pattern, Run, Settings, run};
use crate::{
    limits,
    mail::classic::{Classic, expression::Expression, hosts},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

/// The services, in a form that is quick to ask.
#[derive(Clone, Debug)]
pub struct Freemail {
    settings: Arc<Settings>,
    wildcards: Option<Expression>,
}

/// The functions about such addresses.
pub fn resolve(name: &str, args: &Arguments<'_>, settings: &Arc<Settings>) -> Option<Run> {
    if !name.starts_with("check_freemail_") {
        return None;
    }
    let services = Freemail::of(settings);
    let word = args.text(0).map(str::to_owned);
    let pattern = |index: usize| args.text(index).map(Pattern::parse);
    Some(match name {
        "check_freemail_header" => {
            let request = format!("{}:addr", word?);
            let pattern = pattern(1).map_or(Some(None), |pattern| pattern.map(Some))?;
            run(move |classic| {
                let found = addresses(classic, &request);
                found.iter().any(|address| services.has(address) && matches(pattern.as_ref(), address))
            })
        }
        "check_freemail_from" => {
            let pattern = pattern(0).map_or(Some(None), |pattern| pattern.map(Some))?;
            run(move |classic| {
                authors(classic).iter().any(|address| services.has(address) && matches(pattern.as_ref(), address))
            })
        }
        "check_freemail_body" => {
            let pattern = pattern(0).map_or(Some(None), |pattern| pattern.map(Some))?;
            run(move |classic| {
                let found = services.in_body(classic).unwrap_or_default();
                found.iter().any(|address| matches(pattern.as_ref(), address))
            })
        }
        "check_freemail_replyto" => {
            let is_reply = match word.as_deref() {
                None | Some("replyto") => false,
                Some("reply") => true,
                Some(_) => return None,
            };
            run(move |classic| services.is_answer_elsewhere(classic, is_reply))
        }
        _ => return None,
    })
}

fn matches(pattern: Option<&Pattern>, address: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.is_match(address))
}

fn addresses(classic: &Classic, request: &str) -> Vec<String> {
    let values = classic.header_values(request);
    values.iter().map(|value| String::from_utf8_lossy(value).trim_end_matches('\n').to_lowercase()).collect()
}

/// Every address that says who wrote the mail.
pub fn authors(classic: &Classic) -> BTreeSet<String> {
    let resent = addresses(classic, "Resent-From:first:addr");
    let mut all: Vec<String> = if resent.is_empty() {
        let names = ["From", "Envelope-Sender", "Resent-Sender", "X-Envelope-From", "EnvelopeFrom"];
        names.iter().flat_map(|name| addresses(classic, &format!("{name}:addr"))).collect()
    } else {
        resent
    };
    for address in &mut all {
        while address.contains("..") {
            *address = address.replace("..", ".");
        }
    }
    all.into_iter().filter(|address| !address.is_empty()).collect()
}

/// Addresses of roles and machines count as nobody's.
static ROLE: LazyLock<Expression> = LazyLock::new(|| {
    Expression::new(concat!(
        r"(?i)^(?:abuse|support|sales|info|helpdesk|contact|kontakt|(?:post|host|domain)master|undisclosed.*|",
        r"request-[a-f0-9]{16}|bounced?-|",
        r"[a-f0-9]{8}(?:\.[a-f0-9]{8}|-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})|.+=.+=.+)@"
    ))
});
/// Senders of bulk mail and of answers that want none.
static BULK: LazyLock<Expression> = LazyLock::new(|| {
    Expression::new(concat!(
        r"(?i)(?:^(?:post|host|domain)master|^double-bounce|^(?:sentto|owner|return|(?:gr)?bounced?)-.+|",
        r"-(?:request|bounces?|admin|owner)|\b(?:do[._-t]?)?no[._-t]?repl(?:y|ies)|.+=.+)@"
    ))
});

impl Freemail {
    /// Prepares the services that a rule file names.
    #[must_use]
    pub fn of(settings: &Arc<Settings>) -> Self {
        let patterns: Vec<String> = settings
            .freemail_domains
            .iter()
            .filter(|domain| domain.contains(['*', '?']))
            .map(|domain| domain.replace('.', "\\.").replace('?', ".").replace('*', "[^.]*"))
            .collect();
        let wildcards =
            (!patterns.is_empty()).then(|| Expression::parse(&format!("@(?:{})\\z", patterns.join("|")))).flatten();
        Self { settings: Arc::clone(settings), wildcards }
    }

    /// Is the address, in lower case, at such a service?
    #[must_use]
    pub fn has(&self, address: &str) -> bool {
        let domain = address.rsplit('@').next().unwrap_or_default();
        let listed = |name: &str| self.settings.freemail_welcomelist.contains(name);
        if address.is_empty() || listed(address) || listed(domain) || ROLE.is_match(address.as_bytes()) {
            return false;
        }
        self.settings.freemail_domains.contains(domain)
            || self.wildcards.as_ref().is_some_and(|wildcards| wildcards.is_match(address.as_bytes()))
    }

    /// Freemail addresses in the text; `None` if there are so many that they tell nothing.
    fn in_body(&self, classic: &Classic) -> Option<Vec<String>> {
        let all = classic.facts().body_addresses.get_or_init(|| body_addresses(classic));
        let found: Vec<String> = all.iter().take(ADDRESSES_MAX).filter(|address| self.has(address)).cloned().collect();
        (all.len() < ADDRESSES_MAX && found.len() < FREEMAILS_MAX).then_some(found)
    }

    /// An answer goes to another freemail address than the author's, or than one in the text.
    fn is_answer_elsewhere(&self, classic: &Classic, is_reply: bool) -> bool {
        let envelope = classic.header_values("EnvelopeFrom").into_iter().next();
        if envelope.is_some_and(|envelope| BULK.is_match(&envelope)) {
            return false;
        }
        let (from, answer) = (addresses(classic, "From:addr"), addresses(classic, "Reply-To:addr"));
        let is_from = from.iter().any(|address| self.has(address));
        let is_answer = answer.iter().any(|address| self.has(address));
        if is_from && is_answer && !from.iter().any(|address| answer.contains(address)) {
            return true;
        }
        let is_odd = if is_reply { is_from && (answer.is_empty() || is_answer) } else { is_answer };
        if !is_odd {
            return false;
        }
        let compared = if is_reply && !is_answer { &from } else { &answer };
        let found = self.in_body(classic).unwrap_or_default();
        found.iter().any(|inner| compared.iter().any(|outer| inner != outer))
    }
}

/// Different addresses in a text above which it is a list.
const ADDRESSES_MAX: usize = 5;
/// The same for freemail addresses.
const FREEMAILS_MAX: usize = 3;

/// Addresses in links and text, lower case, each once.
fn body_addresses(classic: &Classic) -> Vec<String> {
    static URL: LazyLock<Expression> =
        LazyLock::new(|| Expression::new(r"(?i)<?https?://[^ \t-\r]{0,255}(?:@|%40)[^ \t-\r]{0,255}"));
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (uri, detail) in classic.uri_details() {
        if detail.types.contains("a") && !detail.types.contains("parsed") && found.len() < 20 {
            let rest = uri
                .text
                .get(..7)
                .filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"))
                .and_then(|_| uri.text.get(7..));
            if let Some((address, _)) = rest.and_then(|rest| address_at(rest.as_bytes(), 0)) {
                push(&address, &mut seen, &mut found);
            }
        }
    }
    for line in classic.body() {
        let line = URL.replace(line, b" ");
        let mut at = 0;
        while let Some(sign) = memchr::memchr(b'@', line.get(at..).unwrap_or_default()).map(|sign| at + sign) {
            let start =
                line.get(at..sign).unwrap_or_default().iter().rposition(|octet| !is_user(*octet) && *octet != b'.');
            let start = start.map_or(at, |before| at + before + 1);
            at = sign + 1;
            let Some((address, end)) = address_at(&line, start) else { continue };
            at = end.max(at);
            if !is_labelled(line.get(end..).unwrap_or_default()) {
                push(&address, &mut seen, &mut found);
            }
            if found.len() >= limits::AUTHORS_MAX {
                return found;
            }
        }
    }
    found
}

fn push(address: &str, seen: &mut BTreeSet<String>, found: &mut Vec<String>) {
    if seen.insert(address.to_owned()) {
        found.push(address.to_owned());
    }
}

fn is_user(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&octet)
}

/// The address that starts in the run of characters at `start`, and where it ends.
fn address_at(line: &[u8], start: usize) -> Option<(String, usize)> {
    let sign = start + memchr::memchr(b'@', line.get(start..)?)?;
    let user = line.get(start..sign)?;
    // Behind the last pair of dots, and not behind a dot.
    let from = user.windows(2).rposition(|pair| pair == b"..").map_or(0, |at| at + 2);
    let user = user.get(from..)?.strip_prefix(b".").unwrap_or_else(|| user.get(from..).unwrap_or_default());
    if user.is_empty()
        || user.len() > 64
        || user.ends_with(b".")
        || !user.iter().all(|octet| is_user(*octet) || *octet == b'.')
    {
        return None;
    }
    let rest = line.get(sign + 1..)?;
    let run = rest
        .iter()
        .position(|octet| !(octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-')))
        .unwrap_or(rest.len());
    let host = rest.get(..run)?;
    let host = host.strip_suffix(b".").unwrap_or(host);
    let labels = host.split(|octet| *octet == b'.').count();
    if !(2..=5).contains(&labels) || !hosts::is_name(host) || !hosts::has_top_level(host) {
        return None;
    }
    let address = [user, b"@", host].concat().to_ascii_lowercase();
    Some((String::from_utf8(address).ok()?, sign + 1 + host.len()))
}

/// An address before `>` or a label such as `wrote:` is quoted, not offered.
fn is_labelled(rest: &[u8]) -> bool {
    static LABEL: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"(?i)^\s{1,10}([a-z]{2,11}):"));
    static CONTACT: LazyLock<Expression> =
        LazyLock::new(|| Expression::new(r"(?i)^(?:fa(?:x|csi)|tel|phone|e?-?mail)"));
    let label = LABEL.groups(rest, 0).and_then(|found| found.get(1));
    rest.starts_with(b">") || label.is_some_and(|label| !CONTACT.is_match(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_recognised() {
        let settings = Settings {
            freemail_domains: ["free.example", "*.mail.example"].iter().map(|name| (*name).to_owned()).collect(),
            freemail_welcomelist: BTreeSet::from(["friend@free.example".to_owned()]),
            ..Settings::default()
        };
        let services = Freemail::of(&Arc::new(settings));
        assert!(services.has("a@free.example") && services.has("a@x.mail.example"));
        assert!(
            !services.has("info@free.example") && !services.has("friend@free.example") && !services.has("a@b.example")
        );
    }

    #[test]
    fn addresses_are_found_in_text() {
        assert_eq!(address_at(b"a.b@x.com.", 0), Some(("a.b@x.com".to_owned(), 9)));
        assert_eq!(address_at(b"a@b", 0), None);
        assert!(is_labelled(b" wrote: x") && is_labelled(b">") && !is_labelled(b" tel: 1") && !is_labelled(b" x"));
    }
}
