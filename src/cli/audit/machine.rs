//! The program, its bounds, and what the machine lets it do.
//!
//! Reads what the kernel tells, and who owns the folders.

use super::Section;
use crate::{
    config::{Settings, hardening::Wanted},
    judge::rulebook::Rulebook,
    limits,
    server::hardening::{self, Standing},
    world::store::Site,
};
use std::{fs, os::unix::fs::MetadataExt, path::Path};

/// Where a unit of systemd would be.
const UNITS: [&str; 3] =
    ["/etc/systemd/system/wehr.service", "/usr/lib/systemd/system/wehr.service", "/lib/systemd/system/wehr.service"];

/// Which program judges by which rules.
#[must_use]
pub fn version(config: Option<&Path>, rulebook: &Rulebook) -> Section {
    let mut section = Section::new("version");
    let place = config.map_or_else(|| "embedded defaults".to_owned(), |config| config.display().to_string());
    section.tell(true, concat!("wehr ", env!("CARGO_PKG_VERSION")), place, "the program and its configuration");
    let what = format!("rulebook {}, {} symbols", rulebook.digest, rulebook.rules.table.len());
    section.tell(true, what, "rules.dir", "the digest names everything that can sway a verdict");
    section
}

/// Bounds of what is taken and held.
#[must_use]
pub fn bounds(settings: &Settings) -> Section {
    let mut section = Section::new("bounds");
    let quarantine = &settings.quarantine;
    let mut told = vec![
        ("limits.message_bytes_max", format!("{} octets a message", settings.message_bytes_max), "larger ones get 552"),
        ("limits.connections_max", format!("{} connections", settings.connections_max), "further ones get 421"),
        (
            "quarantine.bytes_max",
            format!("{} octets of mail set aside", quarantine.bytes_max),
            "beyond it mail is deferred",
        ),
        ("src/limits.rs", format!("{} mails at once", limits::MAILS_MAX), "further ones get 452"),
        ("src/limits.rs", format!("{} recipients a mail", limits::RECIPIENTS_MAX), "further ones get 452"),
    ];
    if let Some(record) = &settings.record {
        told.push((
            "record.bytes_max",
            format!("{} octets of recorded cases", record.bytes_max),
            "the oldest go first",
        ));
    }
    for (key, what, why) in told {
        section.tell(true, what, key, why);
    }
    section
}

/// What keeps a program that is taken over from doing more than reading mail.
#[must_use]
pub fn hardening(settings: &Settings) -> Section {
    let mut section = Section::new("hardening");
    owner(&mut section, settings);
    let (landlock, seccomp) = hardening::offered();
    let wanted = settings.hardening;
    for (key, wanted, offered) in
        [("hardening.landlock", wanted.landlock, landlock), ("hardening.seccomp", wanted.seccomp, seccomp)]
    {
        let (is_fine, why) = match (wanted, offered) {
            (Wanted::Off, _) => (false, "the configuration turns it off"),
            (_, Standing::Full) => (true, "this kernel has all that is asked for"),
            (_, Standing::Partial) => (true, "this kernel has the files, not all of the rest"),
            (_, Standing::Off | Standing::Absent) => {
                (false, "this kernel has none; ProtectSystem= and SystemCallFilter= of systemd stay")
            }
        };
        section.tell(is_fine, format!("{} here: {}", key.trim_start_matches("hardening."), offered.word()), key, why);
    }
    let unit = UNITS.iter().find(|unit| Path::new(unit).exists());
    match unit.and_then(|unit| Some((unit, fs::read_to_string(unit).ok()?))) {
        None => section.tell(
            true,
            "no unit of systemd",
            "packaging/wehr.service",
            "whatever starts it confines it, or nobody does",
        ),
        Some((unit, text)) => {
            let has = |word: &str| text.lines().any(|line| line.trim() == word);
            for word in ["NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "CapabilityBoundingSet="] {
                let why =
                    if has(word) { "the unit says so" } else { "the packaged unit has it; somebody took it away" };
                section.tell(has(word), word, *unit, why);
            }
        }
    }
    section
}

/// The owner of what the server writes is who it runs as.
fn owner(section: &mut Section, settings: &Settings) {
    let mut paths = vec![settings.quarantine.folder.clone(), settings.log.folder.clone()];
    if let Site::File(path) = &settings.state {
        paths.push(path.clone());
    }
    let owned = paths.iter().find_map(|path| Some((path, fs::metadata(path).ok()?.uid())));
    match owned {
        None => section.tell(
            true,
            "it has not run yet",
            settings.quarantine.folder.display().to_string(),
            "nothing tells its user",
        ),
        Some((path, uid)) => {
            let why = if uid == 0 { "it runs as root: give it a user of its own" } else { "a user of its own" };
            section.tell(uid != 0, format!("it writes as user {uid}"), path.display().to_string(), why);
        }
    }
}
