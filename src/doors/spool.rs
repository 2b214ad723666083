//! Spool: the bytes of one mail, in memory first, then in an unlinked file. Bounded by the caller.
//!
//! Invariant: nothing of a mail stays on disk when the spool is dropped, even after a crash (the file has no name).

use bytes::{Bytes, BytesMut};
use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    sync::Arc,
};
use tokio::task::spawn_blocking;

/// Octets read back from the file at once.
const CHUNK_BYTES: usize = 256 << 10;

/// A mail's bytes while it is received, judged and handed over.
#[derive(Debug)]
pub struct Spool {
    memory: BytesMut,
    memory_bytes_max: usize,
    file: Option<Arc<File>>,
    bytes: usize,
}

impl Spool {
    #[must_use]
    pub fn new(memory_bytes_max: usize) -> Self {
        Self { memory: BytesMut::new(), memory_bytes_max, file: None, bytes: 0 }
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
        self.bytes += bytes.len();
        self.memory.extend_from_slice(bytes);
        if self.memory.len() <= self.memory_bytes_max {
            return Ok(());
        }
        let chunk = self.memory.split().freeze();
        let file = self.file.clone();
        let file = spawn_blocking(move || -> io::Result<Arc<File>> {
            let file = match file {
                Some(file) => file,
                None => Arc::new(tempfile::tempfile()?),
            };
            (&*file).write_all(&chunk)?;
            Ok(file)
        })
        .await
        .map_err(io::Error::other)??;
        self.file = Some(file);
        Ok(())
    }

    /// The whole mail in one buffer. Only a mail that holds a judge permit may do this.
    ///
    /// # Errors
    /// When the disk does not give the bytes back.
    pub async fn read_all(&self) -> io::Result<Bytes> {
        let Some(file) = self.file.clone() else { return Ok(Bytes::copy_from_slice(&self.memory)) };
        let (on_disk, bytes) = (self.on_disk(), self.bytes);
        let tail = self.memory.clone();
        spawn_blocking(move || {
            let mut whole = vec![0; on_disk];
            whole.reserve_exact(bytes - on_disk);
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
}
