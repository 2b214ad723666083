//! A recipient's certificate (RFC 5280, RFC 8550): what an envelope needs of it, and whether it may be used.
//!
//! Pure. Nobody's signature over it is verified: the operator laid it into the folder, or named the directory that has it,
//! and that is the trust it has.

use super::{
    der::{self, Element, Reader},
    keyring::Reason,
};
use crate::mail::{hex::hex, timestamp::Timestamp};
use aws_lc_rs::{
    agreement::{self, Algorithm},
    digest,
    rsa::PublicEncryptingKey,
};

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const EMAIL_PROTECTION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04];
const ANY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01];
/// Tag of rfc822Name in a GeneralName.
const RFC822_NAME: u8 = 0x81;
/// Bits of KeyUsage (RFC 5280 4.2.1.3), the first octet only.
const KEY_ENCIPHERMENT: u8 = 0x20;
const KEY_AGREEMENT: u8 = 0x08;
/// Later years are this one: calendars here end with it.
const LAST_YEAR: &str = "2999";
/// Bits of the shortest RSA key that is used (RFC 8551 4.3).
const RSA_BITS_MIN: usize = 2048;

/// A certificate that mail can be sealed to.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Issuer as it stands in the certificate, tag and length included.
    pub issuer: Vec<u8>,
    /// Serial number, tag and length included.
    pub serial: Vec<u8>,
    pub public: Public,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// SHA-256 over the certificate, in hex.
    pub fingerprint: String,
}

/// The public key of a certificate.
#[derive(Clone, Debug)]
pub enum Public {
    /// SubjectPublicKeyInfo.
    Rsa(Vec<u8>),
    Ec {
        curve: &'static Curve,
        point: Vec<u8>,
    },
}

/// A curve with what RFC 5753 wants beside it.
#[derive(Debug)]
pub struct Curve {
    oid: &'static [u8],
    pub agreement: &'static Algorithm,
    /// The digest of the key derivation.
    pub digest: &'static digest::Algorithm,
    /// dhSinglePass-stdDH-shaXXXkdf-scheme (RFC 5753 7.1.4).
    pub scheme: &'static [u8],
}

static CURVES: [Curve; 3] = [
    Curve {
        oid: P256,
        agreement: &agreement::ECDH_P256,
        digest: &digest::SHA256,
        scheme: &[0x2b, 0x81, 0x04, 0x01, 0x0b, 0x01],
    },
    Curve {
        oid: P384,
        agreement: &agreement::ECDH_P384,
        digest: &digest::SHA384,
        scheme: &[0x2b, 0x81, 0x04, 0x01, 0x0b, 0x02],
    },
    Curve {
        oid: P521,
        agreement: &agreement::ECDH_P521,
        digest: &digest::SHA512,
        scheme: &[0x2b, 0x81, 0x04, 0x01, 0x0b, 0x03],
    },
];

/// What was read of the extensions.
#[derive(Default)]
struct Extensions {
    addresses: Vec<String>,
    key_usage: Option<u8>,
    is_for_mail: Option<bool>,
}

impl Certificate {
    /// Reads a certificate and looks whether mail to `address` may be sealed to it, its time apart.
    ///
    /// # Errors
    /// Why it may not.
    pub fn read(octets: &[u8], address: &str) -> Result<Self, Reason> {
        let (certificate, extensions, subject) = parsed(octets)?;
        let needed = match &certificate.public {
            Public::Rsa(key) => {
                let key = PublicEncryptingKey::from_der(key).map_err(|_| Reason::Algorithm)?;
                if key.key_size_bits() < RSA_BITS_MIN {
                    return Err(Reason::Algorithm);
                }
                KEY_ENCIPHERMENT
            }
            Public::Ec { .. } => KEY_AGREEMENT,
        };
        if extensions.key_usage.is_some_and(|usage| usage & needed == 0) || extensions.is_for_mail == Some(false) {
            return Err(Reason::Usage);
        }
        let mut addresses = extensions.addresses;
        addresses.extend(subject);
        if !addresses.iter().any(|found| found.eq_ignore_ascii_case(address)) {
            return Err(Reason::Address);
        }
        Ok(certificate)
    }

    /// May it be used at that time?
    ///
    /// # Errors
    /// When it may not.
    pub fn at(&self, now: Timestamp) -> Result<(), Reason> {
        if now.seconds() > self.not_after.seconds() {
            Err(Reason::Expired)
        } else if now.seconds() < self.not_before.seconds() {
            Err(Reason::NotYetValid)
        } else {
            Ok(())
        }
    }
}

/// The first and the last moment at which a certificate of any kind counts (RFC 5280 4.1.2.5).
#[must_use]
pub fn lifetime(octets: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let mut fields = Reader::new(octets).read(der::SEQUENCE)?.inside().read(der::SEQUENCE)?.inside();
    fields.take_optional(der::context(0));
    fields.read(der::INTEGER)?;
    fields.read(der::SEQUENCE)?;
    fields.read(der::SEQUENCE)?;
    let mut validity = fields.read(der::SEQUENCE)?.inside();
    Some((validity.next().and_then(time)?, validity.next().and_then(time)?))
}

/// The certificate, its extensions, and the addresses in its subject.
fn parsed(octets: &[u8]) -> Result<(Certificate, Extensions, Vec<String>), Reason> {
    let unreadable = Reason::Unreadable;
    let whole = Reader::new(octets).read(der::SEQUENCE).ok_or(unreadable)?;
    let mut fields = whole.inside().read(der::SEQUENCE).ok_or(unreadable)?.inside();
    fields.take_optional(der::context(0));
    let serial = fields.read(der::INTEGER).ok_or(unreadable)?;
    fields.read(der::SEQUENCE).ok_or(unreadable)?;
    let issuer = fields.read(der::SEQUENCE).ok_or(unreadable)?;
    let mut validity = fields.read(der::SEQUENCE).ok_or(unreadable)?.inside();
    let subject = fields.read(der::SEQUENCE).ok_or(unreadable)?;
    let key = fields.read(der::SEQUENCE).ok_or(unreadable)?;
    let mut extensions = Extensions::default();
    for field in fields.filter_map(|field| field.of(der::context(3))) {
        for extension in field.inside().filter_map(|list| list.of(der::SEQUENCE)).flat_map(|list| list.inside()) {
            extensions.take(extension);
        }
    }
    let certificate = Certificate {
        issuer: issuer.whole.to_vec(),
        serial: serial.whole.to_vec(),
        public: public(key).ok_or(Reason::Algorithm)?,
        not_before: validity.next().and_then(time).ok_or(unreadable)?,
        not_after: validity.next().and_then(time).ok_or(unreadable)?,
        fingerprint: fingerprint(whole.whole),
    };
    Ok((certificate, extensions, subject_addresses(subject)))
}

fn fingerprint(octets: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, octets).as_ref())
}

/// SubjectPublicKeyInfo (RFC 3279, RFC 5480).
fn public(key: Element<'_>) -> Option<Public> {
    let mut fields = key.inside();
    let mut algorithm = fields.read(der::SEQUENCE)?.inside();
    let (unused, point) = fields.read(der::BIT_STRING)?.content.split_first()?;
    match algorithm.read(der::OID)?.content {
        RSA_ENCRYPTION => Some(Public::Rsa(key.whole.to_vec())),
        EC_PUBLIC_KEY if *unused == 0 => {
            let named = algorithm.read(der::OID)?.content;
            let curve = CURVES.iter().find(|curve| curve.oid == named)?;
            Some(Public::Ec { curve, point: point.to_vec() })
        }
        _ => None,
    }
}

/// UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 writes them: `YYMMDDHHMMSSZ`, `YYYYMMDDHHMMSSZ`.
fn time(element: Element<'_>) -> Option<Timestamp> {
    let text = std::str::from_utf8(element.content).ok()?;
    let text = match element.tag {
        der::UTC_TIME => format!("{}{text}", if text.get(..1)? >= "5" { "19" } else { "20" }),
        der::GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| text.get(from..to);
    let (date, clock) = (
        format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?),
        format!("{}:{}:{}", part(8, 10)?, part(10, 12)?, part(12, 14)?),
    );
    (part(14, 15)? == "Z").then_some(())?;
    // 99991231235959Z is for certificates that do not end.
    if part(0, 4)? >= LAST_YEAR && text.bytes().take(14).all(|octet| octet.is_ascii_digit()) {
        return Timestamp::parse_rfc3339(&format!("{LAST_YEAR}-01-01T00:00:00Z"));
    }
    Timestamp::parse_rfc3339(&format!("{date}T{clock}Z"))
}

/// RFC 8550 3: an address may stand in the subject of older certificates.
fn subject_addresses(subject: Element<'_>) -> Vec<String> {
    let attributes = subject.inside().flat_map(|set| set.inside());
    let address = |attribute: Element<'_>| {
        let mut pair = attribute.inside();
        let is_address = pair.read(der::OID)?.content == EMAIL_ADDRESS;
        is_address.then(|| pair.next().map(|value| text(value.content)))?
    };
    attributes.filter_map(address).collect()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

impl Extensions {
    fn take(&mut self, extension: Element<'_>) -> Option<()> {
        let mut fields = extension.inside();
        let name = fields.read(der::OID)?.content;
        fields.take_optional(der::BOOLEAN);
        let mut value = Reader::new(fields.read(der::OCTET_STRING)?.content);
        match name {
            // The first content octet of a BIT STRING counts unused bits.
            KEY_USAGE => {
                let bits = value.read(der::BIT_STRING)?.content;
                self.key_usage = Some(bits.get(1).copied().unwrap_or_default());
            }
            ALTERNATIVE_NAME => {
                let names = value.read(der::SEQUENCE)?.inside();
                self.addresses.extend(names.filter_map(|name| name.of(RFC822_NAME)).map(|name| text(name.content)));
            }
            EXTENDED_KEY_USAGE => {
                let mut purposes = value.read(der::SEQUENCE)?.inside();
                self.is_for_mail =
                    Some(purposes.any(|purpose| [EMAIL_PROTECTION, ANY_USAGE].contains(&purpose.content)));
            }
            _ => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_without_end_ends_late() {
        let time = |text: &str| {
            let octets = der::element(der::GENERALIZED_TIME, &[text.as_bytes()]);
            Reader::new(&octets).next().and_then(time).map(|time| time.to_string())
        };
        assert_eq!(time("20500228235959Z").as_deref(), Some("2050-02-28T23:59:59Z"));
        assert_eq!(time("99991231235959Z").as_deref(), Some("2999-01-01T00:00:00Z"));
        assert_eq!(time("99991231235959"), None);
        assert_eq!(time("9999123123595xZ"), None);
    }
}
