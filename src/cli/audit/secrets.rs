//! How long what is kept, and who can read the files that have to stay secret.
//!
//! Reads folders, modes of files and certificates.

use super::Section;
use crate::{
    config::{Settings, lent, retention},
    doors::log_keys,
    limits,
    mail::timestamp::Timestamp,
    seal::{certificate::lifetime, keyring::Keyring},
    world::store::Site,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::{fs, io::ErrorKind, os::unix::fs::PermissionsExt, path::Path};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Every store, its days against the bound, and keys that should be gone.
#[must_use]
pub fn retention(settings: &Settings, days_max: u64, now: Timestamp) -> Section {
    let mut section = Section::new("retention");
    for kept in retention::kept(settings) {
        let Some(days) = kept.days else {
            section.tell(true, format!("{}: nothing is kept", kept.name), kept.key, kept.holds);
            continue;
        };
        let is_fine = !kept.is_readable || days <= days_max;
        let what = format!("{}: {days} days in {}", kept.name, kept.place);
        let why = if is_fine {
            format!("{}; {}", kept.holds, kept.bound)
        } else {
            format!("{}; longer than {days_max} days needs a reason", kept.holds)
        };
        section.tell(is_fine, what, kept.key, why);
    }
    let folder = settings.log.folder.display().to_string();
    match log_keys::overdue(&settings.log, now.seconds()) {
        Ok(days) if days.is_empty() => {
            section.tell(true, "no key of the log is older than it may be", folder, "they are destroyed in time");
        }
        Ok(days) => {
            let days: Vec<String> = days.iter().map(ToString::to_string).collect();
            let why = "a running server destroys them within a minute: does it run, may it write there?";
            section.tell(false, format!("keys of the log are overdue: {}", days.join(" ")), folder, why);
        }
        Err(error) => section.tell(false, "the keys of the log cannot be looked at", folder, error.to_string()),
    }
    section
}

/// Files that only their owner may read or change, and certificates that end.
#[must_use]
pub fn secrets(config: Option<&Path>, settings: &Settings, keyring: &Keyring, now: Timestamp) -> Section {
    let mut section = Section::new("secrets");
    let has_password = matches!(settings.state, Site::Server { .. });
    if let Some(config) = config {
        let (bits, may) = if has_password { (0o077, "read or change it") } else { (0o022, "change it") };
        mode(&mut section, "the configuration", config, bits, may);
    }
    mode(&mut section, "key of the quarantine", &settings.quarantine.key, 0o077, "read or change it");
    if let Site::File(path) = &settings.state {
        mode(&mut section, "the store", path, 0o077, "read or change it");
    }
    if let Some(path) = &settings.admin_tokens_file {
        mode(&mut section, "digests of tokens", path, 0o022, "change it");
    }
    mode(&mut section, "keys of the log", &settings.log.folder, 0o077, "read or change it");
    mode(&mut section, "cases of faults", &settings.faults_folder(), 0o077, "read or change it");
    if let Some(record) = &settings.record {
        mode(&mut section, "recorded cases", &record.folder, 0o077, "read or change it");
    }
    let links = settings.digest.as_ref().map(|digest| ("secret of the links", digest.secret.as_path()));
    let bucket =
        settings.quarantine.bucket.as_ref().map(|bucket| ("credentials of the bucket", bucket.credentials.as_path()));
    let user = settings.directories.ldap.as_ref().and_then(|ldap| ldap.user.as_ref());
    let directory = user.map(|(_, password)| ("password of the directory", password.as_path()));
    for (what, path) in [links, bucket, directory].into_iter().flatten() {
        mode(&mut section, what, path, 0o077, "read or change it");
    }
    for path in lent::paths(settings) {
        mode(&mut section, "lent private key", &path, 0o077, "read or change it");
    }
    for (key, pair) in [("lmtp", &settings.lmtp_keys), ("deliver", &settings.deliver_keys)] {
        if let Some(pair) = pair {
            mode(&mut section, &format!("{key}.key"), &pair.key, 0o077, "read or change it");
            certificates(&mut section, &format!("{key}.certificate"), &pair.certificate, now);
        }
    }
    for path in [&settings.deliver_authorities, &settings.encryption_anchors].into_iter().flatten() {
        certificates(&mut section, "trusted authority", path, now);
    }
    for (file, reason) in keyring.unusable(now) {
        section.tell(false, format!("key of a recipient cannot be used: {reason}"), file, "mail to it is not sealed");
    }
    if !keyring.is_empty() {
        let what = format!("{} keys of recipients", keyring.len());
        section.tell(true, what, "encryption.recipient_keys", "public keys; those that cannot be used stand above");
    }
    section
}

/// May somebody else than the owner do what `bits` allow?
fn mode(section: &mut Section, what: &str, path: &Path, bits: u32, may: &str) {
    let place = path.display().to_string();
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            section.tell(true, what, place, "not there yet; it is made for its owner only");
        }
        Err(error) => section.tell(false, what, place, format!("cannot look at it: {error}")),
        Ok(found) => {
            let mode = found.permissions().mode() & 0o777;
            let is_fine = mode & bits == 0;
            let why = if is_fine { "its owner's alone to do so".to_owned() } else { format!("others may {may}") };
            section.tell(is_fine, format!("{what}, mode {mode:03o}"), place, why);
        }
    }
}

/// The end of every certificate of a PEM file.
fn certificates(section: &mut Section, what: &str, path: &Path, now: Timestamp) {
    let place = path.display().to_string();
    let found: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let Ok(found) = found else {
        section.tell(false, what, place, "no certificate can be read there");
        return;
    };
    let ends = found.iter().map(|certificate| lifetime(certificate).map(|(_, end)| end.seconds()));
    let Some(end) = ends.min().flatten() else {
        section.tell(false, what, place, "its time cannot be read");
        return;
    };
    let days = end.saturating_sub(now.seconds()).div_euclid(DAY_SECONDS);
    let is_fine = days >= limits::AUDIT_CERTIFICATE_DAYS;
    let why = if is_fine {
        "long enough"
    } else if days < 0 {
        "it has expired"
    } else {
        "renew it now"
    };
    section.tell(is_fine, format!("{what} until {}", Timestamp::from_seconds(end)), place, why);
}
