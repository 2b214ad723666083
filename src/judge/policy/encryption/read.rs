//! The file of encryption policy: TOML to `Encryption`, every error at once.
//!
//! Pure.

use super::{At, Class, Encryption, Partner, SecureAlias, content, sealing};
use crate::{
    judge::{
        document::{Document, Errors, Value, unknown},
        policy::{verdict::Action, whom},
    },
    mail::{address::Domain, transport::Level},
};
use std::collections::BTreeMap;

const KEYS: [&str; 6] = ["link", "downgrade", "downgrade_after", "class", "partner", "secure_alias"];
const CLASS_KEYS: [&str; 7] = ["name", "recipients", "transport", "content", "signers", "signed_refused", "lent"];
const PARTNER_KEYS: [&str; 2] = ["domains", "transport"];
const ALIAS_KEYS: [&str; 3] = ["domain", "mailbox", "transport"];
/// Words of `downgrade`, and what they mean.
const DOWNGRADES: [(&str, Action); 4] =
    [("off", Action::Accept), ("tag", Action::Tag), ("defer", Action::Defer), ("reject", Action::Reject)];

/// Reads a file of encryption policy.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn read(file: &str, text: &str) -> Result<Encryption, Errors> {
    let document = Document::new(file, text);
    let mut policy = Encryption::default();
    let mut classes = Vec::new();
    for (key, value) in &document.root() {
        match key.get_ref().as_ref() {
            "link" => policy.link = link(&document, value),
            "downgrade" => {
                policy.downgrade = Some(downgrade(&document, value));
                policy.downgrade_at = At::new(document.position(&value.span()));
            }
            "downgrade_after" => policy.downgrade_after = document.count(value),
            "class" => classes = document.tables(value, "class", class),
            "partner" => policy.partners = document.tables(value, "partner", partner),
            "secure_alias" => policy.aliases = document.tables(value, "secure_alias", alias),
            _ => document.complain_of_key(key, KEYS),
        }
    }
    check_order(&document, &classes);
    check_aliases(&document, &policy.aliases);
    policy.classes = classes.into_iter().map(|(class, _)| class).collect();
    document.finish(policy)
}

/// One class, with the octet it stands at.
fn class(document: &Document<'_>, value: &Value<'_>) -> Option<(Class, usize)> {
    let mut class = Class { at: At::new(document.position(&value.span())), ..Class::default() };
    for (key, value) in document.table(value)? {
        match key.get_ref().as_ref() {
            "name" => class.name = document.text(value).unwrap_or_default(),
            "recipients" => class.recipients = whom::read(document, value),
            "transport" => class.transport = level(document, value),
            "content" => class.content.demand = content::demand(document, value),
            "signers" => class.content.signers = content::signers(document, value),
            "signed_refused" => class.content.refused = content::refused(document, value),
            "lent" => {
                class.lent = document.text(value).filter(|folder| !folder.is_empty());
                if class.lent.is_none() {
                    document.complain(value.span(), "`lent` names the folder of the private keys that the class lends");
                }
            }
            word if class.sealing.take(document, word, value) => {}
            _ => document.complain_of_key(key, CLASS_KEYS.into_iter().chain(sealing::KEYS)),
        }
    }
    if !class.content.signers.is_empty() && !class.content.demand.takes_signed() {
        document.complain(value.span(), "`signers` counts where `content` is signed or signed_or_encrypted");
    }
    if class.name.is_empty() {
        document.complain(value.span(), "a class needs a `name`");
    }
    Some((class, value.span().start))
}

fn partner(document: &Document<'_>, value: &Value<'_>) -> Option<Partner> {
    let mut partner = Partner { at: At::new(document.position(&value.span())), ..Partner::default() };
    for (key, value) in document.table(value)? {
        match key.get_ref().as_ref() {
            "domains" => {
                for (text, span) in document.texts(value).unwrap_or_default() {
                    partner.domains.extend(domain_of(document, &text, span));
                }
            }
            "transport" => partner.transport = level(document, value),
            _ => document.complain_of_key(key, PARTNER_KEYS),
        }
    }
    if partner.domains.is_empty() {
        document.complain(value.span(), "a partner needs `domains`");
    }
    Some(partner)
}

fn alias(document: &Document<'_>, value: &Value<'_>) -> Option<SecureAlias> {
    let (mut domain, mut mailbox, mut transport) = (None, None, Level::Tls12);
    for (key, value) in document.table(value)? {
        let named = || document.text(value).and_then(|text| domain_of(document, &text, value.span()));
        match key.get_ref().as_ref() {
            "domain" => domain = named(),
            "mailbox" => mailbox = named(),
            "transport" => transport = level(document, value),
            _ => document.complain_of_key(key, ALIAS_KEYS),
        }
    }
    let (Some(domain), Some(mailbox)) = (domain, mailbox) else {
        document.complain(value.span(), "a secure alias needs `domain` and `mailbox`, both names of domains");
        return None;
    };
    if domain == mailbox {
        document
            .complain(value.span(), "`domain` and `mailbox` are the same; a secure alias stands for another domain");
    }
    if transport == Level::None {
        document.complain(value.span(), "`transport` of a secure alias is at least tls");
    }
    Some(SecureAlias { domain, mailbox, transport, at: At::new(document.position(&value.span())) })
}

/// A class without recipients is for everybody and ends the list; names are unique.
fn check_order(document: &Document<'_>, classes: &[(Class, usize)]) {
    let everybody = classes.iter().position(|(class, _)| class.recipients.is_empty());
    if let Some((_, at)) = everybody.and_then(|place| classes.get(place + 1)) {
        document.complain(*at..*at, "never counts: the class before it has no `recipients`, so it is for everybody");
    }
    let mut known = BTreeMap::new();
    for (class, at) in classes {
        if known.insert(class.name.as_str(), at).is_some() {
            document.complain(*at..*at, format!("there are two classes `{}`", class.name));
        }
    }
}

/// An alias of an alias would be a circle or a guess.
fn check_aliases(document: &Document<'_>, aliases: &[SecureAlias]) {
    for (number, alias) in aliases.iter().enumerate() {
        if aliases.iter().any(|other| other.domain == alias.mailbox) {
            document.complain(0..0, format!("`{}` is a secure alias and cannot be the mailbox of one", alias.mailbox));
        }
        if aliases.iter().skip(number + 1).any(|other| other.domain == alias.domain) {
            document.complain(0..0, format!("there are two secure aliases for `{}`", alias.domain));
        }
    }
}

fn domain_of(document: &Document<'_>, text: &str, span: std::ops::Range<usize>) -> Option<Domain> {
    let domain = Domain::parse(text.strip_prefix('@').unwrap_or(text));
    if domain.is_none() {
        document.complain(span, format!("`{text}` is no name of a domain"));
    }
    domain
}

fn level(document: &Document<'_>, value: &Value<'_>) -> Level {
    let Some(word) = document.text(value) else { return Level::None };
    let level = Level::parse(&word);
    if level.is_none() {
        document.complain(value.span(), unknown("transport", &word, Level::ALL.map(Level::word)));
    }
    level.unwrap_or_default()
}

fn downgrade(document: &Document<'_>, value: &Value<'_>) -> Action {
    let Some(word) = document.text(value) else { return Action::Accept };
    let found = DOWNGRADES.iter().find(|(known, _)| *known == word);
    if found.is_none() {
        document.complain(value.span(), unknown("downgrade", &word, DOWNGRADES.map(|(known, _)| known)));
    }
    found.map(|(_, action)| *action).unwrap_or_default()
}

/// What can stand in a reply as it is: an https address, printable ASCII without `%`.
fn link(document: &Document<'_>, value: &Value<'_>) -> Option<String> {
    let text = document.text(value)?;
    let fits = text.starts_with("https://")
        && text.len() <= crate::limits::REPLY_LINK_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'%');
    if !fits {
        let most = crate::limits::REPLY_LINK_BYTES_MAX;
        document
            .complain(value.span(), format!("a link begins with https:// and has at most {most} letters, none `%`"));
    }
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::address::Address;

    #[test]
    fn a_file_is_read() {
        let text = "link = 'https://a.example/x'\ndowngrade = 'defer'\n\
                    [[class]]\nname = 'head'\nrecipients = ['head@a.example', '@b.example', 'c.example']\ntransport = 'tls1.2'\n\
                    [[class]]\nname = 'rest'\ntransport = 'tls'\n\
                    [[partner]]\ndomains = ['amt.example']\ntransport = 'verified'\n\
                    [[secure_alias]]\ndomain = 'secure.a.example'\nmailbox = 'a.example'\n";
        let policy = read("e.toml", text).unwrap();
        assert_eq!(policy.downgrade, Some(Action::Defer));
        let transport = |to: &str| policy.class_of(&Address::new(to)).map(|class| class.transport);
        assert_eq!(transport("head+x@a.example"), Some(Level::Tls12));
        assert_eq!(transport("x@c.example"), Some(Level::Tls12));
        assert_eq!(transport("x@a.example"), Some(Level::Tls));
        assert_eq!(policy.alias_of(&Address::new("x@Secure.a.example")).unwrap().transport, Level::Tls12);
        assert_eq!(policy.alias_of(&Address::new("x@a.example")), None);
    }

    #[test]
    fn all_errors_are_told_with_their_places() {
        let text = "link = 'http://a'\ndowngrade = 'rejekt'\n[[class]]\ntransport = 'tls12'\nrecipients = ['x']\n\
                    [[partner]]\ntransprot = 'tls'\n[[secure_alias]]\ndomain = 'a.example'\nmailbox = 'a.example'\ntransport = 'none'\n";
        let errors = read("e.toml", text).unwrap_err().to_string();
        for part in [
            "e.toml:1:8: a link begins",
            "e.toml:2:13: unknown downgrade `rejekt`; did you mean `reject`?",
            "e.toml:3:1: a class needs a `name`",
            "e.toml:4:13: unknown transport `tls12`; did you mean `tls1.2`?",
            "e.toml:5:15: `x` is no recipient",
            "e.toml:6:1: a partner needs `domains`",
            "e.toml:7:1: unknown key `transprot`; did you mean `transport`?",
            "are the same",
            "at least tls",
        ] {
            assert!(errors.contains(part), "{part} in\n{errors}");
        }
    }
}
