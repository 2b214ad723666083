//! Senders: greylisting and limits, by what this house remembers.
//!
//! Pure. What a store that fails would have said counts for the sender: nobody is turned away for our own trouble.

use super::evidence::{Check, Evidence};
use crate::{
    judge::{
        auth::Word,
        entry::Recalled,
        facts::Unknown,
        findings::{Finding, Symbol},
        policy::senders::{Counted, subjects},
    },
    limits,
    mail::Mail,
};

pub const CHECK: Check = Check { name: "senders", symbols: &[GREYLISTED, NETWORK, SENDER, RECIPIENT], run };

const GREYLISTED: Symbol = Symbol::new("GREYLISTED");
const NETWORK: Symbol = Symbol::new("RATE_CLIENT_NETWORK");
const SENDER: Symbol = Symbol::new("RATE_SENDER_DOMAIN");
const RECIPIENT: Symbol = Symbol::new("RATE_RECIPIENT");

/// Words beside the number in mails that carry a one-time code.
const CODE_WORDS: [&str; 12] = [
    "code", "otp", "passcode", "einmalpasswort", "einmalkennwort", "one-time", "tan", "verification", "verify",
    "sicherheitscode", "zugangscode", "pin",
];

fn run(evidence: &Evidence<'_>) -> Result<Vec<Finding>, Unknown> {
    let (policy, mail) = (&evidence.rulebook.senders, evidence.mail);
    let recall = |entries: Vec<_>| -> Vec<_> { entries.iter().map(|entry| evidence.facts.recalled(entry)).collect() };
    let asks_correspondence = subjects::asks_correspondence(policy);
    let known = recall(if asks_correspondence { subjects::correspondences(mail) } else { Vec::new() });
    let triplets = recall(if policy.greylist.is_some() { subjects::triplets(mail) } else { Vec::new() });
    let counts: Vec<_> = policy.rates.iter().map(|rate| (rate, recall(subjects::counted(mail, rate)))).collect();
    let known = known.into_iter().collect::<Result<Vec<_>, _>>()?;
    let triplets = triplets.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut findings = Vec::new();
    for (rate, counts) in counts {
        let counts = counts.into_iter().collect::<Result<Vec<_>, _>>()?;
        let most = counts.into_iter().filter_map(number).max().unwrap_or_default();
        if u64::try_from(most).is_ok_and(|most| most >= rate.mails) {
            let symbol = match rate.of {
                Counted::ClientNetwork => NETWORK,
                Counted::SenderDomain => SENDER,
                Counted::Recipient => RECIPIENT,
            };
            findings.push(Finding::new(symbol, format!("{most} mails in {} s, {} may come", rate.window, rate.mails)));
        }
    }
    let Some(greylist) = &policy.greylist else { return Ok(findings) };
    let authentication = evidence.auth()?;
    let is_authenticated = subjects::is_authenticated(authentication);
    let is_spared = (greylist.spare_dmarc && authentication.dmarc.result == Word::Pass)
        || (is_authenticated && !known.is_empty() && known.iter().all(|known| number(known).is_some()))
        || (greylist.spare_codes && is_authenticated && carries_code(mail));
    let now = mail.received_at.seconds();
    let waits = triplets.iter().filter(|first| match first {
        Recalled::Nothing => true,
        Recalled::Number(since) => now.saturating_sub(*since) < greylist.wait,
        Recalled::Failed(_) => false,
    });
    let waiting = waits.count();
    if !is_spared && waiting > 0 {
        let detail = format!("{waiting} of {} ways are new; {} s to wait", triplets.len(), greylist.wait);
        findings.push(Finding::new(GREYLISTED, detail));
    }
    Ok(findings)
}

fn number(recalled: &Recalled) -> Option<i64> {
    match recalled {
        Recalled::Number(number) => Some(*number),
        Recalled::Nothing | Recalled::Failed(_) => None,
    }
}

/// Is there a number of four to eight digits in a line that speaks of a code? People wait for such mail.
fn carries_code(mail: &Mail) -> bool {
    let message = &mail.message;
    let first = message.texts.first().map_or("", |text| text.text.as_str());
    let mut end = first.len().min(limits::CODE_LOOKED_BYTES_MAX);
    while !first.is_char_boundary(end) {
        end -= 1;
    }
    let near = first.get(..end).unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = [message.subject.as_str()].into_iter().chain(near).map(str::to_lowercase).collect();
    let has_number = |line: &String| {
        let words = line.split(|letter: char| !letter.is_alphanumeric());
        words.into_iter().any(|word| (4..=8).contains(&word.len()) && word.bytes().all(|octet| octet.is_ascii_digit()))
    };
    let has_word = |line: &String| {
        let mut words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
        words.any(|word| CODE_WORDS.contains(&word))
    };
    // The number often stands in the line below its word.
    lines.iter().enumerate().any(|(place, line)| {
        has_number(line) && (has_word(line) || place.checked_sub(1).and_then(|before| lines.get(before)).is_some_and(has_word))
    })
}
