//! Authentication-Results: what we write, and which fields claim to be ours (RFC 8601).
//!
//! Pure. Every value that a sender could choose is written as a token or quoted string of harmless characters.

use super::{
    Authentication, Settings, Spf, Word, reports,
    signed::{Signature, Standing},
};
use crate::mail::{
    Mail,
    address::Domain,
    author::{domains::is_invisible, sources::visible_name},
    head::Field,
};

/// Octets of a line before it is folded (RFC 5322 2.1.1).
const LINE_BYTES_MAX: usize = 76;
/// Addresses of a signer that are told.
const IDENTIFIERS_MAX: usize = 4;
/// Octets of one value; longer ones are cut, for they only inform.
const VALUE_BYTES_MAX: usize = 253;

/// The value of our own Authentication-Results field.
#[must_use]
pub fn authentication_results(mail: &Mail, authentication: &Authentication, settings: &Settings) -> String {
    let mut statements = Vec::new();
    let is_null_sender = mail.envelope.sender.is_null();
    if !is_null_sender {
        statements.extend(spf(&authentication.spf, "smtp.mailfrom"));
    }
    statements.extend(spf(&authentication.spf_helo, "smtp.helo"));
    if authentication.dkim.is_empty() {
        statements.push(vec!["dkim=none".to_owned()]);
    }
    for dkim in &authentication.dkim {
        let mut words = vec![format!("dkim={}", dkim.result.word())];
        reason(&dkim.reason, &mut words);
        if dkim.result == Word::Pass && !dkim.unsigned.is_empty() {
            words.push(format!("(unsigned: {})", dkim.unsigned.join(", ")));
        }
        for (name, text) in [("d", &dkim.domain), ("s", &dkim.selector), ("a", &dkim.algorithm), ("i", &dkim.identity)]
        {
            property(&format!("header.{name}"), text, &mut words);
        }
        property("header.b", &dkim.signature_start, &mut words);
        statements.push(words);
    }
    arc(authentication, &mut statements);
    iprev(mail, authentication, &mut statements);
    dmarc(authentication, &mut statements);
    let signatures = &authentication.signatures;
    statements.extend(signature("smime", "body.smime-serial", &signatures.smime));
    statements.extend(signature("x-openpgp", "body.x-openpgp-key", &signatures.openpgp));
    fold(&format!("{}; ", value(&settings.authserv_id)), &statements)
}

fn spf(spf: &Spf, name: &str) -> Option<Vec<String>> {
    if spf.domain.is_empty() {
        return None;
    }
    let mut words = vec![format!("spf={}", spf.result.word())];
    if spf.is_permissive {
        words.push("(the record lets everybody pass)".to_owned());
    }
    property(name, &spf.domain, &mut words);
    Some(words)
}

fn arc(authentication: &Authentication, statements: &mut Vec<Vec<String>>) {
    let arc = &authentication.arc;
    if arc.result == Word::None {
        return;
    }
    let mut words = vec![format!("arc={}", arc.result.word())];
    if arc.is_trusted {
        words.push("(trusted sealer)".to_owned());
    }
    reason(&arc.reason, &mut words);
    if let Some(sealer) = arc.sealers.last() {
        property("header.as-d", sealer, &mut words);
    }
    statements.push(words);
}

fn iprev(mail: &Mail, authentication: &Authentication, statements: &mut Vec<Vec<String>>) {
    let iprev = &authentication.iprev;
    let Some(client) = mail.client.address.filter(|_| iprev.result != Word::None) else { return };
    let mut words = vec![format!("iprev={}", iprev.result.word())];
    property("policy.iprev", &client.to_canonical().to_string(), &mut words);
    statements.push(words);
}

fn dmarc(authentication: &Authentication, statements: &mut Vec<Vec<String>>) {
    let dmarc = &authentication.dmarc;
    let several = dmarc.author_domains.len() > 1;
    for domain in &dmarc.author_domains {
        let mut words = vec![format!("dmarc={}", dmarc.result.word())];
        if Some(domain) == dmarc.author_domain.as_ref() {
            words.push(format!("(p={} dis={})", dmarc.policy.word(), dmarc.disposition.word()));
        } else if several {
            words.push("(one of several authors)".to_owned());
        }
        property("header.from", domain.as_str(), &mut words);
        statements.push(words);
    }
    if dmarc.author_domains.is_empty() && dmarc.result != Word::None {
        let mut words = vec![format!("dmarc={}", dmarc.result.word())];
        reason(&dmarc.reason, &mut words);
        statements.push(words);
    }
}

/// A signature of the author (RFC 7281 3); who signed is told only once the signature was found right.
fn signature(method: &str, key: &str, signature: &Signature) -> Option<Vec<String>> {
    if signature.result == Standing::None {
        return None;
    }
    let mut words = vec![format!("{method}={}", signature.result.result())];
    reason(&signature.reason, &mut words);
    for address in signature.addresses.iter().take(IDENTIFIERS_MAX) {
        property(&format!("body.{method}-identifier"), address, &mut words);
    }
    property(key, &signature.serial, &mut words);
    if !signature.issuer.is_empty() {
        property(&format!("body.{method}-issuer"), &signature.issuer, &mut words);
    }
    Some(words)
}

fn reason(text: &str, words: &mut Vec<String>) {
    if !text.is_empty() {
        words.push(format!("reason=\"{}\"", harmless(text)));
    }
}

fn property(name: &str, text: &str, words: &mut Vec<String>) {
    if !text.is_empty() {
        words.push(format!("{name}={}", value(text)));
    }
}

/// A token where it is one, else a quoted string; what has no place in either becomes `?`.
fn value(text: &str) -> String {
    let ascii = if text.is_ascii() { None } else { idna::domain_to_ascii(text).ok() };
    let text = harmless(ascii.as_deref().unwrap_or(text));
    let is_token = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._@+/".contains(&byte))
        && text.bytes().any(|byte| byte != b'@');
    // Without `=` no part of it is a result, not even for readers that search for one.
    if is_token { text } else { format!("\"{}\"", text.replace('=', "?")) }
}

/// Graphic ASCII without quotes, backslashes and marks that sloppy readers split at, whatever quotes say.
fn harmless(text: &str) -> String {
    let is_harmless = |letter: &char| {
        (letter.is_ascii_graphic() || *letter == ' ')
            && !matches!(letter, '"' | '\\' | ';' | '(' | ')' | '\'' | '<' | '>')
    };
    text.chars().take(VALUE_BYTES_MAX).map(|letter| if is_harmless(&letter) { letter } else { '?' }).collect()
}

/// Each statement on a line of its own, long ones on several.
fn fold(start: &str, statements: &[Vec<String>]) -> String {
    let mut out = start.trim_end().to_owned();
    if statements.is_empty() {
        out.push_str(" none");
        return out;
    }
    for (position, words) in statements.iter().enumerate() {
        if position > 0 {
            out.push(';');
        }
        let mut line = usize::MAX / 2;
        for word in words {
            if line + 1 + word.len() > LINE_BYTES_MAX {
                out.push_str("\r\n\t");
                line = 8;
            } else {
                out.push(' ');
                line += 1;
            }
            line += word.len();
            out.push_str(word);
        }
    }
    out
}

/// Names of the fields that tell results, as they are seen.
const RECEIVED_SPF: &[u8] = b"received-spf";
const AUTHENTICATION_RESULTS: &[u8] = b"authentication-results";

/// Is this a field that tells results of authentication, whoever wrote it?
#[must_use]
pub fn is_of_results(field: &Field) -> bool {
    [RECEIVED_SPF, AUTHENTICATION_RESULTS].contains(&visible_name(&field.name).as_slice())
}

/// Does this field claim to be written by us, or let sloppy readers think so?
///
/// Compared after comments, quotes, case, trailing dots and IDNA (RFC 8601 5). ARC-Authentication-Results belong to
/// their chain and stay.
#[must_use]
pub fn is_forged(field: &Field, settings: &Settings) -> bool {
    let name = visible_name(&field.name);
    if name == RECEIVED_SPF {
        // RFC 7208 9.1: we write none, so one that names us is not ours.
        let ours = normal(&settings.authserv_id);
        return !ours.is_empty() && field.text().to_ascii_lowercase().contains(&ours);
    }
    if name != AUTHENTICATION_RESULTS {
        return false;
    }
    // No readable identifier: whoever ignores the identifier would believe it.
    let text = field.text();
    let Some(id) = authserv_id(&text) else { return true };
    let (id, ours) = (normal(&id), normal(&settings.authserv_id));
    id.is_empty() || id.contains('=') || id == ours || normal(&squeezed_id(&text)) == ours
}

/// What stands before the first `;` for readers that drop comments, quotes and blanks wherever they are.
fn squeezed_id(value: &str) -> String {
    let mut letters = value.chars();
    let mut id = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            ';' => break,
            '(' => {
                if reports::comment(&mut letters).is_none() {
                    break;
                }
            }
            '"' | '\\' => {}
            letter if letter.is_whitespace() => {}
            letter => id.push(letter),
        }
    }
    id
}

/// The identifier: the first word or quoted string after blanks and comments.
fn authserv_id(value: &str) -> Option<String> {
    let mut letters = value.chars().peekable();
    loop {
        match letters.peek().copied()? {
            letter if letter.is_whitespace() || letter.is_control() || is_invisible(letter) => drop(letters.next()),
            '(' => {
                letters.next();
                reports::comment(&mut letters)?;
            }
            '"' => {
                letters.next();
                return reports::quoted(&mut letters);
            }
            _ => break,
        }
    }
    let mut id = String::new();
    while let Some(letter) = letters.next_if(|letter| !letter.is_whitespace() && !matches!(letter, ';' | '(')) {
        id.push(letter);
    }
    Some(id)
}

/// The form in which identifiers are compared.
fn normal(id: &str) -> String {
    let visible: String = id.chars().filter(|letter| !letter.is_control() && !is_invisible(*letter)).collect();
    // A version or port glued to the identifier does not make it another.
    let bare = visible.trim().trim_matches(['"', '\'', '<', '>', ',', '`']);
    let host = bare.split(['/', ':']).next().unwrap_or_default();
    let visible = host.trim_end_matches(['.', '\u{3002}', '\u{ff0e}']);
    match Domain::parse(visible) {
        Some(domain) => domain.as_str().to_owned(),
        None => visible.to_lowercase(),
    }
}
