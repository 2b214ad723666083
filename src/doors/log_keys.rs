//! The keys of the log's pseudonyms: one a day (UTC), in files of their own, destroyed when their days are over.
//!
//! Touches files; draws randomness. A key is in memory before its day begins, so writing a line reads no file.

use super::{
    deliver::folder::sync_parent,
    private::{self, DRAFT},
};
use crate::{
    mail::timestamp::Timestamp,
    telemetry::log::{KEY_BYTES, Key},
};
use arc_swap::ArcSwap;
use aws_lc_rs::rand;
use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

const DAY_SECONDS: i64 = 24 * 60 * 60;
const SUFFIX: &str = ".key";

/// What is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub folder: PathBuf,
    /// Days that a key lives, its own included; 0: there are no pseudonyms.
    pub days: i64,
    /// The line names the client's network.
    pub has_network: bool,
}

/// A day: days since 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

impl Day {
    /// The day of a moment in seconds since 1970.
    #[must_use]
    pub fn of(seconds: i64) -> Self {
        Self(seconds.div_euclid(DAY_SECONDS))
    }

    /// Reads `2026-11-22`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let day = Self::of(Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z"))?.seconds());
        (day.to_string() == text).then_some(day)
    }

    fn is_over(self, today: Self, days: i64) -> bool {
        // A clock that once ran ahead must leave no key for years to come.
        days == 0 || self.0 <= today.0.saturating_sub(days) || self.0 > today.0.saturating_add(1)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = Timestamp::from_seconds(self.0.saturating_mul(DAY_SECONDS)).to_string();
        out.write_str(text.split('T').next().unwrap_or_default())
    }
}

/// The keys that a server writes its log with.
pub struct LogKeys {
    settings: ArcSwap<Settings>,
    keys: ArcSwap<BTreeMap<Day, Arc<Key>>>,
}

impl LogKeys {
    /// Nothing is read or made before `sweep`.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings: ArcSwap::from_pointee(settings), keys: ArcSwap::default() }
    }

    /// From now on other settings count; a key that is too old for them goes with the next sweep.
    pub fn set(&self, settings: Settings) {
        self.settings.store(Arc::new(settings));
    }

    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// The key of the day of that moment, in seconds since 1970.
    #[must_use]
    pub fn of(&self, now: i64) -> Option<Arc<Key>> {
        self.keys.load().get(&Day::of(now)).cloned()
    }

    /// Destroys the keys whose days are over; makes and reads those of today and tomorrow.
    ///
    /// # Errors
    /// A file that cannot be read, made or destroyed, by its name. Days without a key are written as `-`.
    pub fn sweep(&self, now: i64) -> io::Result<()> {
        let settings = self.settings();
        let today = Day::of(now);
        let destroyed = destroy(&settings, today);
        let mut keys = BTreeMap::new();
        let mut trouble = None;
        if settings.days > 0 {
            for day in [today, Day(today.0.saturating_add(1))] {
                match make(&settings.folder, day).and_then(|()| read(&settings.folder, day)) {
                    Ok(key) => drop(keys.insert(day, Arc::new(key))),
                    Err(error) => trouble = Some(error),
                }
            }
        }
        self.keys.store(Arc::new(keys));
        destroyed.and(trouble.map_or(Ok(()), Err))
    }
}

/// The keys that still live at `now`, and days whose key cannot be read. Makes and destroys nothing.
#[must_use]
pub fn living(settings: &Settings, now: i64) -> Vec<(Day, io::Result<Key>)> {
    let today = Day::of(now);
    let days = days(&settings.folder).unwrap_or_default();
    let living = days.into_iter().filter(|day| !day.is_over(today, settings.days));
    living.map(|day| (day, read(&settings.folder, day))).collect()
}

/// Days whose key is still there though its days are over at `now`.
///
/// # Errors
/// The folder cannot be read.
pub fn overdue(settings: &Settings, now: i64) -> io::Result<Vec<Day>> {
    let mut days = days(&settings.folder)?;
    days.retain(|day| day.is_over(Day::of(now), settings.days));
    Ok(days)
}

fn file(folder: &Path, day: Day) -> PathBuf {
    folder.join(format!("{day}{SUFFIX}"))
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    Ok(entries.filter_map(Result::ok).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

fn days(folder: &Path) -> io::Result<Vec<Day>> {
    let mut days: Vec<Day> = names(folder)?.iter().filter_map(|name| Day::parse(name.strip_suffix(SUFFIX)?)).collect();
    days.sort();
    Ok(days)
}

fn destroy(settings: &Settings, today: Day) -> io::Result<()> {
    let mut trouble = Ok(());
    for name in names(&settings.folder)? {
        // A process that was killed may have left a key under its first name.
        let is_key = name.ends_with(SUFFIX) || name.ends_with(DRAFT);
        let day = name.split('.').next().and_then(Day::parse).filter(|_| is_key);
        if day.is_none_or(|day| !day.is_over(today, settings.days)) {
            continue;
        }
        let file = settings.folder.join(name);
        trouble = shred(&file).map_err(|error| named(&file, &error)).and(trouble);
    }
    trouble
}

/// Overwrites the file and takes it away, both synced. What a file system or a disk copied aside is beyond us.
fn shred(file: &Path) -> io::Result<()> {
    let octets = usize::try_from(fs::metadata(file)?.len()).unwrap_or(usize::MAX).clamp(KEY_BYTES, 4096);
    let mut open = OpenOptions::new().write(true).open(file)?;
    open.write_all(&vec![0; octets])?;
    open.sync_all()?;
    fs::remove_file(file)?;
    sync_parent(file)
}

/// Makes the key of a day unless there is one.
fn make(folder: &Path, day: Day) -> io::Result<()> {
    let file = file(folder, day);
    if file.exists() {
        return Ok(());
    }
    let made = || {
        let mut octets = [0; KEY_BYTES];
        rand::fill(&mut octets).map_err(io::Error::other)?;
        private::make(&file, &octets)
    };
    made().map_err(|error| named(&file, &error))
}

fn read(folder: &Path, day: Day) -> io::Result<Key> {
    let file = file(folder, day);
    let read = || {
        if private::is_open(&fs::metadata(&file)?) {
            return Err(io::Error::other("others can read it; say chmod 600"));
        }
        let octets: [u8; KEY_BYTES] =
            fs::read(&file)?.try_into().map_err(|_| io::Error::other("this is no key; delete it"))?;
        Ok(Key::new(&octets))
    };
    read().map_err(|error| named(&file, &error))
}

fn named(file: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::log::Secret;
    use std::os::unix::fs::PermissionsExt;

    fn keys(folder: &Path, days: i64) -> LogKeys {
        LogKeys::new(Settings { folder: folder.join("log-keys"), days, has_network: false })
    }

    fn names(folder: &Path) -> Vec<String> {
        days(&folder.join("log-keys")).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_key_lives_its_days_and_no_longer() {
        let folder = tempfile::tempdir().unwrap();
        let start = Timestamp::parse_rfc3339("2026-02-27T23:59:59Z").unwrap().seconds();
        let server = keys(folder.path(), 2);
        assert!(server.of(start).is_none(), "no key before a sweep");
        server.sweep(start).unwrap();
        assert_eq!(names(folder.path()), ["2026-02-27", "2026-02-28"]);
        let anna = Secret::address("anna@school.example");
        let first = server.of(start).unwrap().pseudonym(&anna);
        // The next day begins without a sweep; then the server is away for a day.
        assert_ne!(server.of(start + 1).unwrap().pseudonym(&anna), first);
        server.sweep(start + 1).unwrap();
        assert_eq!(names(folder.path()), ["2026-02-27", "2026-02-28", "2026-03-01"]);
        let again = keys(folder.path(), 2);
        again.sweep(start + DAY_SECONDS).unwrap();
        assert_eq!(again.of(start + 1).unwrap().pseudonym(&anna), server.of(start + 1).unwrap().pseudonym(&anna));
        again.sweep(start + 2 * DAY_SECONDS).unwrap();
        assert_eq!(names(folder.path()), ["2026-02-28", "2026-03-01", "2026-03-02"]);
        let left = folder.path().join("log-keys/2026-02-27.77.tmp");
        fs::write(&left, [7; KEY_BYTES]).unwrap();
        again.sweep(start + 2 * DAY_SECONDS).unwrap();
        assert!(!left.exists(), "a draft that a killed process left");
        // The clock ran ahead and came back.
        again.sweep(start + 5000 * DAY_SECONDS).unwrap();
        again.sweep(start).unwrap();
        assert_eq!(names(folder.path()), ["2026-02-27", "2026-02-28"]);
        again.set(Settings { days: 0, ..(*again.settings()).clone() });
        again.sweep(start).unwrap();
        assert!(names(folder.path()).is_empty() && again.of(start).is_none());
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_names_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let server = keys(folder.path(), 7);
        server.sweep(0).unwrap();
        let file = folder.path().join("log-keys/1970-01-01.key");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(server.sweep(0).unwrap_err().to_string().contains("chmod 600"));
        assert!(server.of(0).is_none() && server.of(DAY_SECONDS).is_some());
        fs::write(&file, "short").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(server.sweep(0).is_err() && server.of(0).is_none());
        assert!(living(&server.settings(), 0).first().unwrap().1.is_err());
        assert_eq!(overdue(&server.settings(), 8 * DAY_SECONDS).unwrap().len(), 2);
    }

    #[test]
    fn only_days_are_days() {
        assert_eq!(Day::parse("1970-01-02"), Some(Day(1)));
        for text in ["1970-1-2", "2026-02-30", "", "today", "1970-01-01T00"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }
}
