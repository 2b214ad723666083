//! Levels of transport security, and which one a session's evidence reaches.
//!
//! Pure. Evidence is what the MTA that we trust said of the client's session; nothing that a sender writes counts.

use super::envelope::Tls;
use std::fmt;

/// How well a mail was protected on its last hop to this house, weakest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// In plaintext, or with a cipher that does not count.
    #[default]
    None,
    /// Any version of TLS.
    Tls,
    /// TLS 1.2 or later (RFC 9325 3.1.1).
    Tls12,
    /// TLS 1.2 or later, and the client showed a certificate that the MTA verified.
    Verified,
    /// The MTA says that the client's certificate matched DANE records (RFC 7672 is for the other direction).
    Dane,
}

impl Level {
    pub const ALL: [Self; 5] = [Self::None, Self::Tls, Self::Tls12, Self::Verified, Self::Dane];

    /// The word used in files, JSON, rules, metrics and logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Tls => "tls",
            Self::Tls12 => "tls1.2",
            Self::Verified => "verified",
            Self::Dane => "dane",
        }
    }

    /// The level that a word names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }

    /// What the evidence of one session reaches; without evidence nothing.
    ///
    /// Ciphers without encryption or authentication and those below 128 bits do not count (RFC 9325 4.1).
    #[must_use]
    pub fn of(tls: Option<&Tls>) -> Self {
        let Some(tls) = tls else { return Self::None };
        let Some(version) = version(&tls.version) else { return Self::None };
        if tls.cipher.as_deref().is_some_and(is_weak) || tls.cipher_bits.is_some_and(|bits| bits < 128) {
            return Self::None;
        }
        match tls {
            _ if version < (1, 2) => Self::Tls,
            _ if tls.dane => Self::Dane,
            _ if tls.verified => Self::Verified,
            _ => Self::Tls12,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// Major and minor number of a version as OpenSSL, GnuTLS and sendmail write it; SSL is no TLS.
fn version(text: &str) -> Option<(u8, u8)> {
    let text = text.trim().to_ascii_lowercase();
    let number = text.strip_prefix("tls")?.trim_start_matches(['v', '_', ' ', '-']);
    let (major, minor) = number.split_once(['.', '_']).unwrap_or((number, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Names of suites that nobody may rely on: no encryption, no authentication, export strength, RC4, DES.
fn is_weak(cipher: &str) -> bool {
    let name = cipher.to_ascii_uppercase();
    name.split(['-', '_']).any(|word| {
        matches!(
            word,
            "NULL" | "EXPORT" | "EXP" | "ADH" | "AECDH" | "ANON" | "RC4" | "RC2" | "DES" | "DES40" | "EXP1024"
        )
    }) && !name.contains("3DES")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(version: &str, cipher: &str, bits: Option<u32>) -> Level {
        let cipher = (!cipher.is_empty()).then(|| cipher.to_owned());
        Level::of(Some(&Tls { version: version.to_owned(), cipher, cipher_bits: bits, ..Tls::default() }))
    }

    #[test]
    fn the_version_and_the_cipher_make_the_level() {
        for (version, cipher, bits, expected) in [
            ("TLSv1.3", "TLS_AES_256_GCM_SHA384", Some(256), Level::Tls12),
            ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", Some(128), Level::Tls12),
            ("TLS1.2", "", None, Level::Tls12),
            ("TLSv1", "AES128-SHA", Some(128), Level::Tls),
            ("TLSv1.1", "AES128-SHA", None, Level::Tls),
            ("TLSv1.2", "DES-CBC3-SHA", Some(112), Level::None),
            ("TLSv1.2", "NULL-SHA256", Some(0), Level::None),
            ("TLSv1.2", "AECDH-AES256-SHA", Some(256), Level::None),
            ("TLSv1.2", "RC4-SHA", None, Level::None),
            ("SSLv3", "AES128-SHA", Some(128), Level::None),
            ("", "", None, Level::None),
            ("TLSv", "", None, Level::None),
        ] {
            assert_eq!(level(version, cipher, bits), expected, "{version} {cipher} {bits:?}");
        }
        assert_eq!(Level::of(None), Level::None);
    }

    #[test]
    fn a_certificate_counts_only_on_a_good_channel() {
        let verified = |version: &str| Tls { version: version.to_owned(), verified: true, ..Tls::default() };
        assert_eq!(Level::of(Some(&verified("TLSv1.3"))), Level::Verified);
        assert_eq!(Level::of(Some(&verified("TLSv1.1"))), Level::Tls);
        let dane = Tls { dane: true, ..verified("TLSv1.3") };
        assert_eq!(Level::of(Some(&dane)), Level::Dane);
    }

    #[test]
    fn levels_are_ordered_and_have_words() {
        assert!(Level::ALL.is_sorted());
        assert!(Level::ALL.iter().all(|level| Level::parse(level.word()) == Some(*level)));
    }
}
