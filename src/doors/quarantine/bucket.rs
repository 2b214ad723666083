//! Bucket: the objects of a quarantine in a store that speaks S3, each below `PREFIX/ID/NAME`.
//!
//! Contacts the store, over HTTPS or, on this machine, HTTP. What is put here is encrypted already. Callers may block:
//! requests run on threads of their own, wherever they are waited for.

use super::shelf::{Found, Place};
use crate::limits;
use futures_util::TryStreamExt;
use object_store::{
    BackoffConfig, ClientOptions, Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    RetryConfig, UpdateVersion,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};
use std::{
    fmt, io,
    sync::{Arc, OnceLock, mpsc},
    time::SystemTime,
};
use tokio::runtime::{Builder, Runtime};

/// A place in a bucket. Clones share the connections.
#[derive(Clone)]
pub struct Bucket {
    store: Arc<AmazonS3>,
    prefix: String,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Bucket {}", self.prefix)
    }
}

impl Bucket {
    /// Reads the credentials; nothing is asked yet.
    ///
    /// # Errors
    /// In words, when credentials or settings cannot be used.
    pub fn open(place: &Place) -> Result<Self, String> {
        let (id, secret) = place.credentials()?;
        let client = ClientOptions::new()
            .with_timeout(limits::BUCKET_SECONDS_MAX)
            .with_connect_timeout(limits::BUCKET_CONNECT_SECONDS_MAX)
            .with_allow_http(place.is_plain());
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: limits::BUCKET_RETRIES_MAX,
            retry_timeout: limits::BUCKET_SECONDS_MAX,
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&place.bucket)
            .with_region(&place.region)
            .with_access_key_id(id)
            .with_secret_access_key(secret)
            .with_client_options(client)
            .with_disable_bulk_delete(true)
            .with_retry(retry);
        if let Some(endpoint) = &place.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build().map_err(|error| format!("quarantine.url: {error}"))?;
        Ok(Self { store: Arc::new(store), prefix: place.prefix.clone() })
    }

    fn path(&self, id: &str, name: &str) -> Path {
        Path::from(format!("{}/{id}/{name}", self.prefix))
    }

    /// An object, and which one it was.
    ///
    /// # Errors
    /// `NotFound`, or when the store does not answer.
    pub fn get(&self, id: &str, name: &str) -> io::Result<(Vec<u8>, Option<String>)> {
        let (store, path) = (Arc::clone(&self.store), self.path(id, name));
        wait(async move {
            let found = store.get(&path).await?;
            let version = found.meta.e_tag.clone();
            Ok((found.bytes().await?.to_vec(), version))
        })
    }

    /// Stores an object; the answer comes when the store has it.
    ///
    /// # Errors
    /// When it does not.
    pub fn put(&self, id: &str, name: &str, octets: Vec<u8>) -> io::Result<()> {
        let (store, path) = (Arc::clone(&self.store), self.path(id, name));
        wait(async move { store.put(&path, octets.into()).await.map(drop) })
    }

    /// Replaces an object, if nobody else has; answers which one it is now.
    ///
    /// # Errors
    /// `WouldBlock` when somebody else has replaced it.
    pub fn replace(
        &self,
        id: &str,
        name: &str,
        octets: Vec<u8>,
        version: Option<String>,
    ) -> io::Result<Option<String>> {
        let (store, path) = (Arc::clone(&self.store), self.path(id, name));
        let mode = match version {
            Some(e_tag) => PutMode::Update(UpdateVersion { e_tag: Some(e_tag), version: None }),
            None => PutMode::Overwrite,
        };
        let options = PutOptions { mode, ..PutOptions::default() };
        wait(async move { store.put_opts(&path, octets.into(), options).await.map(|put| put.e_tag) })
    }

    /// Deletes an object, if it is there.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn delete(&self, id: &str, name: &str) -> io::Result<()> {
        let (store, path) = (Arc::clone(&self.store), self.path(id, name));
        match wait(async move { store.delete(&path).await }) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            deleted => deleted,
        }
    }

    /// Every object.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn list(&self) -> io::Result<Vec<Found>> {
        let (store, prefix) = (Arc::clone(&self.store), Path::from(self.prefix.as_str()));
        let listed = wait(async move { store.list(Some(&prefix)).try_collect::<Vec<_>>().await })?;
        let found = listed.into_iter().filter_map(|object| {
            let mut parts = object.location.parts().map(|part| part.as_ref().to_owned()).collect::<Vec<_>>();
            let (name, id) = (parts.pop()?, parts.pop()?);
            Some(Found { id, name, bytes: object.size, changed: SystemTime::from(object.last_modified) })
        });
        Ok(found.collect())
    }

    /// Begins an object of any size.
    #[must_use]
    pub fn upload(&self, id: &str, name: &str) -> Upload {
        Upload { bucket: self.clone(), id: id.to_owned(), name: name.to_owned(), pending: Vec::new(), parts: None }
    }
}

/// An object being written. Nobody sees it before it is finished.
pub struct Upload {
    bucket: Bucket,
    id: String,
    name: String,
    pending: Vec<u8>,
    /// `None` while all of it fits into one request.
    parts: Option<Box<dyn MultipartUpload>>,
}

impl Upload {
    /// # Errors
    /// When the store does not take it.
    pub fn push(&mut self, octets: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(octets);
        if self.pending.len() < limits::BUCKET_PART_BYTES { Ok(()) } else { self.send() }
    }

    fn send(&mut self) -> io::Result<()> {
        let mut parts = if let Some(parts) = self.parts.take() {
            parts
        } else {
            let (store, path) = (Arc::clone(&self.bucket.store), self.bucket.path(&self.id, &self.name));
            wait(async move { store.put_multipart(&path).await })?
        };
        let part = parts.put_part(PutPayload::from(std::mem::take(&mut self.pending)));
        self.parts = Some(parts);
        wait(part)
    }

    /// Answers when the store has all of it.
    ///
    /// # Errors
    /// When it does not.
    pub fn finish(mut self) -> io::Result<()> {
        if self.parts.is_none() {
            return self.bucket.put(&self.id, &self.name, std::mem::take(&mut self.pending));
        }
        if !self.pending.is_empty() {
            self.send()?;
        }
        match self.parts.take() {
            Some(mut parts) => wait(async move { parts.complete().await.map(drop) }),
            None => Ok(()),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(mut parts) = self.parts.take() {
            // What cannot be given up now is the store's to clean: a rule for incomplete uploads.
            let _ = wait(async move { parts.abort().await });
        }
    }
}

/// Waits on this thread for what the threads of the store do.
fn wait<T: Send + 'static>(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> io::Result<T> {
    static THREADS: OnceLock<Option<Runtime>> = OnceLock::new();
    let made = || Builder::new_multi_thread().worker_threads(1).thread_name("bucket").enable_all().build().ok();
    let threads = THREADS.get_or_init(made).as_ref().ok_or_else(|| io::Error::other("no thread for the bucket"))?;
    let (tell, told) = mpsc::channel();
    threads.spawn(async move {
        // Who asked waits for it.
        let _ = tell.send(work.await);
    });
    told.recv().map_err(io::Error::other)?.map_err(|error| {
        let kind = match &error {
            Error::NotFound { .. } => io::ErrorKind::NotFound,
            Error::Precondition { .. } => io::ErrorKind::WouldBlock,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    })
}
