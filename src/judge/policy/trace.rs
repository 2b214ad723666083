//! The header fields we add and the forged ones we remove (RFC 8601 5, DESIGN.md section 6).
//!
//! Pure. The body is never changed.

use super::verdict::{Action, Edit, Verdict};
use crate::{
    judge::{auth, coverage::Account, rulebook::Rulebook},
    mail::{Mail, hex::hex},
};

/// Our own fields: whoever sent them before us did not speak for us.
const OURS: [&str; 4] = ["X-Wehr-Verdict", "X-Wehr-Symbols", "X-Wehr-Coverage", "X-Spam-Flag"];

/// Names one verdict: ten hex digits from what arrived, so that a replay names it alike.
#[must_use]
pub fn reference(mail: &Mail, rulebook: &Rulebook) -> String {
    use aws_lc_rs::digest::{Context, SHA256};
    let mut digest = Context::new(&SHA256);
    digest.update(rulebook.digest.as_bytes());
    digest.update(&mail.received_at.seconds().to_be_bytes());
    digest.update(mail.envelope.queue_id.as_deref().unwrap_or_default().as_bytes());
    digest.update(mail.envelope.sender.as_str().as_bytes());
    for recipient in &mail.envelope.recipients {
        digest.update(recipient.as_str().as_bytes());
        digest.update(b"\n");
    }
    digest.update(&(mail.message.raw.len() as u64).to_be_bytes());
    let head = mail.message.raw.get(..mail.message.head.len_bytes()).unwrap_or_default();
    digest.update(head);
    hex(digest.finish().as_ref().iter().take(5))
}

/// Removals first, then what is added at the top.
#[must_use]
pub fn edits(mail: &Mail, verdict: &Verdict, rulebook: &Rulebook) -> Vec<Edit> {
    let mut edits = removals(mail, rulebook);
    edits.push(Edit::AddField {
        name: "Authentication-Results".to_owned(),
        value: auth::results::authentication_results(mail, &verdict.authentication, &rulebook.auth),
    });
    let action = verdict.written();
    edits.push(Edit::AddField {
        name: "X-Wehr-Verdict".to_owned(),
        value: format!("action={action}; score={}; ref={}", verdict.score, verdict.reference),
    });
    edits.push(Edit::AddField { name: "X-Wehr-Symbols".to_owned(), value: symbols(verdict, rulebook) });
    edits.push(Edit::AddField { name: "X-Wehr-Coverage".to_owned(), value: coverage(&verdict.coverage) });
    if action >= Action::Tag || verdict.score >= rulebook.thresholds.tag {
        edits.push(Edit::AddField { name: "X-Spam-Flag".to_owned(), value: "YES".to_owned() });
    }
    edits
}

/// Octets that each engine saw of those that came, and why there is more to see.
fn coverage(account: &Account) -> String {
    let scanned = account.scanned.map(|scanned| format!("; scanned={scanned}/{}", account.bytes));
    let reasons: Vec<&str> = account.reasons().into_iter().collect();
    let gaps = if reasons.is_empty() { "none".to_owned() } else { reasons.join(",") };
    format!("read={}/{}{}; gaps={gaps}", account.read, account.bytes, scanned.unwrap_or_default())
}

fn removals(mail: &Mail, rulebook: &Rulebook) -> Vec<Edit> {
    let mut seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    let mut edits = Vec::new();
    for field in mail.message.head.fields() {
        let is_ours = OURS.iter().any(|ours| field.is(ours));
        if !is_ours && !auth::results::is_of_results(field) {
            continue;
        }
        let name = String::from_utf8_lossy(&field.name).into_owned();
        let index = seen.entry(name.to_ascii_lowercase()).or_default();
        *index += 1;
        if is_ours || auth::results::is_forged(field, &rulebook.auth) {
            edits.push(Edit::RemoveField { name, index: *index, value: field.text() });
        }
    }
    edits
}

/// Symbols with their scores, folded before the line grows past 78 octets.
fn symbols(verdict: &Verdict, rulebook: &Rulebook) -> String {
    let mut value = String::new();
    let mut line = "X-Wehr-Symbols: ".len();
    let mut last = None;
    for finding in &verdict.findings {
        if last == Some(&finding.symbol) || rulebook.is_shadow(&finding.symbol) {
            continue;
        }
        last = Some(&finding.symbol);
        let word = format!("{}({})", finding.symbol, rulebook.weight(finding));
        if !value.is_empty() {
            value.push(',');
            line += 1;
            if line + 1 + word.len() > 76 {
                value.push_str("\r\n\t");
                line = 8;
            } else {
                value.push(' ');
                line += 1;
            }
        }
        line += word.len();
        value.push_str(&word);
    }
    if value.is_empty() { "none".to_owned() } else { value }
}
