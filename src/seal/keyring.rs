//! Keyring: whose keys there are, and which of them may be used now.
//!
//! Pure: somebody else reads the files.

use super::{certificate::Certificate, cms, openpgp};
use crate::{
    judge::policy::encryption::sealing::Seal,
    mail::{address::Address, timestamp::Timestamp},
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// A key that mail can be sealed to.
#[derive(Clone, Debug)]
pub enum Key {
    OpenPgp(openpgp::Key),
    Smime(Certificate),
}

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// There is no file for the address.
    Missing,
    /// A directory that was asked for it did not answer.
    Unanswered,
    Unreadable,
    /// A private key lies there.
    Secret,
    Expired,
    NotYetValid,
    Revoked,
    /// The holder does not want it used for encrypting mail (key flags, key usage, extended key usage).
    Usage,
    /// The address of the file's name is not in the key.
    Address,
    /// An algorithm that we or RFC 8551 and RFC 9580 do not take, or too short a key.
    Algorithm,
}

impl Reason {
    pub const ALL: [Self; 10] = [
        Self::Missing,
        Self::Unanswered,
        Self::Unreadable,
        Self::Secret,
        Self::Expired,
        Self::NotYetValid,
        Self::Revoked,
        Self::Usage,
        Self::Address,
        Self::Algorithm,
    ];

    /// The label in metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unanswered => "unanswered",
            Self::Unreadable => "unreadable",
            Self::Secret => "secret",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Revoked => "revoked",
            Self::Usage => "usage",
            Self::Address => "address",
            Self::Algorithm => "algorithm",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Missing => {
                "there is no key for this recipient; lay ADDRESS.asc, ADDRESS.pem or ADDRESS.crt into the folder"
            }
            Self::Unanswered => "the directory of keys does not answer; the log says why",
            Self::Unreadable => "neither an OpenPGP public key nor an X.509 certificate; export it anew",
            Self::Secret => "this is a private key; take it away and lay the public key here",
            Self::Expired => "the key has expired; ask its holder for a new one",
            Self::NotYetValid => "the key is not valid yet; look at the clock and at the key",
            Self::Revoked => "the key was revoked by its holder; ask for a new one",
            Self::Usage => "the key is not made for encrypting mail (key flags, key usage)",
            Self::Address => "the key does not name this address; look at the file's name and the key's addresses",
            Self::Algorithm => "its algorithm is not supported or its key too short; RSA needs 2048 bits",
        })
    }
}

/// One file of the folder.
#[derive(Clone, Debug)]
pub struct Entry {
    /// For those who look after the folder.
    pub file: String,
    pub key: Result<Arc<Key>, Reason>,
}

/// Every key of the folder, by address in lower case.
#[derive(Clone, Debug, Default)]
pub struct Keyring(BTreeMap<String, Vec<Entry>>);

impl Key {
    /// Reads the file of a key for `address`.
    ///
    /// # Errors
    /// Why it cannot be used, its time apart.
    pub fn read(octets: &[u8], address: &str) -> Result<Self, Reason> {
        let has = |mark: &str| octets.windows(mark.len()).any(|window| window == mark.as_bytes());
        if has("PRIVATE KEY") {
            return Err(Reason::Secret);
        }
        if has("-----BEGIN PGP") || octets.first().is_some_and(|first| matches!(first, 0x98..=0x9b | 0xc6)) {
            return openpgp::Key::read(octets, address).map(Self::OpenPgp);
        }
        let certificate = match CertificateDer::from_pem_slice(octets) {
            Ok(first) => Certificate::read(&first, address)?,
            Err(_) => Certificate::read(octets, address)?,
        };
        // Whether it takes a key is known when it has taken one.
        cms::recipient_info(&certificate, &[0; 32]).map_err(|_| Reason::Algorithm)?;
        Ok(Self::Smime(certificate))
    }

    /// Reads the OpenPGP keys for `address` that a directory told; never none.
    #[must_use]
    pub fn each_openpgp(octets: &[u8], address: &str) -> Vec<Result<Arc<Self>, Reason>> {
        let mut keys = openpgp::Key::each(octets, address);
        if keys.is_empty() {
            keys.push(Err(Reason::Unreadable));
        }
        keys.into_iter().map(|key| key.map(Self::OpenPgp).map(Arc::new)).collect()
    }

    /// May it be used at that time?
    ///
    /// # Errors
    /// When it may not.
    pub fn at(&self, now: Timestamp) -> Result<(), Reason> {
        match self {
            Self::OpenPgp(key) => key.at(now),
            Self::Smime(certificate) => certificate.at(now),
        }
    }

    /// The same for the same key, different for different ones.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        match self {
            Self::OpenPgp(key) => &key.fingerprint,
            Self::Smime(certificate) => &certificate.fingerprint,
        }
    }

    fn is_of(&self, seal: Seal) -> bool {
        match self {
            Self::OpenPgp(_) => matches!(seal, Seal::OpenPgp | Seal::Any),
            Self::Smime(_) => matches!(seal, Seal::Smime | Seal::Any),
        }
    }
}

/// An address without its tag: `head@..` of `head+tag@..`.
#[must_use]
pub fn untagged(address: &str) -> String {
    let parts = address.rsplit_once('@').and_then(|(local, domain)| Some((local.split_once('+')?.0, domain)));
    match parts {
        Some((mailbox, domain)) if !mailbox.is_empty() => format!("{mailbox}@{domain}"),
        _ => address.to_owned(),
    }
}

impl Keyring {
    /// Adds what a file held.
    pub fn add(&mut self, address: &str, entry: Entry) {
        self.0.entry(address.to_lowercase()).or_default().push(entry);
    }

    /// The key that mail to `recipient` is sealed to. A tagged address (`head+tag@..`) has the key of its mailbox.
    ///
    /// # Errors
    /// Why there is none: of several reasons that of the newest file by name.
    pub fn find(&self, recipient: &Address, seal: Seal, now: Timestamp) -> Result<Arc<Key>, Reason> {
        let address = recipient.as_str().to_lowercase();
        let entries = self.0.get(&address).or_else(|| self.0.get(&untagged(&address))).ok_or(Reason::Missing)?;
        let (mut found, mut reason): (Option<&Arc<Key>>, _) = (None, Reason::Missing);
        for entry in entries {
            match &entry.key {
                Ok(key) if !key.is_of(seal) => {}
                Ok(key) => match key.at(now) {
                    // A certificate needs nothing added to mail clients.
                    Ok(()) if found.is_none() || matches!(**key, Key::Smime(_)) => found = Some(key),
                    Ok(()) => {}
                    Err(why) => reason = why,
                },
                Err(why) => reason = *why,
            }
        }
        found.cloned().ok_or(reason)
    }

    /// Every file that cannot be used at that time, and why.
    pub fn unusable(&self, now: Timestamp) -> impl Iterator<Item = (&str, Reason)> {
        let why = move |entry: &Entry| match &entry.key {
            Ok(key) => key.at(now).err(),
            Err(reason) => Some(*reason),
        };
        self.0.values().flatten().filter_map(move |entry| why(entry).map(|reason| (entry.file.as_str(), reason)))
    }

    /// Files, usable or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::keys::SEALINGS;

    #[test]
    fn every_reason_has_a_series() {
        assert!(Reason::ALL.iter().all(|reason| SEALINGS.contains(&reason.word())));
    }

    #[test]
    fn a_tagged_address_has_the_key_of_its_mailbox() {
        let mut keyring = Keyring::default();
        keyring.add("Head@School.example", Entry { file: "a.asc".to_owned(), key: Err(Reason::Expired) });
        let find = |recipient: &str| keyring.find(&Address::new(recipient), Seal::Any, Timestamp::default()).map(drop);
        assert_eq!(find("head+tag@school.example"), Err(Reason::Expired));
        assert_eq!(find("HEAD@school.EXAMPLE"), Err(Reason::Expired));
        for stranger in ["+head@school.example", "head@other.example", "head", "", "heads+head@school.example"] {
            assert_eq!(find(stranger), Err(Reason::Missing), "{stranger}");
        }
        assert_eq!(keyring.unusable(Timestamp::default()).collect::<Vec<_>>(), [("a.asc", Reason::Expired)]);
    }

    #[test]
    fn any_octets_get_an_answer() {
        for octets in [&b""[..], b"\x30", b"\x99\x01", b"-----BEGIN PGP", b"-----BEGIN CERTIFICATE-----\nAAAA\n"] {
            assert!(Key::read(octets, "a@b.example").is_err());
        }
    }
}
