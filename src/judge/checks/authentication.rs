//! Authentication: what SPF, DKIM, ARC, iprev and DMARC say, and what is odd about the author fields.
//!
//! Reads the authentication results and the header section. Pure.

use super::evidence::{Check, Evidence};
use crate::{
    judge::{
        auth::{self, Authentication, DmarcPolicy, Spf, Word, dkim::TESTING},
        facts::Unknown,
        findings::{Finding, Symbol},
    },
    mail::{
        author::{Authorship, Oddity, sources::visible_name},
        head::Head,
    },
};

pub const CHECK: Check = Check { name: "authentication", symbols: ALL, run };

const SPF_PASS: Symbol = Symbol::new("SPF_PASS");
const SPF_FAIL: Symbol = Symbol::new("SPF_FAIL");
const SPF_SOFTFAIL: Symbol = Symbol::new("SPF_SOFTFAIL");
const SPF_NEUTRAL: Symbol = Symbol::new("SPF_NEUTRAL");
const SPF_NONE: Symbol = Symbol::new("SPF_NONE");
const SPF_PERMERROR: Symbol = Symbol::new("SPF_PERMERROR");
const SPF_TEMPERROR: Symbol = Symbol::new("SPF_TEMPERROR");
const SPF_PERMISSIVE: Symbol = Symbol::new("SPF_PERMISSIVE");
const SPF_HELO_FAIL: Symbol = Symbol::new("SPF_HELO_FAIL");
const DKIM_PASS: Symbol = Symbol::new("DKIM_PASS");
const DKIM_FAIL: Symbol = Symbol::new("DKIM_FAIL");
const DKIM_TESTING: Symbol = Symbol::new("DKIM_TESTING");
const DKIM_NONE: Symbol = Symbol::new("DKIM_NONE");
const DKIM_POLICY: Symbol = Symbol::new("DKIM_POLICY");
const DKIM_PERMERROR: Symbol = Symbol::new("DKIM_PERMERROR");
const DKIM_TEMPERROR: Symbol = Symbol::new("DKIM_TEMPERROR");
const DKIM_UNSIGNED_FIELDS: Symbol = Symbol::new("DKIM_UNSIGNED_FIELDS");
const DMARC_PASS: Symbol = Symbol::new("DMARC_PASS");
const DMARC_NONE: Symbol = Symbol::new("DMARC_NONE");
const DMARC_FAIL_NONE: Symbol = Symbol::new("DMARC_FAIL_NONE");
const DMARC_FAIL_QUARANTINE: Symbol = Symbol::new("DMARC_FAIL_QUARANTINE");
const DMARC_FAIL_REJECT: Symbol = Symbol::new("DMARC_FAIL_REJECT");
const DMARC_PERMERROR: Symbol = Symbol::new("DMARC_PERMERROR");
const DMARC_TEMPERROR: Symbol = Symbol::new("DMARC_TEMPERROR");
const AUTHOR_MISSING: Symbol = Symbol::new("AUTHOR_MISSING");
const AUTHORS_SEVERAL: Symbol = Symbol::new("AUTHORS_SEVERAL");
const AUTHOR_FIELDS_SEVERAL: Symbol = Symbol::new("AUTHOR_FIELDS_SEVERAL");
const AUTHOR_MALFORMED: Symbol = Symbol::new("AUTHOR_MALFORMED");
const AUTHOR_CONFUSABLE: Symbol = Symbol::new("AUTHOR_CONFUSABLE");
const AUTHOR_NAME_ADDRESS: Symbol = Symbol::new("AUTHOR_NAME_ADDRESS");
const AUTHOR_NAME_POSES: Symbol = Symbol::new("AUTHOR_NAME_POSES");
const FIELD_NAME_SPACED: Symbol = Symbol::new("FIELD_NAME_SPACED");
const ARC_PASS: Symbol = Symbol::new("ARC_PASS");
const ARC_TRUSTED: Symbol = Symbol::new("ARC_TRUSTED");
const ARC_FAIL: Symbol = Symbol::new("ARC_FAIL");
const IPREV_FAIL: Symbol = Symbol::new("IPREV_FAIL");
const IPREV_NONE: Symbol = Symbol::new("IPREV_NONE");

const ALL: &[Symbol] = &[
    SPF_PASS,
    SPF_FAIL,
    SPF_SOFTFAIL,
    SPF_NEUTRAL,
    SPF_NONE,
    SPF_PERMERROR,
    SPF_TEMPERROR,
    SPF_PERMISSIVE,
    SPF_HELO_FAIL,
    DKIM_PASS,
    DKIM_FAIL,
    DKIM_TESTING,
    DKIM_NONE,
    DKIM_POLICY,
    DKIM_PERMERROR,
    DKIM_TEMPERROR,
    DKIM_UNSIGNED_FIELDS,
    DMARC_PASS,
    DMARC_NONE,
    DMARC_FAIL_NONE,
    DMARC_FAIL_QUARANTINE,
    DMARC_FAIL_REJECT,
    DMARC_PERMERROR,
    DMARC_TEMPERROR,
    AUTHOR_MISSING,
    AUTHORS_SEVERAL,
    AUTHOR_FIELDS_SEVERAL,
    AUTHOR_MALFORMED,
    AUTHOR_CONFUSABLE,
    AUTHOR_NAME_ADDRESS,
    AUTHOR_NAME_POSES,
    FIELD_NAME_SPACED,
    ARC_PASS,
    ARC_TRUSTED,
    ARC_FAIL,
    IPREV_FAIL,
    IPREV_NONE,
];

/// Fields whose odd spelling deceives: readers that skip spaces in names show them, verifiers do not see them.
const SHOWN_FIELDS: [&str; 9] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "subject",
    "date",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

fn run(evidence: &Evidence<'_>) -> Result<Vec<Finding>, Unknown> {
    let authentication = evidence.auth()?;
    let mut findings = Vec::new();
    if auth::judged_address(&evidence.mail.client).is_some() {
        spf(authentication, &mut findings);
        match authentication.iprev.result {
            Word::Fail => findings.push(Finding::new(IPREV_FAIL, authentication.iprev.name.clone())),
            Word::PermError => findings.push(Finding::new(IPREV_NONE, "")),
            _ => {}
        }
    }
    if !auth::is_trusted(&evidence.mail.client) {
        dmarc(authentication, &mut findings);
        authors(authentication, &mut findings);
        spaced_names(&evidence.mail.message.head, &mut findings);
    }
    dkim(authentication, &mut findings);
    arc(authentication, &mut findings);
    Ok(findings)
}

fn spf(authentication: &Authentication, findings: &mut Vec<Finding>) {
    let Spf { result, domain, reason, is_permissive, .. } = &authentication.spf;
    let symbol = match result {
        Word::Pass if *is_permissive => SPF_PERMISSIVE,
        Word::Pass => SPF_PASS,
        Word::Fail | Word::Policy => SPF_FAIL,
        Word::SoftFail => SPF_SOFTFAIL,
        Word::Neutral => SPF_NEUTRAL,
        Word::None => SPF_NONE,
        Word::PermError => SPF_PERMERROR,
        Word::TempError => SPF_TEMPERROR,
    };
    findings.push(Finding::new(symbol, format!("{domain}: {reason}")));
    if authentication.spf_helo.result == Word::Fail {
        findings.push(Finding::new(SPF_HELO_FAIL, authentication.spf_helo.domain.clone()));
    }
}

fn dkim(authentication: &Authentication, findings: &mut Vec<Finding>) {
    if authentication.dkim.is_empty() {
        findings.push(Finding::new(DKIM_NONE, ""));
    }
    for dkim in &authentication.dkim {
        let symbol = match dkim.result {
            Word::Pass => DKIM_PASS,
            Word::Fail if dkim.reason.ends_with(TESTING) => DKIM_TESTING,
            Word::Fail => DKIM_FAIL,
            Word::Policy => DKIM_POLICY,
            Word::TempError => DKIM_TEMPERROR,
            _ => DKIM_PERMERROR,
        };
        let detail = if dkim.reason.is_empty() { dkim.domain.clone() } else { format!("{}: {}", dkim.domain, dkim.reason) };
        findings.push(Finding::new(symbol, detail));
        if dkim.result == Word::Pass && !dkim.unsigned.is_empty() {
            findings.push(Finding::new(DKIM_UNSIGNED_FIELDS, format!("{}: {}", dkim.domain, dkim.unsigned.join(", "))));
        }
    }
}

fn dmarc(authentication: &Authentication, findings: &mut Vec<Finding>) {
    let dmarc = &authentication.dmarc;
    let symbol = match (dmarc.result, dmarc.disposition) {
        (Word::Pass, _) => DMARC_PASS,
        (Word::None, _) => DMARC_NONE,
        (Word::TempError, _) => DMARC_TEMPERROR,
        (Word::Fail, DmarcPolicy::None) => DMARC_FAIL_NONE,
        (Word::Fail, DmarcPolicy::Quarantine) => DMARC_FAIL_QUARANTINE,
        (Word::Fail, DmarcPolicy::Reject) => DMARC_FAIL_REJECT,
        _ => DMARC_PERMERROR,
    };
    let author = dmarc.author_domain.as_ref().map(ToString::to_string).unwrap_or_default();
    findings.push(Finding::new(symbol, format!("{author}: {}", dmarc.reason)));
}

fn arc(authentication: &Authentication, findings: &mut Vec<Finding>) {
    let arc = &authentication.arc;
    let sealer = arc.sealers.last().cloned().unwrap_or_default();
    match arc.result {
        Word::Pass if arc.is_trusted => findings.push(Finding::new(ARC_TRUSTED, sealer)),
        Word::Pass => findings.push(Finding::new(ARC_PASS, sealer)),
        Word::Fail => findings.push(Finding::new(ARC_FAIL, arc.reason.clone())),
        _ => {}
    }
}

fn authors(authentication: &Authentication, findings: &mut Vec<Finding>) {
    let domains = &authentication.dmarc.author_domains;
    if domains.len() > 1 && authentication.dmarc.result != Word::Pass {
        let list: Vec<&str> = domains.iter().take(8).map(crate::mail::address::Domain::as_str).collect();
        findings.push(Finding::new(AUTHORS_SEVERAL, list.join(", ")));
    }
    for name in Authorship::foreign_names(&authentication.authors) {
        // Mailing lists write `bob@a.example via list`; nothing but an address is what somebody poses as.
        let is_bare = !name.trim().contains(char::is_whitespace);
        findings.push(Finding::new(if is_bare { AUTHOR_NAME_POSES } else { AUTHOR_NAME_ADDRESS }, name));
    }
    for oddity in &authentication.oddities {
        let symbol = match oddity {
            Oddity::Missing => AUTHOR_MISSING,
            Oddity::SeveralFields => AUTHOR_FIELDS_SEVERAL,
            Oddity::MixedScripts => AUTHOR_CONFUSABLE,
            _ => AUTHOR_MALFORMED,
        };
        findings.push(Finding::new(symbol, oddity.word()));
    }
}

fn spaced_names(head: &Head, findings: &mut Vec<Finding>) {
    for field in head.fields() {
        let is_plain = field.name.iter().all(u8::is_ascii_graphic);
        if is_plain || field.name.is_empty() {
            continue;
        }
        let visible = visible_name(&field.name);
        if let Some(name) = SHOWN_FIELDS.iter().find(|name| name.as_bytes() == visible) {
            findings.push(Finding::new(FIELD_NAME_SPACED, *name));
        }
    }
}
