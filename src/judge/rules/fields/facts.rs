//! Fields that come from outside: client, envelope, authentication, virus scan. Open in samples.
//!
//! Pure.

use super::{Field, Type, Value};
use crate::{
    judge::{
        auth::Word, coverage::Account, entry::Sort, facts::Scanned, policy::encryption::transport::reached,
        policy::senders::subjects::is_authenticated,
    },
    mail::{address::Address, transport::Level},
};

const RESULTS: &[&str] = &["none", "pass", "fail", "softfail", "neutral", "policy", "temperror", "permerror"];
const POLICIES: &[&str] = &["none", "quarantine", "reject"];
const VIRUS: &[&str] = &["clean", "infected", "failed", "not_asked"];

const LEVELS: &[&str] = &["none", "tls", "tls1.2", "verified", "dane", "local"];

fn word(word: Word) -> Value<'static> {
    Value::text(word.word())
}

/// A count as the store tells it; nothing is 0.
fn counted(count: Option<i64>) -> Value<'static> {
    Value::count(count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default())
}

/// The domain of an address and nothing if it has none.
fn domain<'s>(address: &Address) -> Option<Value<'s>> {
    address.domain().map(|domain| Value::owned(domain.as_str().to_owned()))
}

/// Fields of client, envelope and facts.
pub const FIELDS: &[Field] = &[
    Field {
        name: "envelope.from",
        kind: Type::Address,
        is_many: false,
        about: "reverse-path; empty for bounces",
        read: |scene, out| {
            scene.outside?;
            out.push(Value::text(scene.mail.envelope.sender.as_str()));
            Some(())
        },
    },
    Field {
        name: "envelope.from.domain",
        kind: Type::Domain,
        is_many: true,
        about: "its domain",
        read: |scene, out| {
            scene.outside?;
            out.extend(domain(&scene.mail.envelope.sender));
            Some(())
        },
    },
    Field {
        name: "envelope.to",
        kind: Type::Address,
        is_many: true,
        about: "forward-paths",
        read: |scene, out| {
            scene.outside?;
            out.extend(scene.mail.envelope.recipients.iter().map(|to| Value::text(to.as_str())));
            Some(())
        },
    },
    Field {
        name: "envelope.to.domain",
        kind: Type::Domain,
        is_many: true,
        about: "their domains",
        read: |scene, out| {
            scene.outside?;
            out.extend(scene.mail.envelope.recipients.iter().filter_map(domain));
            Some(())
        },
    },
    Field {
        name: "recipients",
        kind: Type::Number,
        is_many: false,
        about: "number of forward-paths",
        read: |scene, out| {
            scene.outside?;
            out.push(Value::count(scene.mail.envelope.recipients.len()));
            Some(())
        },
    },
    Field {
        name: "client.address",
        kind: Type::Network,
        is_many: true,
        about: "IP address of the SMTP client, if known",
        read: |scene, out| {
            scene.outside?;
            out.extend(scene.mail.client.address.map(|address| Value::owned(address.to_canonical().to_string())));
            Some(())
        },
    },
    Field {
        name: "client.name",
        kind: Type::Domain,
        is_many: true,
        about: "its host name as the MTA verified it",
        read: |scene, out| {
            scene.outside?;
            out.extend(scene.mail.client.name.as_deref().map(|name| Value::owned(name.to_ascii_lowercase())));
            Some(())
        },
    },
    Field {
        name: "client.helo",
        kind: Type::Domain,
        is_many: true,
        about: "argument of HELO or EHLO, lower case",
        read: |scene, out| {
            scene.outside?;
            out.extend(scene.mail.client.helo.as_deref().map(|name| Value::owned(name.to_ascii_lowercase())));
            Some(())
        },
    },
    Field {
        name: "client.login",
        kind: Type::Flag,
        is_many: false,
        about: "the client has logged in",
        read: |scene, out| {
            scene.outside?;
            out.push(Value::flag(scene.mail.client.login.is_some()));
            Some(())
        },
    },
    Field {
        name: "tls",
        kind: Type::Text,
        is_many: false,
        about: "transport security: `none`, `TLSv1.2`, `TLSv1.3`",
        read: |scene, out| {
            scene.outside?;
            out.push(Value::text(scene.mail.client.tls.as_ref().map_or("none", |tls| tls.version.as_str())));
            Some(())
        },
    },
    Field {
        name: "tls.level",
        kind: Type::Word(LEVELS),
        is_many: false,
        about: "what the transport reached: `none`, `tls`, `tls1.2`, `verified`, `dane`; `local` for mail of the MTA's own machine",
        read: |scene, out| {
            scene.outside?;
            out.push(Value::text(reached(&scene.mail.client).map_or("local", Level::word)));
            Some(())
        },
    },
    Field {
        name: "partner.level",
        kind: Type::Word(LEVELS),
        is_many: false,
        about: "the best that mails of the sender's domain reached before; `none` if nothing was asked or is remembered",
        read: |scene, out| {
            let outside = scene.outside?;
            let known = scene.mail.envelope.sender.domain().and_then(|domain| outside.facts.partner_level(&domain));
            out.push(Value::text(known.unwrap_or_default().word()));
            Some(())
        },
    },
    Field {
        name: "counter.network",
        kind: Type::Number,
        is_many: false,
        about: "mails of the client's network in the longest window that policy.senders counts; 0 if nothing was asked",
        read: |scene, out| {
            let facts = scene.outside?.facts;
            out.push(counted(facts.most(|sort| matches!(sort, Sort::Network(_)))));
            Some(())
        },
    },
    Field {
        name: "counter.sender",
        kind: Type::Number,
        is_many: false,
        about: "mails of the sender's domain, likewise",
        read: |scene, out| {
            let facts = scene.outside?.facts;
            out.push(counted(facts.most(|sort| matches!(sort, Sort::Sender(_)))));
            Some(())
        },
    },
    Field {
        name: "counter.recipient",
        kind: Type::Number,
        is_many: false,
        about: "mails to a recipient, likewise; the most of all recipients",
        read: |scene, out| {
            let facts = scene.outside?.facts;
            out.push(counted(facts.most(|sort| matches!(sort, Sort::Recipient(_)))));
            Some(())
        },
    },
    Field {
        name: "campaign.recipients",
        kind: Type::Number,
        is_many: false,
        about: "recipients of mails like this one lately, where policy.senders counts campaigns; 0 if nothing was asked",
        read: |scene, out| {
            let facts = scene.outside?.facts;
            out.push(counted(facts.most(|sort| matches!(sort, Sort::Shape(_)))));
            Some(())
        },
    },
    Field {
        name: "campaign.minutes",
        kind: Type::Number,
        is_many: false,
        about: "the minutes that these are counted in; 0 if nothing was asked",
        read: |scene, out| {
            let window = scene.outside?.facts.shape_window();
            out.push(counted(window.map(|seconds| i64::from(seconds / 60))));
            Some(())
        },
    },
    Field {
        name: "known_correspondent",
        kind: Type::Flag,
        is_many: false,
        about: "SPF or DMARC passes, and the sender's authenticated mail was accepted for one of the recipients before",
        read: |scene, out| {
            let outside = scene.outside?;
            let is_known = outside.facts.most(|sort| sort == Sort::Correspondence).is_some();
            out.push(Value::flag(is_known && is_authenticated(outside.authentication)));
            Some(())
        },
    },
    Field {
        name: "spf",
        kind: Type::Word(RESULTS),
        is_many: false,
        about: "SPF of the reverse-path",
        read: |scene, out| {
            out.push(word(scene.outside?.authentication.spf.result));
            Some(())
        },
    },
    Field {
        name: "spf.domain",
        kind: Type::Domain,
        is_many: false,
        about: "the domain that SPF checked",
        read: |scene, out| {
            out.push(Value::text(&scene.outside?.authentication.spf.domain));
            Some(())
        },
    },
    Field {
        name: "spf_helo",
        kind: Type::Word(RESULTS),
        is_many: false,
        about: "SPF of the HELO name",
        read: |scene, out| {
            out.push(word(scene.outside?.authentication.spf_helo.result));
            Some(())
        },
    },
    Field {
        name: "dkim",
        kind: Type::Word(RESULTS),
        is_many: true,
        about: "result of every DKIM signature",
        read: |scene, out| {
            out.extend(scene.outside?.authentication.dkim.iter().map(|signature| word(signature.result)));
            Some(())
        },
    },
    Field {
        name: "dkim.domain",
        kind: Type::Domain,
        is_many: true,
        about: "signing domains whose signature passes",
        read: |scene, out| {
            let passing = scene.outside?.authentication.dkim.iter().filter(|signature| signature.result == Word::Pass);
            out.extend(passing.map(|signature| Value::text(&signature.domain)));
            Some(())
        },
    },
    Field {
        name: "dmarc",
        kind: Type::Word(RESULTS),
        is_many: false,
        about: "DMARC of the author domain",
        read: |scene, out| {
            out.push(word(scene.outside?.authentication.dmarc.result));
            Some(())
        },
    },
    Field {
        name: "dmarc.policy",
        kind: Type::Word(POLICIES),
        is_many: false,
        about: "what the author domain asks for",
        read: |scene, out| {
            out.push(Value::text(scene.outside?.authentication.dmarc.policy.word()));
            Some(())
        },
    },
    Field {
        name: "arc",
        kind: Type::Word(RESULTS),
        is_many: false,
        about: "the ARC chain",
        read: |scene, out| {
            out.push(word(scene.outside?.authentication.arc.result));
            Some(())
        },
    },
    Field {
        name: "iprev",
        kind: Type::Word(RESULTS),
        is_many: false,
        about: "does the client's host name point back?",
        read: |scene, out| {
            out.push(word(scene.outside?.authentication.iprev.result));
            Some(())
        },
    },
    Field {
        name: "virus",
        kind: Type::Word(VIRUS),
        is_many: false,
        about: "what the virus scanner said",
        read: |scene, out| {
            out.push(Value::text(match scene.outside?.facts.scanned() {
                Scanned::Clean => "clean",
                Scanned::Infected(_) => "infected",
                Scanned::Failed(_) => "failed",
                Scanned::NotAsked => "not_asked",
            }));
            Some(())
        },
    },
    Field {
        name: "virus.name",
        kind: Type::Text,
        is_many: true,
        about: "the signature found",
        read: |scene, out| {
            if let Scanned::Infected(name) = scene.outside?.facts.scanned() {
                out.push(Value::text(name));
            }
            Some(())
        },
    },
    Field {
        name: "coverage.gaps",
        kind: Type::Text,
        is_many: true,
        about: "why parts were not looked at, or not wholly, each reason once: `encrypted`, `unsupported`, `timeout`, ...",
        read: |scene, out| {
            let account = Account::of(&scene.mail.message, scene.outside?.facts);
            out.extend(account.reasons().into_iter().map(Value::text));
            Some(())
        },
    },
    Field {
        name: "coverage.missed",
        kind: Type::Number,
        is_many: false,
        about: "octets of the message that were not read",
        read: |scene, out| {
            let account = Account::of(&scene.mail.message, scene.outside?.facts);
            out.push(Value::count(account.bytes.saturating_sub(account.read)));
            Some(())
        },
    },
    Field {
        name: "learned",
        kind: Type::Number,
        is_many: true,
        about: "probability that the mail is unwanted, 0 to 1, by what `wehr learn` taught; none without a model",
        read: |scene, out| {
            scene.outside?;
            out.extend(scene.learned().map(Value::Number));
            Some(())
        },
    },
];
