//! Date: does the Date field (RFC 5322 3.6.1) fit the time of arrival?
//!
//! Reads the header section and `received_at`. Asks nothing. Pure.

use super::evidence::{Check, Evidence};
use crate::{
    judge::{
        facts::Unknown,
        findings::{Finding, Symbol},
    },
    mail::timestamp::Timestamp,
};

pub const CHECK: Check =
    Check { name: "date", symbols: &[DATE_MISSING, DATE_MALFORMED, DATE_FUTURE, DATE_PAST], run };

const DATE_MISSING: Symbol = Symbol::new("DATE_MISSING");
const DATE_MALFORMED: Symbol = Symbol::new("DATE_MALFORMED");
const DATE_FUTURE: Symbol = Symbol::new("DATE_FUTURE");
const DATE_PAST: Symbol = Symbol::new("DATE_PAST");

/// Seconds a clock may be ahead: a day covers every wrong time zone.
const FUTURE_SECONDS_MAX: i64 = 24 * 3600;
/// Seconds a mail may be under way: queues give up after five days (RFC 5321 4.5.4.1), lists hold mail for moderation.
const PAST_SECONDS_MAX: i64 = 15 * 24 * 3600;

fn run(evidence: &Evidence<'_>) -> Result<Vec<Finding>, Unknown> {
    let mail = evidence.mail;
    let Some(field) = mail.message.head.first("Date") else {
        return Ok(vec![Finding::new(DATE_MISSING, "")]);
    };
    let text = field.text();
    Ok(match Timestamp::parse_rfc5322(&text) {
        Some(date) => distance(date, mail.received_at).into_iter().collect(),
        None => vec![Finding::new(DATE_MALFORMED, shortened(&text))],
    })
}

fn distance(date: Timestamp, received_at: Timestamp) -> Option<Finding> {
    let ahead = date.seconds().saturating_sub(received_at.seconds());
    let days = ahead.abs() / (24 * 3600);
    if ahead > FUTURE_SECONDS_MAX {
        return Some(Finding::new(DATE_FUTURE, format!("{days} days ahead")));
    }
    (ahead < -PAST_SECONDS_MAX).then(|| Finding::new(DATE_PAST, format!("{days} days ago")))
}

fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(DETAIL_BYTES_MAX)).unwrap_or_default()
}

/// Octets of a malformed date that are shown.
const DETAIL_BYTES_MAX: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(date_seconds: i64) -> Option<Symbol> {
        distance(Timestamp::from_seconds(date_seconds), Timestamp::from_seconds(0)).map(|finding| finding.symbol)
    }

    #[test]
    fn dates_may_be_a_little_off() {
        assert_eq!(symbol(FUTURE_SECONDS_MAX), None);
        assert_eq!(symbol(FUTURE_SECONDS_MAX + 1), Some(DATE_FUTURE));
        assert_eq!(symbol(-PAST_SECONDS_MAX), None);
        assert_eq!(symbol(-PAST_SECONDS_MAX - 1), Some(DATE_PAST));
        assert_eq!(symbol(i64::MAX), Some(DATE_FUTURE));
    }
}
