//! Signed and encrypted mail: what the signature over the whole mail came to, and labels that are not true.
//!
//! Reads the authentication results and the message. Asks nothing of its own. Pure.

use super::evidence::{Check, Evidence};
use crate::{
    judge::{
        auth::signed::Standing,
        facts::Unknown,
        findings::{Finding, Symbol},
    },
    mail::{content::Defect, defects},
};

pub const CHECK: Check =
    Check { name: "signed", symbols: &[VALID, INVALID, UNTRUSTED, EXPIRED, ADDRESS, UNVERIFIED, PART, ENCRYPTED, LABEL, CONTENT], run };

const VALID: Symbol = Symbol::new("SIGNED_VALID");
const INVALID: Symbol = Symbol::new("SIGNED_INVALID");
const UNTRUSTED: Symbol = Symbol::new("SIGNED_UNTRUSTED");
const EXPIRED: Symbol = Symbol::new("SIGNED_EXPIRED");
const ADDRESS: Symbol = Symbol::new("SIGNED_ADDRESS_MISMATCH");
const UNVERIFIED: Symbol = Symbol::new("SIGNED_UNVERIFIED");
const PART: Symbol = Symbol::new("SIGNED_PART");
const ENCRYPTED: Symbol = Symbol::new("ENCRYPTED_MAIL");
const LABEL: Symbol = Symbol::new("ENCRYPTION_LABEL_FALSE");
/// Found by the policy, when a class of recipients takes signed or encrypted mail only.
pub const CONTENT: Symbol = Symbol::new("POLICY_CONTENT");

/// The symbols of the defects of labels.
pub const DEFECTS: &[(Defect, Symbol)] = &[(defects::FALSE_ENCRYPTION_LABEL, LABEL)];

fn run(evidence: &Evidence<'_>) -> Result<Vec<Finding>, Unknown> {
    let message = &evidence.mail.message;
    let mut findings = Vec::new();
    if let Some(family) = message.protection.encrypted {
        findings.push(Finding::new(ENCRYPTED, family.word()));
    }
    let labels = DEFECTS.iter().filter(|(defect, _)| message.defects.contains(defect));
    findings.extend(labels.map(|(_, symbol)| Finding::new(symbol.clone(), "")));
    if message.protection.is_part_signed {
        findings.push(Finding::new(PART, ""));
    }
    if message.protection.signed.is_none() {
        return Ok(findings);
    }
    let signatures = &evidence.auth()?.signatures;
    for (family, signature) in [("smime", &signatures.smime), ("openpgp", &signatures.openpgp)] {
        let symbol = match signature.result {
            Standing::None => continue,
            Standing::Valid => VALID,
            Standing::Invalid => INVALID,
            Standing::Untrusted => UNTRUSTED,
            Standing::Expired => EXPIRED,
            Standing::WrongAddress => ADDRESS,
            Standing::UnknownKey | Standing::Unsupported => UNVERIFIED,
        };
        let detail = if signature.reason.is_empty() { signature.addresses.join(" ") } else { signature.reason.clone() };
        findings.push(Finding::new(symbol, format!("{family}: {detail}")));
    }
    Ok(findings)
}
