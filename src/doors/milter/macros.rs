//! Macros of the MTA (libmilter's smfi_getsymval): which ones are asked for, and which client they describe.
//!
//! Pure. Only the macros named here are kept, each bounded, so that an idle connection stays small.

use crate::{
    limits,
    mail::envelope::{Client, Tls},
};
use bytes::Bytes;
use std::net::IpAddr;

/// Lists to ask for (SMFIF_SETSYMLIST): stage number of libmilter's mfdef.h, names.
pub const WANTED: [(u32, &str); 7] = [
    (0, "v {client_resolve}"),
    (1, "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer} {verify}"),
    (2, "i {auth_authen}"),
    (3, "i {rcpt_mailer}"),
    (4, "i"),
    (6, "i"),
    (5, "i"),
];

/// A macro that means something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// `v`: name and version of the MTA.
    Mta,
    /// `{client_resolve}`: did forward and reverse name agree?
    ClientResolve,
    TlsVersion,
    Cipher,
    CipherBits,
    CertSubject,
    CertIssuer,
    /// `{verify}`: did the client certificate verify? Postfix does not have it.
    Verify,
    /// `i`: the queue ID.
    QueueId,
    AuthAuthen,
    /// `{rcpt_mailer}`: `error` for a recipient that the MTA has refused itself.
    RcptMailer,
}

impl Name {
    fn parse(text: &[u8]) -> Option<Self> {
        let bare = text.strip_prefix(b"{").and_then(|inner| inner.strip_suffix(b"}")).unwrap_or(text);
        Some(match bare {
            b"v" => Self::Mta,
            b"client_resolve" => Self::ClientResolve,
            b"tls_version" => Self::TlsVersion,
            b"cipher" => Self::Cipher,
            b"cipher_bits" => Self::CipherBits,
            b"cert_subject" => Self::CertSubject,
            b"cert_issuer" => Self::CertIssuer,
            b"verify" => Self::Verify,
            b"i" => Self::QueueId,
            b"auth_authen" => Self::AuthAuthen,
            b"rcpt_mailer" => Self::RcptMailer,
            _ => return None,
        })
    }
}

/// When a macro was defined; a later stage covers an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connection,
    Helo,
    Mail,
    Recipient,
    Content,
}

/// What the MTA has defined so far.
#[derive(Clone, Debug, Default)]
pub struct Macros {
    stages: [Vec<(Name, Box<str>)>; 5],
}

impl Macros {
    /// Takes the macros that came before a command; they replace those of the same stage.
    pub fn define(&mut self, command: u8, definitions: &[(Bytes, Bytes)]) {
        let stage = match command {
            b'C' => Stage::Connection,
            b'H' => Stage::Helo,
            b'M' => Stage::Mail,
            b'R' => Stage::Recipient,
            b'T' | b'L' | b'N' | b'B' | b'E' => Stage::Content,
            _ => return,
        };
        let mut kept: Vec<(Name, Box<str>)> = Vec::new();
        for (name, value) in definitions {
            let Some(name) = Name::parse(name) else { continue };
            kept.retain(|(other, _)| *other != name);
            kept.push((name, text(value).into()));
        }
        kept.shrink_to_fit();
        if let Some(slot) = self.stages.get_mut(stage as usize) {
            *slot = kept;
        }
    }

    /// The value of a macro, if it is there and says something.
    #[must_use]
    pub fn get(&self, name: Name) -> Option<&str> {
        let mut found = self.stages.iter().rev().flatten().filter(|(other, _)| *other == name);
        found.next().map(|(_, value)| value.as_ref()).filter(|value| !value.is_empty())
    }

    /// Forgets what belongs to one recipient: the next RCPT may come without macros.
    pub fn end_recipient(&mut self) {
        self.forget(Stage::Recipient);
    }

    /// Forgets what belongs to one mail.
    pub fn end_mail(&mut self) {
        self.forget(Stage::Mail);
        self.begin_mail();
    }

    /// Forgets what belongs to the mail before, but not what was just said for the new one.
    pub fn begin_mail(&mut self) {
        self.forget(Stage::Recipient);
        self.forget(Stage::Content);
    }

    fn forget(&mut self, stage: Stage) {
        if let Some(slot) = self.stages.get_mut(stage as usize) {
            *slot = Vec::new();
        }
    }

    /// The client of the mail that begins.
    #[must_use]
    pub fn client(&self, address: Option<IpAddr>, host: &str, helo: Option<&str>) -> Client {
        let is_verified = self.get(Name::ClientResolve).is_none_or(|word| word == "OK");
        let is_name = !host.is_empty() && !host.starts_with('[') && !host.eq_ignore_ascii_case("unknown");
        Client {
            address,
            name: (is_name && is_verified).then(|| host.to_owned()),
            helo: helo.map(str::to_owned),
            tls: self.tls(),
            login: self.get(Name::AuthAuthen).map(str::to_owned),
        }
    }

    fn tls(&self) -> Option<Tls> {
        let version = self.get(Name::TlsVersion)?.to_owned();
        let owned = |name| self.get(name).map(str::to_owned);
        // Postfix names the subject of a trusted certificate only, and does not know `{verify}`.
        let is_trusted_by_postfix = self.get(Name::Verify).is_none()
            && self.get(Name::CertSubject).is_some()
            && self.get(Name::Mta).is_some_and(|mta| mta.starts_with("Postfix"));
        Some(Tls {
            version,
            cipher: owned(Name::Cipher),
            cipher_bits: self.get(Name::CipherBits).and_then(|bits| bits.parse().ok()),
            certificate_subject: owned(Name::CertSubject),
            certificate_issuer: owned(Name::CertIssuer),
            verified: matches!(self.get(Name::Verify), Some("OK" | "TRUSTED")) || is_trusted_by_postfix,
            dane: self.get(Name::Verify) == Some("TRUSTED"),
        })
    }
}

/// Text from the MTA, foreign octets replaced, at most `limits::MILTER_TEXT_BYTES_MAX` octets of it.
#[must_use]
pub fn text(octets: &[u8]) -> String {
    let kept = octets.get(..limits::MILTER_TEXT_BYTES_MAX).unwrap_or(octets);
    String::from_utf8_lossy(kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions(pairs: &[(&'static str, &'static str)]) -> Vec<(Bytes, Bytes)> {
        pairs.iter().map(|(name, value)| (Bytes::from_static(name.as_bytes()), Bytes::from(*value))).collect()
    }

    #[test]
    fn a_later_stage_covers_an_earlier_one_and_ends_with_its_mail() {
        let mut macros = Macros::default();
        macros.define(b'M', &definitions(&[("i", "first"), ("{auth_authen}", "ada"), ("{other}", "x")]));
        macros.define(b'E', &definitions(&[("i", "second")]));
        assert_eq!(macros.get(Name::QueueId), Some("second"));
        macros.begin_mail();
        assert_eq!(macros.get(Name::QueueId), Some("first"));
        macros.end_mail();
        assert_eq!(macros.get(Name::QueueId), None);
        assert_eq!(macros.get(Name::AuthAuthen), None);
    }

    #[test]
    fn a_certificate_counts_as_verified_only_when_the_mta_says_so() {
        let mut macros = Macros::default();
        macros.define(b'H', &definitions(&[("{tls_version}", "TLSv1.3"), ("{cert_subject}", "a.example")]));
        assert!(!macros.client(None, "a.example", None).tls.unwrap().verified);
        macros.define(b'C', &definitions(&[("v", "Postfix 3.7.11")]));
        assert!(macros.client(None, "a.example", None).tls.unwrap().verified);
        macros
            .define(b'H', &definitions(&[("{tls_version}", "TLSv1.3"), ("{verify}", "FAIL"), ("{cert_subject}", "a")]));
        assert!(!macros.client(None, "a.example", None).tls.unwrap().verified);
    }

    #[test]
    fn a_forged_or_missing_name_is_no_name() {
        let mut macros = Macros::default();
        assert_eq!(macros.client(None, "mx.example", None).name.as_deref(), Some("mx.example"));
        assert_eq!(macros.client(None, "[192.0.2.1]", None).name, None);
        assert_eq!(macros.client(None, "unknown", None).name, None);
        macros.define(b'C', &definitions(&[("{client_resolve}", "FORGED")]));
        assert_eq!(macros.client(None, "mx.example", None).name, None);
    }
}
