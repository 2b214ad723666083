//! Spool: the bytes of one mail, in memory first, then in an unlinked file. Bounded by the caller.
//!
//! Touches one temporary file. Invariant: nothing of a mail stays on disk when the spool is dropped, even after a crash
//! (the file never has a name where the file system allows it). A spool that lost bytes, to a full disk or because a
//! `push` was dropped half-way, never gives any back: a mail is whole or it is an error.

use bytes::{Bytes, BytesMut};
use std::{
    env,
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};
use tokio::task::spawn_blocking;

/// Octets read back from the file at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Where the files lie: `TMPDIR` if it is set, else `/var/tmp`, because `/tmp` is often memory.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let on_disk = Path::new("/var/tmp");
    if env::var_os("TMPDIR").is_none() && on_disk.is_dir() { on_disk.to_owned() } else { env::temp_dir() }
});

/// Where large mails lie while they are received.
#[must_use]
pub fn folder() -> &'static Path {
    FOLDER.as_path()
}

/// A mail's bytes while it is received, judged and handed over.
#[derive(Debug)]
pub struct Spool {
    memory: BytesMut,
    memory_bytes_max: usize,
    file: Option<Arc<File>>,
    bytes: usize,
    /// Bytes were taken out of memory and not (or not yet) seen on disk.
    is_torn: bool,
}

impl Spool {
    #[must_use]
    pub fn new(memory_bytes_max: usize) -> Self {
        Self { memory: BytesMut::new(), memory_bytes_max, file: None, bytes: 0, is_torn: false }
    }

    /// Octets taken so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// When the disk does not take them; the mail has to be deferred then.
    pub async fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.whole()?;
        self.bytes += bytes.len();
        self.memory.extend_from_slice(bytes);
        if self.memory.len() <= self.memory_bytes_max {
            return Ok(());
        }
        let offset = self.on_disk() as u64;
        let chunk = self.memory.split().freeze();
        let file = self.file.clone();
        self.is_torn = true;
        let file = spawn_blocking(move || -> io::Result<Arc<File>> {
            let file = match file {
                Some(file) => file,
                None => Arc::new(tempfile::tempfile_in(folder())?),
            };
            file.write_all_at(&chunk, offset)?;
            Ok(file)
        })
        .await
        .map_err(io::Error::other)??;
        self.file = Some(file);
        self.is_torn = false;
        Ok(())
    }

    fn whole(&self) -> io::Result<()> {
        if self.is_torn { Err(io::Error::new(ErrorKind::BrokenPipe, "the spool lost bytes before")) } else { Ok(()) }
    }

    /// The whole mail in one buffer. Only a mail that holds a judge permit may do this.
    ///
    /// # Errors
    /// When the disk does not give the bytes back.
    pub async fn read_all(&self) -> io::Result<Bytes> {
        self.whole()?;
        let Some(file) = self.file.clone() else { return Ok(Bytes::copy_from_slice(&self.memory)) };
        let (on_disk, bytes) = (self.on_disk(), self.bytes);
        let tail = self.memory.clone();
        spawn_blocking(move || {
            let mut whole = Vec::with_capacity(bytes);
            whole.resize(on_disk, 0);
            file.read_exact_at(&mut whole, 0)?;
            whole.extend_from_slice(&tail);
            Ok(Bytes::from(whole))
        })
        .await
        .map_err(io::Error::other)?
    }

    /// The next bytes from `offset` on, at most a few hundred KiB; empty at the end.
    ///
    /// # Errors
    /// When the disk does not give the bytes back.
    pub async fn read_at(&self, offset: usize) -> io::Result<Bytes> {
        self.whole()?;
        let on_disk = self.on_disk();
        let Some(file) = self.file.clone().filter(|_| offset < on_disk) else {
            let tail = self.memory.get(offset - on_disk.min(offset)..).unwrap_or_default();
            return Ok(Bytes::copy_from_slice(tail.get(..CHUNK_BYTES).unwrap_or(tail)));
        };
        let length = CHUNK_BYTES.min(on_disk - offset);
        spawn_blocking(move || {
            let mut chunk = vec![0; length];
            file.read_exact_at(&mut chunk, offset as u64)?;
            Ok(Bytes::from(chunk))
        })
        .await
        .map_err(io::Error::other)?
    }

    fn on_disk(&self) -> usize {
        self.bytes - self.memory.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_goes_in_comes_out_from_memory_and_disk() {
        for memory_bytes_max in [0, 10, 1_000_000] {
            let mut spool = Spool::new(memory_bytes_max);
            let mut expected = Vec::new();
            for step in 0..100_u32 {
                let chunk = vec![u8::try_from(step).unwrap(); 7000];
                spool.push(&chunk).await.unwrap();
                expected.extend_from_slice(&chunk);
            }
            assert_eq!(spool.read_all().await.unwrap(), expected);
            let mut pieces = Vec::new();
            loop {
                let piece = spool.read_at(pieces.len()).await.unwrap();
                if piece.is_empty() {
                    break;
                }
                pieces.extend_from_slice(&piece);
            }
            assert_eq!(pieces, expected);
        }
    }
    #[tokio::test]
    async fn a_push_dropped_half_way_spoils_the_spool() {
        let mut spool = Spool::new(0);
        spool.push(b"one").await.unwrap();
        // The first poll hands the bytes to the disk, and then the future is dropped.
        let large = vec![0; 16 << 20];
        let is_done = futures_util::FutureExt::now_or_never(spool.push(&large)).is_some();
        assert!(!is_done);
        assert!(spool.push(b"three").await.is_err());
        assert!(spool.read_all().await.is_err());
        assert!(spool.read_at(0).await.is_err());
    }

    #[tokio::test]
    async fn reading_past_the_end_gives_nothing() {
        for memory_bytes_max in [0, 100] {
            let mut spool = Spool::new(memory_bytes_max);
            assert!(spool.read_at(0).await.unwrap().is_empty());
            spool.push(b"abc").await.unwrap();
            assert_eq!(spool.read_at(2).await.unwrap(), "c");
            assert!(spool.read_at(3).await.unwrap().is_empty());
            assert!(spool.read_at(4000).await.unwrap().is_empty());
        }
    }
}
