//! What a replay is compared with: other rules, or the mails of an earlier report.
//!
//! Reads files. An earlier report is held whole: some hundred octets a mail.

use crate::{
    judge::rulebook::Rulebook,
    limits,
    replay::row::{Row, Side},
};
use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    sync::Arc,
};

/// What was before.
pub enum Against {
    Nothing,
    /// The verdict in the case folder of each mail.
    Recorded,
    /// Rules that judge each mail as well.
    Rules {
        name: String,
        rulebook: Arc<Rulebook>,
    },
    /// What an earlier run made of each mail, by its name.
    Report {
        name: String,
        sides: HashMap<String, Side>,
    },
}

impl Against {
    /// A folder is one of rules; a file is a report if it begins as JSON does, else compiled rules.
    ///
    /// # Errors
    /// When it cannot be read, or is neither.
    pub fn open(path: &Path, rulebook: impl FnOnce(&Path) -> Result<Arc<Rulebook>, String>) -> Result<Self, String> {
        let name = path.display().to_string();
        if !path.is_dir() {
            let file = File::open(path).map_err(|error| format!("{name}: {error}"))?;
            let mut reader = BufReader::new(file);
            let start = reader.fill_buf().map_err(|error| format!("{name}: {error}"))?;
            if start.starts_with(b"{") {
                let sides = sides(&name, reader)?;
                return Ok(Self::Report { name, sides });
            }
        }
        Ok(Self::Rules { rulebook: rulebook(path)?, name })
    }

    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Recorded => Some("recorded"),
            Self::Rules { name, .. } | Self::Report { name, .. } => Some(name),
        }
    }

    #[must_use]
    pub fn rulebook(&self) -> Option<Arc<Rulebook>> {
        match self {
            Self::Rules { rulebook, .. } => Some(Arc::clone(rulebook)),
            Self::Nothing | Self::Recorded | Self::Report { .. } => None,
        }
    }

    /// What an earlier report says of a mail.
    #[must_use]
    pub fn side(&self, row: &Row) -> Option<&Side> {
        match self {
            Self::Report { sides, .. } => sides.get(&row.name()),
            Self::Nothing | Self::Recorded | Self::Rules { .. } => None,
        }
    }
}

/// The mails of a report: every line but the one that sums up.
fn sides(name: &str, mut reader: impl BufRead) -> Result<HashMap<String, Side>, String> {
    let (mut sides, mut line, mut number) = (HashMap::new(), Vec::new(), 0);
    loop {
        line.clear();
        number += 1;
        let told = |error: &dyn std::fmt::Display| format!("{name}:{number}: {error}");
        (&mut reader).take(limits::REPLAY_LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(|error| told(&error))?;
        if line.is_empty() {
            break;
        }
        if line.starts_with(b"{\"mails\":") {
            continue;
        }
        let row: Row = serde_json::from_slice(&line).map_err(|error| told(&error))?;
        sides.insert(row.name(), row.side);
    }
    if sides.is_empty() {
        Err(format!("{name}: no mails in it; wehr replay --json --mails lists them"))
    } else {
        Ok(sides)
    }
}
