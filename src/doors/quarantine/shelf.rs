//! Shelf: where the files of mails set aside lie, a folder of this machine or a bucket.
//!
//! Touches both. In a folder a mail appears by a rename; in a bucket it is there once its slip is, which is put last.

use super::{
    bucket::{Bucket, Upload},
    entry::{DRAFT, GONE, KEY, MESSAGE, SLIP},
};
use crate::doors::private;
use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use url::Url;

/// A place in a bucket, as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub bucket: String,
    /// Never empty, without slashes at its ends.
    pub prefix: String,
    /// `None`: Amazon's of the region.
    pub endpoint: Option<String>,
    pub region: String,
    /// File with two lines: the access key's id, and its secret.
    pub credentials: PathBuf,
}

impl Place {
    /// Reads `s3://BUCKET/PREFIX`: bucket and prefix.
    #[must_use]
    pub fn parse(url: &str) -> Option<(String, String)> {
        let (bucket, prefix) = url.strip_prefix("s3://")?.split_once('/')?;
        let prefix = prefix.trim_matches('/');
        let is_name = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_'))
        };
        let fits = is_name(bucket) && prefix.split('/').all(|part| is_name(part) && part != "." && part != "..");
        fits.then(|| (bucket.to_owned(), prefix.to_owned()))
    }

    /// As it is configured.
    #[must_use]
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    /// Where requests go.
    #[must_use]
    pub fn server(&self) -> String {
        self.endpoint.clone().unwrap_or_else(|| format!("https://s3.{}.amazonaws.com", self.region))
    }

    /// Is it asked without TLS?
    #[must_use]
    pub fn is_plain(&self) -> bool {
        Url::parse(&self.server()).is_ok_and(|url| url.scheme() == "http")
    }

    /// The access key's id, and its secret.
    ///
    /// # Errors
    /// In words: no file, others may read it, not two lines.
    pub fn credentials(&self) -> Result<(String, String), String> {
        let shown = self.credentials.display();
        let told = |error: io::Error| format!("{shown}: cannot read the credentials of the bucket: {error}");
        private::found(&self.credentials, "the credentials of the bucket")?;
        let text = fs::read_to_string(&self.credentials).map_err(told)?;
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        match lines.as_slice() {
            [id, secret] => Ok(((*id).to_owned(), (*secret).to_owned())),
            _ => Err(format!("{shown}: two lines are needed: the access key's id, and its secret")),
        }
    }
}

/// An object of a bucket.
#[derive(Clone, Debug)]
pub struct Found {
    pub id: String,
    pub name: String,
    pub bytes: u64,
    pub changed: SystemTime,
}

/// Where mails lie. Clones share it.
#[derive(Clone, Debug)]
pub enum Shelf {
    Folder(PathBuf),
    Bucket(Bucket, Arc<Locks>),
}

/// Mails of a bucket that this process changes. Other processes are noticed by the slip: nobody overwrites another's.
#[derive(Debug, Default)]
pub struct Locks {
    held: Mutex<BTreeSet<String>>,
    freed: Condvar,
}

/// One mail that this process changes, as long as it lives.
#[derive(Debug)]
struct Lock(Arc<Locks>, String);

impl Lock {
    fn of(locks: &Arc<Locks>, id: &str) -> Self {
        let held = locks.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = locks.freed.wait_while(held, |held| held.contains(id)).unwrap_or_else(PoisonError::into_inner);
        held.insert(id.to_owned());
        Self(Arc::clone(locks), id.to_owned())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
        self.0.freed.notify_all();
    }
}

impl Shelf {
    /// The ids that mails may have; those of other things are among them.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn names(&self) -> io::Result<Vec<String>> {
        match self {
            Self::Folder(folder) => match fs::read_dir(folder) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                entries => {
                    let names = entries?.filter_map(Result::ok).map(|entry| entry.file_name());
                    Ok(names.map(|name| name.to_string_lossy().into_owned()).collect())
                }
            },
            Self::Bucket(bucket, _) => {
                let found = bucket.list()?;
                Ok(found.into_iter().filter(|found| found.name == SLIP).map(|found| found.id).collect())
            }
        }
    }

    /// Octets of all files of these mails.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn octets(&self, ids: &[String]) -> io::Result<u64> {
        match self {
            Self::Folder(folder) => {
                let files = |id: &String| fs::read_dir(folder.join(id)).into_iter().flatten().filter_map(Result::ok);
                Ok(ids.iter().flat_map(files).filter_map(|file| file.metadata().ok()).map(|it| it.len()).sum())
            }
            Self::Bucket(bucket, _) => {
                let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
                let found = bucket.list()?;
                Ok(found.iter().filter(|found| ids.contains(found.id.as_str())).map(|found| found.bytes).sum())
            }
        }
    }

    /// Begins a mail that nobody sees yet.
    ///
    /// # Errors
    /// When it is not taken.
    pub fn begin(&self, id: &str) -> io::Result<Begun> {
        match self {
            Self::Folder(root) => {
                let folder = root.join(format!("{DRAFT}{id}"));
                DirBuilder::new().mode(0o700).create(&folder)?;
                let message = create(&folder.join(MESSAGE))?;
                Ok(Begun::Folder { place: root.join(id), folder, message })
            }
            Self::Bucket(bucket, _) => Ok(Begun::Bucket {
                bucket: bucket.clone(),
                id: id.to_owned(),
                message: Some(bucket.upload(id, MESSAGE)),
            }),
        }
    }

    /// A mail that is there, with its locked keys.
    ///
    /// # Errors
    /// `NotFound` when it is gone.
    pub fn open(&self, id: &str) -> io::Result<(Home, Vec<u8>)> {
        match self {
            Self::Folder(root) => {
                let folder = root.join(id);
                let (mut lock, mut key) = (File::open(folder.join(KEY))?, Vec::new());
                lock.read_to_end(&mut key)?;
                Ok((Home::Folder { folder, lock }, key))
            }
            Self::Bucket(bucket, locks) => {
                let (key, _) = bucket.get(id, KEY)?;
                let (bucket, locks) = (bucket.clone(), Arc::clone(locks));
                let seen = Mutex::new((None, None));
                Ok((Home::Bucket { bucket, locks, id: id.to_owned(), seen }, key))
            }
        }
    }

    /// Erases a mail that cannot be opened.
    ///
    /// # Errors
    /// When it is refused.
    pub fn erase(&self, id: &str) -> io::Result<()> {
        match self {
            Self::Folder(root) => erase_folder(&root.join(id)),
            Self::Bucket(bucket, _) => erase_objects(bucket, id),
        }
    }

    /// Removes what broken stores and deletions left, once it is that old.
    ///
    /// # Errors
    /// When it is refused.
    pub fn sweep_remains(&self, age: Duration) -> io::Result<()> {
        let is_old = |changed: SystemTime| SystemTime::now().duration_since(changed).is_ok_and(|since| since > age);
        match self {
            Self::Folder(root) => {
                for entry in fs::read_dir(root)?.filter_map(Result::ok) {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    let changed = || fs::metadata(entry.path()).and_then(|it| it.modified());
                    if name.starts_with(GONE) || name.starts_with(DRAFT) && changed().is_ok_and(is_old) {
                        match erase_folder(&entry.path()) {
                            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                            _ => {}
                        }
                    }
                }
                Ok(())
            }
            Self::Bucket(bucket, _) => {
                let found = bucket.list()?;
                let of = |name: &str| -> BTreeSet<&str> {
                    found.iter().filter(|it| it.name == name).map(|it| it.id.as_str()).collect()
                };
                let (slips, keys) = (of(SLIP), of(KEY));
                let is_whole = |id: &str| slips.contains(id) && keys.contains(id);
                let remains = found.iter().filter(|it| !is_whole(&it.id) && is_old(it.changed));
                remains.into_iter().try_for_each(|it| bucket.delete(&it.id, &it.name))
            }
        }
    }
}

/// A mail being written.
pub enum Begun {
    Folder { folder: PathBuf, place: PathBuf, message: File },
    Bucket { bucket: Bucket, id: String, message: Option<Upload> },
}

impl Begun {
    /// Adds octets to the message.
    ///
    /// # Errors
    /// When they are not taken.
    pub fn push(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Folder { message, .. } => message.write_all(octets),
            Self::Bucket { message: Some(message), .. } => message.push(octets),
            Self::Bucket { message: None, .. } => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    /// Writes a file beside the message, synced.
    ///
    /// # Errors
    /// When it is not taken.
    pub fn write(&self, name: &str, octets: Vec<u8>) -> io::Result<()> {
        match self {
            Self::Folder { folder, .. } => write(&folder.join(name), &octets),
            Self::Bucket { bucket, id, .. } => bucket.put(id, name, octets),
        }
    }

    /// Ends the message, synced.
    ///
    /// # Errors
    /// When it is not taken.
    pub fn end_message(&mut self) -> io::Result<()> {
        match self {
            Self::Folder { message, .. } => message.sync_all(),
            Self::Bucket { message, .. } => message.take().map_or(Ok(()), Upload::finish),
        }
    }

    /// Shows the mail under its name, by its slip.
    ///
    /// # Errors
    /// When it is not taken.
    pub fn show(&self, slip: Vec<u8>) -> io::Result<()> {
        self.write(SLIP, slip)?;
        if let Self::Folder { folder, place, .. } = self {
            sync(folder)?;
            fs::rename(folder, place)?;
            return place.parent().map_or(Ok(()), sync);
        }
        Ok(())
    }

    /// Gives it up. What cannot be removed now is swept later.
    pub fn discard(&self) {
        let _ = match self {
            Self::Folder { folder, .. } => fs::remove_dir_all(folder),
            Self::Bucket { bucket, id, .. } => erase_objects(bucket, id),
        };
    }
}

/// The files of one mail.
pub enum Home {
    Folder {
        folder: PathBuf,
        /// Kept while the mail is changed.
        lock: File,
    },
    Bucket {
        bucket: Bucket,
        locks: Arc<Locks>,
        id: String,
        /// Which slip was read, and the lock.
        seen: Mutex<(Option<String>, Option<Held>)>,
    },
}

/// Kept while a mail of a bucket is changed.
pub struct Held(#[expect(dead_code, reason = "it frees the mail when it is dropped")] Lock);

impl Home {
    /// # Errors
    /// `NotFound`, or when it cannot be read.
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        match self {
            Self::Folder { folder, .. } => fs::read(folder.join(name)),
            Self::Bucket { bucket, id, seen, .. } => {
                let (octets, version) = bucket.get(id, name)?;
                if name == SLIP {
                    seen.lock().unwrap_or_else(PoisonError::into_inner).0 = version;
                }
                Ok(octets)
            }
        }
    }

    /// Waits until nobody else changes the mail, as long as this lives.
    ///
    /// # Errors
    /// `NotFound` when it was deleted meanwhile.
    pub fn lock(&self) -> io::Result<()> {
        match self {
            Self::Folder { folder, lock } => {
                lock.lock()?;
                fs::metadata(folder.join(KEY)).map(drop)
            }
            Self::Bucket { bucket, locks, id, seen } => {
                let held = Held(Lock::of(locks, id));
                seen.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(held);
                bucket.get(id, KEY).map(drop)
            }
        }
    }

    /// Replaces the slip, synced.
    ///
    /// # Errors
    /// When it is not taken: the old one stands.
    pub fn replace_slip(&self, octets: Vec<u8>) -> io::Result<()> {
        match self {
            Self::Folder { folder, .. } => {
                let draft = folder.join(".slip");
                match fs::remove_file(&draft) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
                write(&draft, &octets)?;
                fs::rename(&draft, folder.join(SLIP))?;
                sync(folder)
            }
            Self::Bucket { bucket, id, seen, .. } => {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.0 = bucket.replace(id, SLIP, octets, seen.0.clone())?;
                Ok(())
            }
        }
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// When it is refused.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match self {
            Self::Folder { folder, .. } => match fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => sync(folder),
            },
            Self::Bucket { bucket, id, .. } => bucket.delete(id, name),
        }
    }

    /// Deletes the mail for good.
    ///
    /// # Errors
    /// When it is refused.
    pub fn erase(&self) -> io::Result<()> {
        match self {
            Self::Folder { folder, .. } => {
                let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let gone = folder.with_file_name(format!("{GONE}{name}"));
                fs::rename(folder, &gone)?;
                erase_folder(&gone)
            }
            Self::Bucket { bucket, id, .. } => erase_objects(bucket, id),
        }
    }
}

/// The keys first: what stays of the rest cannot be read.
fn erase_objects(bucket: &Bucket, id: &str) -> io::Result<()> {
    [KEY, SLIP, super::entry::CASE, MESSAGE].into_iter().try_for_each(|name| bucket.delete(id, name))
}

/// Overwrites the keys of a mail, and removes it.
fn erase_folder(folder: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(folder.join(KEY)) {
        Ok(mut key) => {
            let bytes = usize::try_from(key.metadata()?.len()).unwrap_or_default();
            key.write_all(&vec![0; bytes])?;
            key.sync_all()?;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    match fs::remove_dir_all(folder) {
        // A sweep was quicker.
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    folder.parent().map_or(Ok(()), sync)
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn write(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file = create(path)?;
    file.write_all(octets)?;
    file.sync_all()
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_or_refused() {
        let place = |url| Place::parse(url).map(|(bucket, prefix)| format!("{bucket} {prefix}"));
        assert_eq!(place("s3://school/mail/held/"), Some("school mail/held".to_owned()));
        for wrong in ["s3://school", "s3://school/", "s3:///x", "s3://a/../b", "https://school/x", "s3://a b/c"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }
}
