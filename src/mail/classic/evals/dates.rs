//! Dates of the header, compared with each other.
//!
//! Pure. No clock: a mail's Date is compared with the dates of its Received fields.

use super::{Arguments, Run, joined, run};
use crate::mail::classic::{Classic, expression::Expression};
use std::sync::LazyLock;

/// How the Date field lies to the Received fields.
#[derive(Debug)]
pub struct DateFacts {
    /// Seconds from the nearest Received date to the Date; 0 where one of them is missing.
    difference: i64,
}

/// The functions about dates.
pub fn resolve(name: &str, args: &Arguments<'_>) -> Option<Run> {
    Some(match name {
        "check_for_shifted_date" => {
            let (min, max) = (args.bound(0), args.bound(1));
            run(move |classic| {
                let hours = hours(classic.facts().dates.get_or_init(|| DateFacts::of(classic)).difference);
                min.is_none_or(|min| hours >= min) && max.is_none_or(|max| hours < max)
            })
        }
        "check_outlook_message_id" => run(has_wrong_outlook_id),
        _ => return None,
    })
}

#[allow(clippy::cast_precision_loss, reason = "dates are far below 2^52 seconds")]
fn hours(seconds: i64) -> f64 {
    seconds as f64 / 3600.0
}

static DATE: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"(\s.?\d+ \S\S\S \d+ \d+:\d+:\d+ \S+)"));

impl DateFacts {
    fn of(classic: &Classic) -> Self {
        let none = Self { difference: 0 };
        let mut dates = ["Resent-Date", "Date"].iter().flat_map(|name| classic.header_values(name));
        let Some(date) = dates.find_map(|date| parse(&String::from_utf8_lossy(&date))) else { return none };
        let mut differences: Vec<i64> = received(classic).into_iter().map(|time| date - time).collect();
        // The last hop often is the sender itself.
        if differences.len() > 1 && differences.last() == Some(&0) {
            differences.pop();
        }
        let nearest = differences.into_iter().min_by_key(|difference| difference.abs());
        Self { difference: nearest.unwrap_or(0) }
    }
}

/// The dates of the Received fields; those of a local fetcher are left out.
fn received(classic: &Classic) -> Vec<i64> {
    static LOCAL: LazyLock<Expression> = LazyLock::new(|| {
        Expression::new(r"\bfrom (?:localhost\s|(?:\S+ ){1,2}\S*\b127\.0\.0\.1\b)|qmail \d+ invoked by uid \d+")
    });
    static FETCHED: LazyLock<Expression> =
        LazyLock::new(|| Expression::new(r"\bby localhost with \w+ \(fetchmail-[\d.]+"));
    let all = joined(classic, "Received");
    let lines: Vec<&[u8]> = all
        .split(|octet| *octet == b'\n')
        .filter(|line| !line.iter().all(crate::mail::classic::wide::is_blank))
        .collect();
    let is = |expression: &Expression, index: usize| lines.get(index).is_some_and(|line| expression.is_match(line));
    let first = usize::from(is(&LOCAL, 0));
    let skip = if is(&FETCHED, first) { first + 1 } else { 0 };
    let dates = lines.iter().skip(skip).filter_map(|line| DATE.groups(line, 0)?.get(1).map(String::from_utf8_lossy));
    dates.filter_map(|date| parse(&date)).collect()
}

/// A Message-ID that claims to be Outlook's but tells another time.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the formula is SpamAssassin's, in seconds"
)]
fn has_wrong_outlook_id(classic: &Classic) -> bool {
    static OUTLOOK: LazyLock<Expression> =
        LazyLock::new(|| Expression::new(r"^<[0-9a-f]{4}([0-9a-f]{8})\$[0-9a-f]{8}\$[0-9a-f]{8}@"));
    let id = joined(classic, "MESSAGEID");
    let token = OUTLOOK.groups(&id, 0).and_then(|found| {
        found.get(1).and_then(|digits| i64::from_str_radix(&String::from_utf8_lossy(digits), 16).ok())
    });
    let Some(token) = token else { return false };
    let is_near = |text: &[u8]| {
        let time = parse(&String::from_utf8_lossy(text)).unwrap_or(0);
        let expected = (time as f64 * 0.002_328_306_436_538_7 + 27_111_902.832_984_9) as i64;
        (token - expected).abs() < 250
    };
    !is_near(&joined(classic, "Date")) && !is_near(&joined(classic, "Received"))
}

/// Offsets of time zones in minutes.
const ZONES: [(&str, i64); 48] = [
    ("UT", 0),
    ("UTC", 0),
    ("NDT", -150),
    ("AST", -240),
    ("ADT", -180),
    ("NST", -210),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("HST", -600),
    ("AKST", -540),
    ("AKDT", -480),
    ("HADT", -540),
    ("HAST", -600),
    ("GMT", 0),
    ("BST", 60),
    ("IST", 60),
    ("WET", 0),
    ("WEST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("MSD", 240),
    ("MET", 60),
    ("MEZ", 60),
    ("MEST", 120),
    ("MESZ", 120),
    ("BRST", -120),
    ("BRT", -180),
    ("AEST", 600),
    ("AEDT", 660),
    ("ACST", 570),
    ("ACDT", 630),
    ("AWST", 480),
    ("NZST", 720),
    ("NZDT", 780),
    ("JST", 540),
    ("KST", 540),
    ("HKT", 480),
    ("SGT", 480),
    ("IDT", 180),
];

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Seconds since 1970 of a date somewhere in a text, as lenient as SpamAssassin; invalid times are bent into shape.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let spaced = text.replace(',', " ");
    let words: Vec<&str> = spaced.split(crate::mail::classic::wide::is_space).filter(|word| !word.is_empty()).collect();
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_digit());
    let month = |word: &str| MONTHS.iter().position(|month| word.eq_ignore_ascii_case(month));
    let date = |digits: std::ops::RangeInclusive<usize>| {
        words.windows(3).find_map(|window| match window {
            [day, name, year] if is_number(day) && is_number(year) && digits.contains(&year.len()) => {
                Some((day.parse().ok()?, month(name)?, *year))
            }
            _ => None,
        })
    };
    // `Jan  1 10:00:00 2024`
    let asctime = || {
        words.windows(4).find_map(|window| match window {
            [name, day, time, year]
                if is_number(day) && year.len() == 4 && is_number(year) && clock(time)?.2.is_some() =>
            {
                Some((day.parse().ok()?, month(name)?, *year))
            }
            _ => None,
        })
    };
    let four = date(4..=4);
    let unix = if four.is_none() { asctime() } else { None };
    // The time in the middle of a Unix date is not looked at again: it counts as midnight.
    let skipped = usize::from(unix.is_some());
    let (day, month, year): (i64, usize, &str) = four.or(unix).or_else(|| date(2..=3))?;
    let year: i64 = match (year.len(), year.parse::<i64>().ok()?) {
        (2, short) if short < 50 => short + 2000,
        (4, year) => year,
        (_, short) => short + 1900,
    };
    let (hour, minute, second) = words.iter().filter_map(|word| clock(word)).nth(skipped).unwrap_or_default();
    let zone = words.iter().find_map(|word| offset(word)).or_else(|| named_zone(&spaced)).unwrap_or(0);
    let time = seconds(day, month, year, [hour.min(23), minute.min(59), second.unwrap_or(0).min(59)])?;
    Some(if zone > 0 && time < zone * 60 { 0 } else { time - zone * 60 })
}

fn clock(word: &str) -> Option<(i64, i64, Option<i64>)> {
    let mut parts = word.split(':');
    let mut part = |most: usize, least: usize| {
        let digits = parts.next()?;
        let fits = (least..=most).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit());
        fits.then(|| digits.parse::<i64>().ok()).flatten()
    };
    let (hour, minute) = (part(2, 1)?, part(2, 2)?);
    let second = match word.matches(':').count() {
        1 => None,
        2 => Some(part(2, 2)?),
        _ => return None,
    };
    Some((hour, minute, second))
}

/// Minutes of `+0100`.
fn offset(word: &str) -> Option<i64> {
    let digits = word.strip_prefix(['+', '-']).filter(|digits| digits.len() == 4)?;
    if !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let minutes = digits.get(..2)?.parse::<i64>().ok()? * 60 + digits.get(2..)?.parse::<i64>().ok()?;
    Some(if word.starts_with('-') { -minutes } else { minutes })
}

/// The first word of two to four capitals, if it is a time zone.
fn named_zone(text: &str) -> Option<i64> {
    static NAME: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"\b([A-Z]{2,4}(?:-DST)?)\b"));
    let is_month = |name: &[u8]| MONTHS.iter().any(|month| name.eq_ignore_ascii_case(month.as_bytes()));
    let mut at = 0;
    let name = loop {
        let found = NAME.groups(text.as_bytes(), at)?;
        at = found.end();
        let name = found.get(1)?;
        if !is_month(name) {
            break name;
        }
    };
    ZONES.iter().find(|(zone, _)| zone.as_bytes() == name).map(|(_, minutes)| *minutes)
}

fn seconds(day: i64, month: usize, year: i64, [hour, minute, second]: [i64; 3]) -> Option<i64> {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in = |year: i64, month: usize| match month {
        3 | 5 | 8 | 10 => 30,
        1 if is_leap(year) => 29,
        1 => 28,
        _ => 31,
    };
    let (mut day, mut month, mut year) = (day, month, year);
    if day > days_in(year, month) {
        day = 1;
        month += 1;
        if month > 11 {
            month = 0;
            year += 1;
        }
    }
    if day < 1 {
        return None;
    }
    let year = year.clamp(1970, 2037);
    let years: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let months: i64 = (0..month).map(|month| days_in(year, month)).sum();
    Some((years + months + day - 1) * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_leniently() {
        assert_eq!(parse("Thu, 1 Jan 1970 01:00:00 +0100"), Some(0));
        assert_eq!(parse("Mon, 1 Jan 2024 10:00:00 +0000 (UTC)"), Some(1_704_103_200));
        assert_eq!(parse("Mon Jan  1 10:00:00 2024"), Some(1_704_103_200 - 36_000));
        assert_eq!(parse("1 Jan 24 10:00 GMT"), Some(1_704_103_200));
        assert_eq!(parse("1 Jan 2024 05:00:00 EST"), Some(1_704_103_200));
        assert_eq!(parse("yesterday"), None);
        assert_eq!(parse("31 Feb 2024 10:00:00 +0000"), parse("1 Mar 2024 10:00:00 +0000"));
    }
}
