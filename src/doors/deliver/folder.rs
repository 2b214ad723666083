//! One Maildir folder as qmail's maildir(5) has it: a file is written under `tmp`, synced, and only then seen in `new`.
//!
//! Touches files, the clock, the process ID. Crash safety: the answer is positive only after (1) the file's bytes are
//! synced, (2) the file is renamed into `new`, (3) the directory `new` is synced, and every folder above was synced
//! into its own parent before. A crash at any point before (2) leaves a file in `tmp`, which readers ignore and delete
//! after 36 hours; between (2) and the answer it leaves a whole mail that the MTA sends again. No crash leaves a torn
//! mail in `new`, and none loses a mail that was answered for.

use super::{
    lines::{Form, Lines},
    parcel::Parcel,
};
use crate::limits;
use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::task::spawn_blocking;

/// Octets collected before one write.
const WRITE_BYTES: usize = 256 << 10;

/// Files written by this process; with time, process and inode it makes a name unique.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Writes mails into Maildir folders below one root. Clones share what they know.
#[derive(Clone, Debug)]
pub struct Folders(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    host: String,
    /// Folders that exist and are synced, as far as we know.
    known: Mutex<BTreeSet<PathBuf>>,
    /// Held while folders are made: nobody may answer for a mail in a folder that is not synced yet.
    making: Mutex<()>,
}

impl Folders {
    /// `host` is this machine's name; it becomes part of every file name.
    #[must_use]
    pub fn new(root: PathBuf, host: &str) -> Self {
        let host = if host.is_empty() { "localhost" } else { host };
        let host = host.chars().take(limits::MAILDIR_HOST_CHARS_MAX).collect::<String>();
        let host = host.replace('/', "\\057").replace(':', "\\072").replace(char::is_control, "");
        Self(Arc::new(Shared { root, host, known: Mutex::default(), making: Mutex::default() }))
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// Begins a mail in `folder` (relative to the root), which is made if it is not there.
    ///
    /// # Errors
    /// When the disk fails in any way.
    pub async fn draft(&self, folder: &Path) -> io::Result<Draft> {
        let (shared, folder) = (Arc::clone(&self.0), self.0.root.join(folder));
        blocking(move || shared.within(&folder, &["tmp", "new", "cur"], || Draft::in_maildir(&folder, &shared.host)))
            .await
    }
}

/// Runs file work where it may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

impl Shared {
    /// Opens a file in a folder that is made first if need be, also when somebody removed it since.
    fn within(&self, folder: &Path, parts: &[&str], open: impl Fn() -> io::Result<Draft>) -> io::Result<Draft> {
        let is_known = self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(folder);
        if is_known {
            match open() {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                result => return result,
            }
            self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(folder);
        }
        self.make(folder, parts)?;
        open()
    }

    /// Makes a folder with its parts, mode 0700, each synced into its parent.
    fn make(&self, folder: &Path, parts: &[&str]) -> io::Result<()> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(folder) {
            return Ok(());
        }
        make_with_parents(&self.root)?;
        let below = folder.strip_prefix(&self.root).unwrap_or(Path::new(""));
        let mut path = self.root.clone();
        for step in below.components() {
            path.push(step);
            make_synced(&path)?;
        }
        for part in parts {
            make_synced(&folder.join(part))?;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= limits::MAILDIRS_KNOWN_MAX {
            known.clear();
        }
        known.insert(folder.to_owned());
        Ok(())
    }
}

/// Makes the root; folders above it that exist belong to others and need no sync of ours.
///
/// # Errors
/// When the disk refuses.
pub fn make_with_parents(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_with_parents(parent)?;
    }
    make_synced(path)
}

fn make_synced(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        // A process that was killed may have made it without the sync.
        _ => {}
    }
    sync_parent(path)
}

/// The folder that this is in.
#[must_use]
pub fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Syncs the folder that this is in.
///
/// # Errors
/// When the disk refuses.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    File::open(parent_of(path))?.sync_all()
}

/// A file that nobody sees yet. Dropped before it is published, it is removed.
#[derive(Debug)]
pub struct Draft {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    is_published: bool,
}

impl Draft {
    fn create(temporary: PathBuf, path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        Ok(Self { file, temporary, path, is_published: false })
    }

    fn in_maildir(folder: &Path, host: &str) -> io::Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, micros) = (now.as_secs(), now.subsec_micros());
        let (pid, counter) = (process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let temporary = folder.join("tmp").join(format!("{seconds}.M{micros}P{pid}Q{counter}.{host}"));
        let mut draft = Self::create(temporary, PathBuf::new())?;
        // Device and inode are unique among the files that exist, even if the clock was set back.
        let (device, inode) = draft.file.metadata().map(|metadata| (metadata.dev(), metadata.ino()))?;
        let name = format!("{seconds}.M{micros}P{pid}V{device:x}I{inode:x}Q{counter}.{host}");
        draft.path = folder.join("new").join(name);
        Ok(draft)
    }

    /// The file's name once it is published.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Writes the whole mail. `form` tells how lines end; without it the bytes stay as they are. `preface` comes
    /// first, as it is.
    ///
    /// # Errors
    /// When the disk or the spool fails: the mail has to be deferred.
    pub async fn fill(mut self, preface: Vec<u8>, parcel: &Parcel, form: Option<Form>) -> io::Result<Self> {
        let (mut lines, mut pending, mut offset) = (form.map(Lines::new), preface, 0);
        loop {
            let chunk = parcel.read_at(offset).await?;
            if chunk.is_empty() {
                break;
            }
            offset += chunk.len();
            match &mut lines {
                Some(lines) => lines.push(&chunk, &mut pending),
                None => pending.extend_from_slice(&chunk),
            }
            if pending.len() >= WRITE_BYTES {
                (self, pending) = blocking(move || {
                    self.file.write_all(&pending)?;
                    pending.clear();
                    Ok((self, pending))
                })
                .await?;
            }
        }
        if offset != parcel.len_bytes() {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "the spool gave fewer bytes than it took"));
        }
        if let Some(lines) = lines {
            lines.finish(&mut pending);
        }
        blocking(move || self.file.write_all(&pending).map(|()| self)).await
    }

    /// Syncs the file, shows it in `new`, syncs that, and answers with its path.
    ///
    /// # Errors
    /// When the disk fails: the mail is not stored then, or might be, and has to be deferred.
    pub async fn publish(self) -> io::Result<PathBuf> {
        blocking(move || self.publish_now()).await
    }

    /// `rename` and not `link`, because some file systems have no links; it cannot overwrite, the name is unique.
    fn publish_now(mut self) -> io::Result<PathBuf> {
        self.file.sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        self.is_published = true;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        Ok(self.path.clone())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_published {
            // What cannot be removed is a file in `tmp`, which the reader of the Maildir removes after 36 hours.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
