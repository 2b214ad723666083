//! DNS lists: is the client, a sender's domain or a link's domain on a configured list?
//!
//! Pure. A list is believed only beside right answers to its test entries (RFC 5782 section 5).

use super::evidence::{Check, Evidence};
use crate::{
    judge::{
        facts::{Name, Unknown},
        findings::{Finding, Symbol},
        policy::encryption::transport::claimed,
        policy::senders::{
            lists::{DnsList, Health, Listed},
            subjects,
        },
    },
    limits,
    mail::{
        Mail,
        address::Domain,
        content::{Link, LinkPlace},
    },
};
use std::collections::BTreeSet;

pub const CHECK: Check = Check {
    name: "dns_lists",
    symbols: &[
        Symbol::new("DNS_LIST_CLIENT"),
        Symbol::new("DNS_LIST_DOMAIN"),
        Symbol::new("DNS_LIST_URI"),
        BROKEN,
    ],
    run,
};

/// A list that answers its test entries wrongly; it is not believed.
pub const BROKEN: Symbol = Symbol::new("DNS_LIST_BROKEN");

fn run(evidence: &Evidence<'_>) -> Result<Vec<Finding>, Unknown> {
    let lists = &evidence.rulebook.senders.dns_lists;
    if lists.is_empty() || subjects::stranger(evidence.mail).is_none() {
        return Ok(Vec::new());
    }
    let mut asked = Vec::new();
    for list in lists {
        let subjects = asked_of(evidence, list);
        if subjects.is_empty() {
            continue;
        }
        let [listed, unlisted] = list.tests().map(|name| evidence.facts.ipv4(&name));
        let answers: Vec<_> =
            subjects.into_iter().map(|(name, shown)| (evidence.facts.ipv4(&name), shown)).collect();
        asked.push((list, listed, unlisted, answers));
    }
    let mut findings = Vec::new();
    for (list, listed, unlisted, answers) in asked {
        let health = list.health(listed?, unlisted?);
        if health == Health::Wrong {
            findings.push(Finding::new(BROKEN, list.zone.clone()));
        }
        for (answer, shown) in answers {
            let codes = list.codes(answer?);
            if health == Health::Right && !codes.is_empty() {
                let codes: Vec<String> = codes.into_iter().map(ToString::to_string).collect();
                let detail = format!("{shown} is on {} ({})", list.zone, codes.join(", "));
                findings.push(Finding::new(list.symbol.clone(), detail));
            }
        }
    }
    Ok(findings)
}

/// May a list learn of this link? Not of one that stood in an envelope.
fn may_be_told(mail: &Mail, link: &Link) -> bool {
    !mail.message.is_opened || matches!(link.place, LinkPlace::Text | LinkPlace::Html)
}

/// The names to ask a list for, each with what it stands for.
fn asked_of(evidence: &Evidence<'_>, list: &DnsList) -> Vec<(Name, String)> {
    let mail = evidence.mail;
    let mut domains: BTreeSet<Domain> = BTreeSet::new();
    match list.kind {
        Listed::Client => {
            let client = subjects::stranger(mail).into_iter();
            return client.map(|client| (list.client(client), client.to_string())).collect();
        }
        Listed::Domain => domains.extend(claimed(mail)),
        Listed::Uri => domains.extend(
            (mail.message.links.iter())
                .filter(|link| !link.is_ip && may_be_told(mail, link))
                .filter_map(|link| Domain::parse(link.domain.as_deref()?)),
        ),
    }
    let own = &evidence.rulebook.own_domains;
    let mut names: BTreeSet<Domain> =
        domains.into_iter().map(|domain| domain.registrable().unwrap_or(domain)).collect();
    names.retain(|name| !own.iter().any(|own| own == name || own.is_within(name)));
    let asked = names.into_iter().take(limits::DNS_LIST_DOMAINS_MAX);
    asked.map(|name| (list.name(name.as_str()), name.as_str().to_owned())).collect()
}
