//! Line: what the log is told of a mail. Persons go in as `Secret` and come out as pseudonyms.

use super::{desk::Desk, open_mail::OpenMail};
use crate::{
    judge::{
        findings::Score,
        policy::verdict::{Action, Verdict},
    },
    mail::{Mail, address::Domain},
    telemetry::log::{MailLine, NamesNobody, Public, Secret},
    world::clock::now,
};

/// A domain is a house's; that some houses are one person's is said in docs/privacy.md.
impl NamesNobody for Domain {}
impl NamesNobody for Score {}

/// The line of a mail, without what its client is told.
pub(super) fn line(desk: &Desk, mail: &Mail, verdict: &Verdict, rounds: usize) -> MailLine {
    let mut symbols: Vec<&str> = verdict.findings.iter().map(|finding| finding.symbol.as_str()).collect();
    symbols.dedup();
    let client = mail.client.address;
    let has_network = desk.log_keys().is_some_and(|keys| keys.settings().has_network);
    MailLine {
        queue_id: mail.envelope.queue_id.as_deref().map(Public::token).unwrap_or_default(),
        reference: Public::token(&verdict.reference),
        client: client.map(Secret::client).unwrap_or_default(),
        client_network: client.filter(|_| has_network).map(Public::network).unwrap_or_default(),
        tls: Public::of(&tls(mail)),
        sender: Secret::address(mail.envelope.sender.as_str()),
        sender_domain: mail.envelope.sender.domain().as_ref().map(Public::of).unwrap_or_default(),
        to: mail.envelope.recipients.iter().map(|recipient| Secret::address(recipient.as_str())).collect(),
        bytes: mail.message.raw.len(),
        score: Public::of(&verdict.score),
        symbols: Public::token(&symbols.join(",")),
        rounds: Public::of(&rounds),
    }
}

/// Writes the line of a mail that ends now.
pub(super) fn write(desk: &Desk, line: &MailLine, told: Action, open: &OpenMail) {
    let key = desk.log_keys().and_then(|keys| keys.of(now().seconds()));
    line.write(key.as_deref(), told.word(), open.door(), open.started().elapsed());
}

/// The version of the client's session, of those there are.
fn tls(mail: &Mail) -> &'static str {
    const VERSIONS: [&str; 6] = ["TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1.0", "TLSv1", "SSLv3"];
    // As OpenSSL, GnuTLS and sendmail spell them.
    let bare = |text: &str| text.to_ascii_lowercase().replace(['v', '_', ' ', '-'], "");
    mail.client.tls.as_ref().map_or("none", |tls| {
        VERSIONS.into_iter().find(|version| bare(version) == bare(&tls.version)).unwrap_or("other")
    })
}
