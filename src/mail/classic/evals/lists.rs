//! Addresses and hosts that a rule file lists by name.
//!
//! Pure.

use super::{Arguments, Run, Settings, first, freemail, run};
use crate::mail::classic::{Classic, expression::Expression, hosts};
use std::{collections::BTreeSet, sync::Arc};

/// The functions about such lists.
pub fn resolve(name: &str, args: &Arguments<'_>, settings: &Arc<Settings>) -> Option<Run> {
    let list = args.text(0)?.to_ascii_lowercase();
    Some(match name {
        "check_from_in_list" => {
            let listed = globs(settings.addresses.get(&list)?)?;
            run(move |classic| freemail::authors(classic).iter().any(|address| listed.is_match(address.as_bytes())))
        }
        "check_replyto_in_list" => {
            let listed = globs(settings.addresses.get(&list)?)?;
            run(move |classic| {
                let address = first(classic, "Reply-To:addr").to_ascii_lowercase();
                !address.is_empty() && listed.is_match(&address)
            })
        }
        "check_uri_host_listed" => {
            let settings = Arc::clone(settings);
            settings.hosts.get(&list)?;
            run(move |classic| {
                let listed = settings.hosts.get(&list);
                listed.is_some_and(|listed| hosts_of(classic).iter().any(|host| is_listed(host, listed)))
            })
        }
        _ => return None,
    })
}

/// All globs in one expression over addresses in lower case; `None` if it grows too large.
fn globs(list: &BTreeSet<String>) -> Option<Expression> {
    let written = |glob: &String| {
        let mut pattern = String::new();
        for character in glob.chars() {
            match character {
                '*' if pattern.ends_with(".*") => {}
                '*' => pattern.push_str(".*"),
                '?' => pattern.push('.'),
                letter if letter.is_ascii_alphanumeric() || letter == '_' => pattern.push(letter),
                // As SpamAssassin has it.
                '\0' | '\\' | '(' => pattern.push('_'),
                other => pattern.extend(['\\', other]),
            }
        }
        pattern
    };
    let patterns: Vec<String> = list.iter().filter(|glob| glob.is_ascii()).map(written).collect();
    Expression::parse(&format!("^(?:{})$", patterns.join("|")))
}

/// The hosts of all URIs but those of mail addresses.
fn hosts_of(classic: &Classic) -> BTreeSet<Vec<u8>> {
    let is_mail = |uri: &&[u8]| uri.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"mailto:"));
    classic.uris().filter(|uri| !is_mail(uri)).filter_map(hosts::of_uri).map(|(_, host)| host).collect()
}

/// Is the host listed, or a domain above it? The nearest one decides; `!name` takes one out.
fn is_listed(host: &[u8], listed: &BTreeSet<String>) -> bool {
    let host = String::from_utf8_lossy(host);
    let mut name = &*host;
    loop {
        if listed.contains(name) {
            return true;
        }
        if listed.contains(&format!("!{name}")) || hosts::is_address(name.as_bytes()) {
            return false;
        }
        match name.split_once('.') {
            Some((_, above)) => name = above,
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::message::Message;
    use bytes::Bytes;
    use std::collections::BTreeMap;

    #[test]
    fn lists_are_asked() {
        let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect::<BTreeSet<_>>();
        let settings = Arc::new(Settings {
            addresses: BTreeMap::from([("bank".to_owned(), list(&["*@bank.example", "*@*.bank.example"]))]),
            hosts: BTreeMap::from([("new".to_owned(), list(&["top", "!good.top"]))]),
            ..Settings::default()
        });
        let holds = |name: &str, list: &str, mail: &str| {
            let eval = super::super::resolve(name, &[list.to_owned()], super::super::Kind::Header, &settings).unwrap();
            eval.holds(&Classic::of(&Message::parse(Bytes::from(mail.to_owned()))))
        };
        assert!(holds("check_from_in_list", "BANK", "From: A <a@X.Bank.example>\n\n"));
        assert!(!holds("check_from_in_list", "BANK", "From: A <a@bank.example.net>\n\n"));
        assert!(holds("check_replyto_in_list", "BANK", "Reply-To: a@bank.example\n\n"));
        assert!(holds("check_uri_host_listed", "NEW", "\nhttp://a.b.top/x\n"));
        assert!(!holds("check_uri_host_listed", "NEW", "\nhttp://a.good.top/x b@c.top\n"));
    }
}
