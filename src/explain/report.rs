//! The JSON object of `wehr scan`: a contract (DESIGN.md section 6). All keys are always there.
//!
//! Pure.

use crate::{
    judge::{
        auth::{Authentication, Spf, Word, signed::Signature},
        coverage::{Account, Engine, Gap},
        facts::{Fact, Facts, Failure, Scanned},
        policy::verdict::{Edit, Verdict},
        rulebook::Rulebook,
    },
    mail::{Mail, message::Message, protection::Family},
};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// One judged message.
#[derive(Debug, Serialize)]
pub struct Report {
    path: String,
    /// Position in an mbox, from 1.
    index: usize,
    pub action: &'static str,
    pub reply: String,
    score: f64,
    subject: String,
    from: Vec<From>,
    recipients: Vec<Recipient>,
    symbols: Vec<Symbol>,
    auth: Auth,
    /// Signatures over the whole mail.
    signed: Signed,
    /// How the whole mail is encrypted: `smime`, `openpgp` or `none`.
    encrypted: &'static str,
    headers_added: Vec<Added>,
    headers_removed: Vec<Removed>,
    parts: Vec<Part>,
    links: Vec<Link>,
    defects: Vec<&'static str>,
    coverage: Coverage,
    virus: Virus,
    questions: Questions,
    /// Reading and judging, in microseconds; waiting for answers is not counted.
    micros: u64,
    /// Which of client, envelope and time were guessed from the header section.
    guessed: Vec<&'static str>,
    received_at: String,
    reference: String,
}

#[derive(Debug, Serialize)]
struct From {
    name: String,
    address: String,
}

#[derive(Debug, Serialize)]
struct Recipient {
    address: String,
    action: &'static str,
}

#[derive(Debug, Serialize)]
struct Symbol {
    name: String,
    score: f64,
    detail: String,
    group: String,
    /// How often it counts.
    times: u32,
    /// It runs to be counted and weighs nothing.
    shadow: bool,
}

#[derive(Debug, Serialize)]
struct Auth {
    spf: SpfResult,
    spf_helo: SpfResult,
    dkim: Vec<DkimResult>,
    arc: ArcResult,
    iprev: IprevResult,
    dmarc: DmarcResult,
}

#[derive(Debug, Serialize)]
struct SpfResult {
    result: &'static str,
    domain: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct DkimResult {
    result: &'static str,
    domain: String,
    selector: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct ArcResult {
    result: &'static str,
    sealers: Vec<String>,
    trusted: bool,
}

#[derive(Debug, Serialize)]
struct IprevResult {
    result: &'static str,
    name: String,
}

#[derive(Debug, Serialize)]
struct DmarcResult {
    result: &'static str,
    policy: &'static str,
    disposition: &'static str,
    author_domain: String,
    author_domains: Vec<String>,
    organizational_domain: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Signed {
    smime: SignatureResult,
    openpgp: SignatureResult,
    /// A part is signed, the mail as a whole is not.
    part: bool,
}

#[derive(Debug, Serialize)]
struct SignatureResult {
    result: &'static str,
    /// Whom certificate or key speak for.
    addresses: Vec<String>,
    issuer: String,
    /// Serial number of the certificate, or fingerprint of the key, in hex.
    serial: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Added {
    name: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct Removed {
    name: String,
    index: usize,
    value: String,
}

#[derive(Debug, Serialize)]
struct Part {
    path: String,
    name: String,
    names: Vec<String>,
    declared: String,
    detected: String,
    bytes: usize,
    sha256: String,
    interpretations: usize,
    within: String,
    encrypted: bool,
    /// Only some mail clients read the message so that this part is in it.
    disputed: bool,
    traits: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Link {
    url: String,
    host: String,
    /// Null where no public suffix is known.
    domain: Option<String>,
    #[serde(rename = "where")]
    place: &'static str,
    /// What the page shows for it.
    text: String,
    /// That text names another place.
    mismatch: bool,
}

#[derive(Debug, Serialize)]
struct Coverage {
    bytes: usize,
    scanned: usize,
    skipped: Vec<Skipped>,
    /// Octets that each engine saw.
    engines: BTreeMap<&'static str, usize>,
}

#[derive(Debug, Serialize)]
struct Skipped {
    part: String,
    reason: &'static str,
    engine: &'static str,
}

#[derive(Debug, Serialize)]
struct Virus {
    result: &'static str,
    /// Of the signature; the reason when the scan failed; empty otherwise.
    name: String,
}

#[derive(Debug, Serialize)]
struct Questions {
    /// DNS questions that were asked (or answered from a case).
    dns: usize,
    /// DNS lookups that SPF counts (RFC 7208 4.6.4).
    spf: usize,
}

/// What a report is made from.
pub struct Judged<'a> {
    pub path: &'a str,
    pub index: usize,
    pub mail: &'a Mail,
    pub facts: &'a Facts,
    pub verdict: &'a Verdict,
    pub rulebook: &'a Rulebook,
    pub guessed: &'a [&'static str],
    pub took: Duration,
    /// What is told of each finding.
    pub details: Vec<String>,
}

/// Makes the report of one judged message.
#[must_use]
pub fn report(judged: &Judged<'_>) -> Report {
    let Judged { mail, verdict, rulebook, .. } = judged;
    let outcome = verdict.for_message();
    let authentication = &verdict.authentication;
    let authors = authentication.authors.iter();
    let recipients = mail.envelope.recipients.iter().zip(&verdict.outcomes);
    let symbols = verdict.findings.iter().zip(&judged.details).map(|(finding, detail)| Symbol {
        name: finding.symbol.to_string(),
        score: rulebook.weight(finding).points(),
        detail: detail.clone(),
        group: rulebook.rules.table.get(&finding.symbol).map(|rule| rule.group.clone()).unwrap_or_default(),
        times: finding.times,
        shadow: rulebook.is_shadow(&finding.symbol),
    });
    let (headers_added, headers_removed) = edits(&verdict.edits);
    let Message { subject, parts, links, defects, .. } = &mail.message;
    Report {
        path: judged.path.to_owned(),
        index: judged.index,
        action: outcome.action.word(),
        reply: outcome.reply.to_string(),
        score: verdict.score.points(),
        subject: subject.clone(),
        from: authors.map(|author| From { name: author.name.clone(), address: author.address.clone() }).collect(),
        recipients: recipients
            .map(|(address, outcome)| Recipient { address: address.to_string(), action: outcome.action.word() })
            .collect(),
        symbols: symbols.collect(),
        auth: auth(authentication),
        signed: Signed {
            smime: signature(&authentication.signatures.smime),
            openpgp: signature(&authentication.signatures.openpgp),
            part: mail.message.protection.is_part_signed,
        },
        encrypted: mail.message.protection.encrypted.map_or("none", Family::word),
        headers_added,
        headers_removed,
        parts: parts.iter().map(part).collect(),
        links: links
            .iter()
            .map(|link| Link {
                url: link.url.clone(),
                host: link.host.clone(),
                domain: link.domain.clone(),
                place: link.place.word(),
                text: link.text.clone(),
                mismatch: link.mismatch,
            })
            .collect(),
        defects: defects.clone(),
        coverage: coverage(&verdict.coverage),
        virus: virus(judged.facts),
        questions: Questions { dns: dns_questions(judged.facts), spf: authentication.spf.lookups },
        micros: u64::try_from(judged.took.as_micros()).unwrap_or(u64::MAX),
        guessed: judged.guessed.to_vec(),
        received_at: mail.received_at.to_string(),
        reference: verdict.reference.clone(),
    }
}

fn signature(signature: &Signature) -> SignatureResult {
    let Signature { result, addresses, issuer, serial, reason } = signature.clone();
    SignatureResult { result: result.word(), addresses, issuer, serial, reason }
}

fn auth(authentication: &Authentication) -> Auth {
    let Authentication { spf, spf_helo, dkim, arc, iprev, dmarc, .. } = authentication;
    let identity =
        |spf: &Spf| SpfResult { result: spf.result.word(), domain: spf.domain.clone(), reason: spf.reason.clone() };
    let dkim = dkim.iter().map(|signature| DkimResult {
        result: signature.result.word(),
        domain: signature.domain.clone(),
        selector: signature.selector.clone(),
        reason: signature.reason.clone(),
    });
    Auth {
        spf: identity(spf),
        spf_helo: identity(spf_helo),
        dkim: dkim.collect(),
        arc: ArcResult { result: arc.result.word(), sealers: arc.sealers.clone(), trusted: arc.is_trusted },
        iprev: IprevResult { result: iprev.result.word(), name: iprev.name.clone() },
        dmarc: DmarcResult {
            result: dmarc.result.word(),
            policy: dmarc.policy.word(),
            disposition: dmarc.disposition.word(),
            author_domain: dmarc.author_domain.as_ref().map(ToString::to_string).unwrap_or_default(),
            author_domains: dmarc.author_domains.iter().map(ToString::to_string).collect(),
            organizational_domain: dmarc.organizational_domain.as_ref().map(ToString::to_string).unwrap_or_default(),
            reason: dmarc.reason.clone(),
        },
    }
}

fn edits(edits: &[Edit]) -> (Vec<Added>, Vec<Removed>) {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for edit in edits {
        match edit {
            Edit::AddField { name, value } => added.push(Added { name: name.clone(), value: value.clone() }),
            Edit::RemoveField { name, index, value } => {
                removed.push(Removed { name: name.clone(), index: *index, value: value.clone() });
            }
        }
    }
    (added, removed)
}

fn part(part: &crate::mail::content::Part) -> Part {
    Part {
        path: part.path.clone(),
        name: part.name.clone(),
        names: part.names.clone(),
        declared: part.declared.clone(),
        detected: part.detected.clone(),
        bytes: part.bytes,
        sha256: part.sha256.clone(),
        interpretations: part.interpretations,
        within: part.within.clone().unwrap_or_default(),
        encrypted: part.encrypted,
        disputed: part.is_disputed,
        traits: part.traits.clone(),
    }
}

fn coverage(account: &Account) -> Coverage {
    let skipped = |gap: &Gap| Skipped { part: gap.part.clone(), reason: gap.reason, engine: gap.engine.word() };
    let scanned = account.scanned.map(|scanned| (Engine::Scanner.word(), scanned));
    Coverage {
        bytes: account.bytes,
        scanned: account.read,
        skipped: account.gaps.iter().map(skipped).collect(),
        engines: [(Engine::Reader.word(), account.read)].into_iter().chain(scanned).collect(),
    }
}

fn virus(facts: &Facts) -> Virus {
    match facts.scanned() {
        Scanned::NotAsked => Virus { result: "not_asked", name: String::new() },
        Scanned::Clean => Virus { result: "clean", name: String::new() },
        Scanned::Infected(name) => Virus { result: "infected", name: name.clone() },
        Scanned::Failed(failure) => Virus { result: "failed", name: failure.word().to_owned() },
    }
}

/// Questions that went to a name server, a zone file or a record; those that nobody was asked do not count.
fn dns_questions(facts: &Facts) -> usize {
    let is_asked = |fact: &Fact| {
        !fact.question().is_for_scanner() && !matches!(fact.failure(), Some(Failure::NotRecorded | Failure::OverBudget))
    };
    facts.all().iter().filter(|fact| is_asked(fact)).count()
}

/// The report for people: two or three lines.
impl Report {
    /// One line with action, score and symbols, one with the authentication results, one with what was guessed.
    /// `printable` makes foreign text safe for where the lines go.
    #[must_use]
    pub fn to_text(&self, printable: impl Fn(&str) -> String) -> String {
        use std::fmt::Write as _;

        let symbols: Vec<_> =
            self.symbols.iter().map(|symbol| format!("{}({:.2})", symbol.name, symbol.score)).collect();
        let symbols = if symbols.is_empty() { "no symbols".to_owned() } else { symbols.join(" ") };
        let place = if self.index > 1 { format!("{}#{}", self.path, self.index) } else { self.path.clone() };
        let named = |result: &str, domain: &str| {
            if domain.is_empty() { result.to_owned() } else { format!("{result} ({})", printable(domain)) }
        };
        let Auth { spf, dkim, arc, dmarc, .. } = &self.auth;
        let dkim: Vec<_> = dkim.iter().map(|signature| named(signature.result, &signature.domain)).collect();
        let dkim = if dkim.is_empty() { Word::None.word().to_owned() } else { dkim.join(", ") };
        let mut text = format!("{}: {} {:.2} {symbols}\n", printable(&place), self.action, self.score);
        let _ = write!(
            text,
            "    spf={} dkim={dkim} dmarc={} arc={} virus={}",
            named(spf.result, &spf.domain),
            named(dmarc.result, &dmarc.author_domain),
            arc.result,
            self.virus.result,
        );
        if !self.guessed.is_empty() {
            let _ = write!(text, "\n    guessed from the header: {}", self.guessed.join(", "));
        }
        text
    }
}
