//! Seconds since 1970-01-01T00:00:00Z, the only notion of time below the doors.
//!
//! Pure: the doors read the clock and hand the result in.

use mail_parser::DateTime;
use std::fmt;

/// A moment, in whole seconds since the Unix epoch (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339, for example `2026-03-01T09:14:07Z`.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let date = DateTime::parse_rfc3339(text.trim())?;
        date.is_valid().then(|| Self(date.to_timestamp()))
    }

    /// Reads the date-time of RFC 5322 3.3, obsolete forms included.
    #[must_use]
    pub fn parse_rfc5322(text: &str) -> Option<Self> {
        let date = DateTime::parse_rfc822(text.trim())?;
        date.is_valid().then(|| Self(date.to_timestamp()))
    }

    /// The basic form of ISO 8601, which sorts and fits into names of files: `20260301T091407Z`.
    #[must_use]
    pub fn basic(self) -> String {
        self.to_string().chars().filter(char::is_ascii_alphanumeric).collect()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&DateTime::from_timestamp(self.0).to_rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_the_same_moment() {
        let moment = Timestamp::parse_rfc3339("2026-03-01T09:14:07Z").unwrap();
        assert_eq!(moment, Timestamp::parse_rfc5322("Sun, 1 Mar 2026 10:14:07 +0100").unwrap());
        assert_eq!(moment.to_string(), "2026-03-01T09:14:07Z");
        assert_eq!(moment.basic(), "20260301T091407Z");
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }
}
