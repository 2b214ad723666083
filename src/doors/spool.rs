//! Spool: the bytes of one mail, in memory first, then in an unlinked file, encrypted. Bounded by the caller.
//!
//! Touches one temporary file. Invariant: nothing of a mail stays on disk when the spool is dropped, even after a crash
//! (the file never has a name where the file system allows it), and what is there while it lives nobody can read: its
//! key is in this memory only. A spool that lost bytes, to a full disk or because a `push` was dropped half-way, never
//! gives any back: a mail is whole or it is an error.

use crate::seal::vault::{TAG_BYTES, Vault};
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

/// Octets of a record of the file, which is read back at once.
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
    disk: Option<Arc<Disk>>,
    /// Octet of the mail at which each record of the file begins.
    records: Vec<usize>,
    bytes: usize,
    /// Bytes were taken out of memory and not (or not yet) seen on disk.
    is_torn: bool,
}

/// The file and its key.
#[derive(Debug)]
struct Disk {
    file: File,
    vault: Vault,
}

impl Disk {
    fn open() -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile_in(folder())?, vault: Vault::new().map_err(io::Error::other)? })
    }

    /// Writes the record with this number, which begins at octet `start` of the mail.
    fn write(&self, number: usize, start: usize, octets: &[u8]) -> io::Result<()> {
        let record = self.vault.lock(number as u64, octets).map_err(io::Error::other)?;
        self.file.write_all_at(&record, (start + number * TAG_BYTES) as u64)
    }

    /// Reads it back; `end` is where the next one begins.
    fn read(&self, number: usize, start: usize, end: usize) -> io::Result<Vec<u8>> {
        let mut record = vec![0; end - start + TAG_BYTES];
        self.file.read_exact_at(&mut record, (start + number * TAG_BYTES) as u64)?;
        self.vault.unlock(number as u64, record).map_err(io::Error::other)
    }
}

impl Spool {
    #[must_use]
    pub fn new(memory_bytes_max: usize) -> Self {
        Self { memory: BytesMut::new(), memory_bytes_max, disk: None, records: Vec::new(), bytes: 0, is_torn: false }
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
        let start = self.on_disk();
        let chunk = self.memory.split().freeze();
        let (disk, number) = (self.disk.clone(), self.records.len());
        let starts = (start..start + chunk.len()).step_by(CHUNK_BYTES);
        self.is_torn = true;
        let disk = spawn_blocking(move || -> io::Result<Arc<Disk>> {
            let disk = match disk {
                Some(disk) => disk,
                None => Arc::new(Disk::open()?),
            };
            for (place, record) in chunk.chunks(CHUNK_BYTES).enumerate() {
                disk.write(number + place, start + place * CHUNK_BYTES, record)?;
            }
            Ok(disk)
        })
        .await
        .map_err(io::Error::other)??;
        self.records.extend(starts);
        self.disk = Some(disk);
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
        let Some(disk) = self.disk.clone() else { return Ok(Bytes::copy_from_slice(&self.memory)) };
        let (records, on_disk, bytes) = (self.records.clone(), self.on_disk(), self.bytes);
        let tail = self.memory.clone();
        spawn_blocking(move || {
            let mut whole = Vec::with_capacity(bytes);
            let ends = records.iter().copied().skip(1).chain([on_disk]);
            for (number, (start, end)) in records.iter().zip(ends).enumerate() {
                whole.extend_from_slice(&disk.read(number, *start, end)?);
            }
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
        let Some(disk) = self.disk.clone().filter(|_| offset < on_disk) else {
            let tail = self.memory.get(offset - on_disk.min(offset)..).unwrap_or_default();
            return Ok(Bytes::copy_from_slice(tail.get(..CHUNK_BYTES).unwrap_or(tail)));
        };
        let next = self.records.partition_point(|start| *start <= offset);
        let number = next.saturating_sub(1);
        let start = self.records.get(number).copied().unwrap_or_default();
        let end = self.records.get(next).copied().unwrap_or(on_disk);
        let record = spawn_blocking(move || disk.read(number, start, end)).await.map_err(io::Error::other)??;
        Ok(Bytes::from(record).slice(offset - start..))
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
    async fn the_disk_holds_nothing_readable() {
        let mut spool = Spool::new(100);
        let secret = b"meet me at nine behind the gymnasium";
        for _ in 0..100 {
            spool.push(secret).await.unwrap();
        }
        let file = &spool.disk.as_ref().unwrap().file;
        let mut octets = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
        file.read_exact_at(&mut octets, 0).unwrap();
        assert!(octets.len() > 3000);
        assert!(!octets.windows(9).any(|window| secret.windows(9).any(|words| words == window)));
    }

    #[tokio::test]
    async fn what_was_altered_on_disk_is_an_error() {
        let mut spool = Spool::new(0);
        spool.push(b"one").await.unwrap();
        spool.disk.as_ref().unwrap().file.write_all_at(b"x", 1).unwrap();
        assert!(spool.read_all().await.is_err());
        assert!(spool.read_at(0).await.is_err());
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
