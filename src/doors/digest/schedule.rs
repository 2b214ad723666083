//! When digests are due, and how times are written for readers: the house's time zone, in its language.
//!
//! Pure.

use super::words::{Language, say};
use crate::mail::timestamp::Timestamp;

const DAY: i64 = 24 * 60 * 60;
const HOUR: i64 = 60 * 60;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The time of the house.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    #[default]
    Utc,
    /// UTC+1, in summer UTC+2: from the last Sunday of March to the last one of October, 01:00 UTC (Directive 2000/84/EC).
    CentralEurope,
}

impl Zone {
    /// `UTC`, or a city of Central European time by its name in the tz database.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "UTC" => Some(Self::Utc),
            "Europe/Berlin" | "Europe/Vienna" | "Europe/Zurich" | "Europe/Luxembourg" => Some(Self::CentralEurope),
            _ => None,
        }
    }

    /// Seconds that this zone is ahead of UTC.
    #[must_use]
    pub fn offset(self, time: Timestamp) -> i64 {
        match self {
            Self::Utc => 0,
            Self::CentralEurope => {
                let year = Civil::of(time.seconds()).year;
                let (begin, end) = (last_sunday(year, 3) + HOUR, last_sunday(year, 10) + HOUR);
                if (begin..end).contains(&time.seconds()) { 2 * HOUR } else { HOUR }
            }
        }
    }

    /// The moment of a time on the wall, whenever it is asked: an hour that is there twice is the first one, one that is
    /// not there comes an hour later.
    fn utc(self, local: i64) -> i64 {
        const MOST_AHEAD: i64 = 2 * HOUR;
        local - self.offset(Timestamp::from_seconds(local - MOST_AHEAD))
    }

    fn local(self, time: Timestamp) -> Civil {
        Civil::of(time.seconds() + self.offset(time))
    }

    /// Date and time of RFC 5322 3.3.
    #[must_use]
    pub fn rfc5322(self, time: Timestamp) -> String {
        let Civil { year, month, day, hour, minute, second, weekday } = self.local(time);
        let name = |names: &[&'static str], place: i64| {
            usize::try_from(place).ok().and_then(|place| names.get(place).copied()).unwrap_or_default()
        };
        let ahead = self.offset(time) / HOUR;
        let (weekday, month) = (name(&WEEKDAYS, weekday), name(&MONTHS, month - 1));
        format!("{weekday}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} +{ahead:02}00")
    }

    /// Date and time for readers.
    #[must_use]
    pub fn shown(self, time: Timestamp, language: Language) -> String {
        let Civil { hour, minute, .. } = self.local(time);
        format!("{}, {hour:02}:{minute:02}{}", self.date(time, language), say(language, "clock"))
    }

    /// The date for readers.
    #[must_use]
    pub fn date(self, time: Timestamp, language: Language) -> String {
        let Civil { year, month, day, .. } = self.local(time);
        match language {
            Language::German => format!("{day}.{month}.{year}"),
            Language::English => format!("{year}-{month:02}-{day:02}"),
        }
    }
}

/// A date and time of the Gregorian calendar; `weekday` 0 is Monday.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    weekday: i64,
}

impl Civil {
    fn of(seconds: i64) -> Self {
        let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        // Days are counted from 0000-03-01, so that a leap day ends its year.
        let shifted = days + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: of_year - (153 * from_march + 2) / 5 + 1,
            hour: rest / HOUR,
            minute: rest % HOUR / 60,
            second: rest % 60,
            weekday: (days + 3).rem_euclid(7),
        }
    }
}

/// Midnight, in UTC, of the last Sunday of a month with 31 days.
fn last_sunday(year: i64, month: u8) -> i64 {
    let last = Timestamp::parse_rfc3339(&format!("{year:04}-{month:02}-31T00:00:00Z")).unwrap_or_default().seconds();
    last - (Civil::of(last).weekday + 1) % 7 * DAY
}

/// When digests are due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Minutes of the day, in `zone`.
    pub at: Vec<i64>,
    /// Each so many hours of the day, from midnight on; 0: no.
    pub every_hours: i64,
    pub zone: Zone,
}

impl Schedule {
    /// The last moment, `now` included, at which a digest was due; `None`: never is one.
    #[must_use]
    pub fn last_due(&self, now: Timestamp) -> Option<Timestamp> {
        let each = (0..24).filter(|hour| self.every_hours > 0 && hour % self.every_hours == 0).map(|hour| hour * 60);
        let minutes: Vec<i64> = self.at.iter().copied().chain(each).collect();
        let local = now.seconds() + self.zone.offset(now);
        let midnight = local - local.rem_euclid(DAY);
        let of_day = |days: i64| minutes.iter().map(move |minute| midnight - days * DAY + minute * 60);
        of_day(0)
            .chain(of_day(1))
            .map(|local| self.zone.utc(local))
            .filter(|due| *due <= now.seconds())
            .max()
            .map(Timestamp::from_seconds)
    }
}

/// Minutes of the day of `HH:MM`.
#[must_use]
pub fn minute_of_day(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str, below: i64| {
        let is_plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse::<i64>().ok().filter(|number| is_plain && *number < below)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn berlin_has_a_summer() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let date = |text| zone.rfc5322(time(text));
        assert_eq!(date("2026-03-29T00:59:59Z"), "Sun, 29 Mar 2026 01:59:59 +0100");
        assert_eq!(date("2026-03-29T01:00:00Z"), "Sun, 29 Mar 2026 03:00:00 +0200");
        assert_eq!(date("2026-10-25T00:59:59Z"), "Sun, 25 Oct 2026 02:59:59 +0200");
        assert_eq!(date("2026-10-25T01:00:00Z"), "Sun, 25 Oct 2026 02:00:00 +0100");
        assert_eq!(date("2028-02-29T12:00:00Z"), "Tue, 29 Feb 2028 13:00:00 +0100");
        assert_eq!(Zone::Utc.rfc5322(time("1970-01-01T00:00:00Z")), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert_eq!(zone.shown(time("2026-11-22T17:03:00Z"), Language::German), "22.11.2026, 18:03 Uhr");
        assert_eq!(zone.shown(time("2026-11-22T17:03:00Z"), Language::English), "2026-11-22, 18:03");
    }

    #[test]
    fn a_digest_is_due_at_its_hours_by_the_clock_on_the_wall() {
        let zone = Zone::CentralEurope;
        let schedule = Schedule { at: vec![minute_of_day("07:00").unwrap(), 13 * 60], every_hours: 0, zone };
        let due = |text| schedule.last_due(time(text)).unwrap().to_string();
        assert_eq!(due("2026-11-22T05:59:59Z"), "2026-11-21T12:00:00Z");
        assert_eq!(due("2026-11-22T06:00:00Z"), "2026-11-22T06:00:00Z");
        assert_eq!(due("2026-07-01T06:00:00Z"), "2026-07-01T05:00:00Z");
        assert_eq!(due("2026-03-29T04:59:00Z"), "2026-03-28T12:00:00Z");
        assert_eq!(due("2026-03-29T05:00:00Z"), "2026-03-29T05:00:00Z");
        // 02:30 is not there on one night, and twice on another one.
        let night = Schedule { at: vec![150], every_hours: 0, zone };
        for (last, day, due) in [
            ("2026-03-28T01:30:00Z", "2026-03-29", "2026-03-29T01:30:00Z"),
            ("2026-10-24T00:30:00Z", "2026-10-25", "2026-10-25T00:30:00Z"),
        ] {
            for minute in 0..180 {
                let now = format!("{day}T{:02}:{:02}:00Z", minute / 60, minute % 60);
                let expected = if time(&now) < time(due) { last } else { due };
                assert_eq!(night.last_due(time(&now)), Some(time(expected)), "{now}");
            }
        }
        let hourly = Schedule { at: Vec::new(), every_hours: 6, zone: Zone::Utc };
        assert_eq!(hourly.last_due(time("2026-11-22T05:59:59Z")).unwrap().to_string(), "2026-11-22T00:00:00Z");
        assert_eq!(Schedule::default().last_due(time("2026-11-22T05:59:59Z")), None);
        for wrong in ["7", "24:00", "07:60", "+7:00", "07:000", ""] {
            assert_eq!(minute_of_day(wrong), None, "{wrong}");
        }
    }
}
