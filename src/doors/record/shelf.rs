//! Shelf: recorded cases in a folder, bounded in octets, number and age; the oldest go first.
//!
//! Touches files, which only their owner may read. A case is `TIME-DIGEST/` with `message.eml`, `case.toml` and
//! `expect.toml`; names sort by time. It is written beside its place and moved there whole. What is not named so is not ours.

use super::Settings;
use crate::{
    judge::case::{Case, expectation::Expectation},
    limits,
    mail::{hex::hex, timestamp::Timestamp},
};
use aws_lc_rs::digest::{SHA256, digest};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What a case begins as; what is left of one when the machine stops is swept away.
const DRAFT: &str = ".new-";

/// A folder of cases.
pub struct Shelf {
    folder: PathBuf,
    bytes_max: u64,
    keep: Duration,
    /// Octets of each case by its name.
    cases: BTreeMap<String, u64>,
    bytes: u64,
}

/// Is a mail among so many of ten thousand? By its octets, so that nothing has to be drawn.
#[must_use]
pub fn is_chosen(raw: &[u8], sample: u32) -> bool {
    let number = digest(&SHA256, raw).as_ref().iter().take(4).fold(0_u32, |sum, octet| sum << 8 | u32::from(*octet));
    number % 10_000 < sample
}

impl Shelf {
    /// Makes the folder if it is not there, and learns what is in it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(settings: &Settings) -> io::Result<Self> {
        let Settings { folder, bytes_max, keep, .. } = settings;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut shelf =
            Self { folder: folder.clone(), bytes_max: *bytes_max, keep: *keep, cases: BTreeMap::new(), bytes: 0 };
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(DRAFT) {
                fs::remove_dir_all(entry.path())?;
            } else if is_case(&name) {
                let files = fs::read_dir(entry.path())?.filter_map(Result::ok);
                let bytes = files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum();
                shelf.bytes += bytes;
                shelf.cases.insert(name, bytes);
            }
        }
        shelf.tidy()?;
        Ok(shelf)
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a case, and takes old ones away until all are within the bounds.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn put(&mut self, raw: &[u8], case: &Case, expected: &Expectation) -> io::Result<()> {
        let (case_text, expected) = (case.to_text(), expected.to_text());
        let sum = digest(&SHA256, &[raw, case_text.as_bytes()].concat());
        let name = format!("{}-{}", case.received_at.basic(), hex(sum.as_ref().iter().take(8)));
        if self.cases.contains_key(&name) {
            return Ok(());
        }
        let (draft, place) = (self.folder.join(format!("{DRAFT}{name}")), self.folder.join(&name));
        let written = write(&draft, raw, &case_text, &expected).and_then(|()| fs::rename(&draft, &place));
        if let Err(error) = written {
            // What is left of it is swept away at the next start, if not now.
            let _ = fs::remove_dir_all(&draft);
            return Err(error);
        }
        let bytes = [raw.len(), case_text.len(), expected.len()].iter().sum::<usize>();
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes += bytes;
        self.cases.insert(name, bytes);
        self.tidy()
    }

    /// Takes away what is too old, and the oldest while there is too much.
    ///
    /// # Errors
    /// When a case cannot be removed.
    pub fn tidy(&mut self) -> io::Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let oldest = i64::try_from(now.saturating_sub(self.keep).as_secs()).unwrap_or_default();
        let oldest = Timestamp::from_seconds(oldest).basic();
        while let Some((name, bytes)) = self.cases.first_key_value().map(|(name, bytes)| (name.clone(), *bytes)) {
            let is_much = self.bytes > self.bytes_max || self.cases.len() > limits::RECORD_CASES_MAX;
            if !is_much && name >= oldest {
                return Ok(());
            }
            match fs::remove_dir_all(self.folder.join(&name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            self.cases.remove(&name);
            self.bytes = self.bytes.saturating_sub(bytes);
        }
        Ok(())
    }
}

fn is_case(name: &str) -> bool {
    let is_moment = |text: &str| text.len() == "20260301T091407Z".len() && text.ends_with('Z');
    name.split_once('-').is_some_and(|(time, sum)| is_moment(time) && sum.len() == 16)
}

fn write(folder: &Path, raw: &[u8], case: &str, expected: &str) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(folder)?;
    for (name, octets) in [("message.eml", raw), ("case.toml", case.as_bytes()), ("expect.toml", expected.as_bytes())] {
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(name));
        file?.write_all(octets)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn settings(folder: &Path, bytes_max: u64) -> Settings {
        let keep = Duration::from_hours(24);
        Settings { folder: folder.to_owned(), sample: 10_000, bytes_max, consents: Vec::new(), keep }
    }

    fn case(seconds_ago: u64) -> Case {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        Case { received_at: Timestamp::from_seconds((now - seconds_ago).cast_signed()), ..Case::default() }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_oldest_go_first_and_strangers_stay() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("records");
        fs::create_dir_all(folder.join("notes")).unwrap();
        fs::create_dir_all(folder.join(".new-x")).unwrap();
        let mut shelf = Shelf::open(&settings(&folder, 3000)).unwrap();
        for ago in [300, 200, 100] {
            shelf.put(&[b'x'; 1000], &case(ago), &Expectation::default()).unwrap();
        }
        assert_eq!(shelf.cases.len(), 2);
        shelf.put(b"too old", &case(100_000), &Expectation::default()).unwrap();
        let kept = names(&folder);
        assert_eq!((kept.len(), kept.last().map(String::as_str)), (3, Some("notes")), "{kept:?}");
        // Another start knows them, and a narrower bound counts for them.
        let shelf = Shelf::open(&settings(&folder, 2000)).unwrap();
        assert_eq!((shelf.cases.len(), shelf.bytes > 1000, names(&folder).len()), (1, true, 2));
        let case = folder.join(shelf.cases.keys().next().unwrap());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&case), mode(&case.join("message.eml"))), (0o700, 0o600));
    }

    #[test]
    fn a_share_of_mails_is_chosen_by_their_octets() {
        let chosen = |sample| (0..1000_u32).filter(|number| is_chosen(&number.to_be_bytes(), sample)).count();
        assert_eq!((chosen(0), chosen(10_000)), (0, 1000));
        assert!((200..300).contains(&chosen(2500)), "{}", chosen(2500));
    }
}
