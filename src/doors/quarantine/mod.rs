//! Quarantine: mails set aside, encrypted with the operator's key, each with its envelope, verdict and case.
//!
//! Touches a folder. `<folder>/<id>/` is one mail for all recipients that did not get it (docs/quarantine.md). A mail is
//! synced, with its folder, before anybody is told that it was accepted; a crash before that leaves a draft that is
//! swept, and the MTA sends the mail again. What is held is not dropped for want of room: new mail is deferred then.

#[cfg_attr(not(feature = "s3"), path = "bucket_left_out.rs")]
pub mod bucket;
pub mod entry;
pub mod key;
pub mod marks;
pub mod release;
pub mod shelf;
pub mod slip;
pub mod sweep;

use self::{
    bucket::Bucket,
    entry::{Draft, Entry},
    shelf::{Locks, Place, Shelf},
    slip::{Slip, State, Waiting},
};
use super::deliver::{folder::make_with_parents, parcel::Parcel};
use crate::{
    judge::policy::{classes::Classes, reason::Reason},
    mail::{address::Address, charset, head::Head, hex::hex, timestamp::Timestamp},
    seal::safe::{self, Safe},
    world::clock::now,
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::task::spawn_blocking;

/// Where mail is set aside, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub folder: PathBuf,
    /// A bucket instead of the folder.
    pub bucket: Option<Place>,
    /// File of the operator's key.
    pub key: PathBuf,
    /// Mail older than that is deleted.
    pub keep: Duration,
    /// Octets of all mails together; beyond it mail is deferred.
    pub bytes_max: u64,
    /// Reasons whose mail a recipient may release.
    pub release: Vec<Reason>,
}

/// A folder of mails set aside. Clones share what they know.
#[derive(Clone, Debug)]
pub struct Quarantine(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    shelf: Shelf,
    operator: Safe,
    /// Octets in the folder, as far as we know.
    bytes: AtomicU64,
}

/// What a slip says of the verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grounds {
    /// Reference of the verdict.
    pub reference: String,
    pub score: String,
    pub symbols: Vec<String>,
    /// Why each recipient does not get it, in their order.
    pub reasons: Vec<Reason>,
    /// `None`: it is not kept.
    pub case: Option<String>,
}

impl Quarantine {
    /// Opens the quarantine of a server, which makes folder and key where there are none.
    ///
    /// # Errors
    /// In words: others can read the key, the key is gone while mails wait, the folder cannot be used.
    pub fn start(settings: &Settings) -> Result<Self, String> {
        let told = |error: io::Error| format!("quarantine.folder {}: {error}", settings.folder.display());
        make_with_parents(&settings.folder).map_err(told)?;
        if !settings.key.exists() {
            let waiting = ids(&shelf(settings)?).map_err(told)?.len();
            if waiting > 0 {
                return Err(format!(
                    "{}: the key of the quarantine is gone and {waiting} mails are locked with it; put the file back, or \
                     move {} away",
                    settings.key.display(),
                    settings.folder.display()
                ));
            }
            key::make(&settings.key)?;
        }
        let quarantine = Self::open(settings)?;
        quarantine.recount().map_err(told)?;
        Ok(quarantine)
    }

    /// Opens a quarantine that is there.
    ///
    /// # Errors
    /// In words, when there is no key or others can read it.
    pub fn open(settings: &Settings) -> Result<Self, String> {
        let operator = Safe::new(&key::read(&settings.key)?).map_err(|fault| fault.to_string())?;
        let shelf = shelf(settings)?;
        Ok(Self(Arc::new(Shared { settings: settings.clone(), shelf, operator, bytes: AtomicU64::new(0) })))
    }

    /// Where mails lie, for the log.
    #[must_use]
    pub fn place(&self) -> String {
        let folder = || self.folder().display().to_string();
        self.0.settings.bucket.as_ref().map_or_else(folder, Place::url)
    }

    /// The folder of this machine; beside a bucket it holds no mails.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.settings.folder
    }

    /// How long mail is kept.
    #[must_use]
    pub fn keep(&self) -> Duration {
        self.0.settings.keep
    }

    /// May this recipient release the mail? Page, digest and API ask here.
    #[must_use]
    pub fn may_release(&self, classes: &Classes, waiting: &Waiting) -> bool {
        self.0.settings.release.contains(&waiting.reason) && classes.may_release(&waiting.address)
    }

    /// Stores one mail, synced, before anybody is told that it was accepted. Answers with its id.
    ///
    /// # Errors
    /// When the disk does not take it, `StorageFull` where the bound is met: the mail has to be deferred then.
    pub async fn store(&self, parcel: &Parcel, recipients: &[Address], grounds: &Grounds) -> io::Result<String> {
        let bytes = parcel.len_bytes() as u64;
        if self.0.bytes.load(Ordering::Relaxed).saturating_add(bytes) > self.0.settings.bytes_max {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "quarantine.bytes_max is reached"));
        }
        let now = now();
        let drawn = safe::draw().map_err(io::Error::other)?;
        let id = format!("{}-{}", now.basic(), hex(drawn.iter().take(8)));
        let (shared, name) = (Arc::clone(&self.0), id.clone());
        let mut draft = blocking(move || {
            make_with_parents(&shared.settings.folder)?;
            Draft::begin(&shared.shelf, &name, &shared.operator)
        })
        .await?;
        let mut offset = 0;
        loop {
            let chunk = parcel.read_at(offset).await?;
            if chunk.is_empty() {
                break;
            }
            offset += chunk.len();
            draft = blocking(move || draft.push(&chunk).map(|()| draft)).await?;
        }
        if offset != parcel.len_bytes() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the spool gave fewer bytes than it took"));
        }
        let (slip, case) = (slip(parcel, recipients, grounds, now), grounds.case.clone());
        blocking(move || draft.publish(&slip, case.as_deref())).await?;
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(id)
    }

    /// Names of all mails set aside, the oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ids(&self) -> io::Result<Vec<String>> {
        ids(&self.0.shelf)
    }

    /// # Errors
    /// `NotFound` when it is gone; when it was altered.
    pub fn entry(&self, id: &str) -> io::Result<Entry> {
        if !is_id(id) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Entry::open(&self.0.shelf, id, &self.0.operator)
    }

    /// Every mail with its slip, the oldest first. What somebody else deletes meanwhile is left out.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn all(&self) -> io::Result<Vec<(String, io::Result<Slip>)>> {
        let read = |id: &String| self.entry(id).and_then(|entry| entry.slip());
        let read = self.ids()?.into_iter().map(|id| (read(&id), id));
        let is_there =
            |slip: &io::Result<Slip>| !slip.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        Ok(read.filter(|(slip, _)| is_there(slip)).map(|(slip, id)| (id, slip)).collect())
    }

    /// Deletes the mail for recipients; once nobody waits for it any more, it is erased. Answers how many it was.
    ///
    /// # Errors
    /// When the disk refuses; `NotFound` when it is gone.
    pub fn delete(&self, id: &str, is_meant: impl Fn(&str) -> bool) -> io::Result<usize> {
        let entry = self.entry(id)?;
        entry.lock()?;
        let (mut slip, since) = (entry.slip()?, now().to_string());
        let mut deleted = 0;
        for recipient in slip.recipients.iter_mut().filter(|it| it.state != State::Deleted && is_meant(&it.address)) {
            recipient.state = State::Deleted;
            since.clone_into(&mut recipient.since);
            deleted += 1;
        }
        match (deleted, slip.is_held()) {
            (0, _) => Ok(0),
            (_, true) => entry.write_slip(&slip).map(|()| deleted),
            (_, false) => entry.erase().map(|()| deleted),
        }
    }

    /// Takes recipients off the list, and the case with them; the mail is erased once nobody waits for it.
    ///
    /// # Errors
    /// When the disk refuses; `NotFound` when it is gone.
    pub fn forget(&self, id: &str, is_meant: impl Fn(&str) -> bool) -> io::Result<()> {
        let entry = self.entry(id)?;
        entry.lock()?;
        let mut slip = entry.slip()?;
        slip.recipients.retain(|recipient| !is_meant(&recipient.address));
        if slip.is_held() {
            entry.drop_case()?;
            entry.write_slip(&slip)
        } else {
            entry.erase()
        }
    }
}

fn slip(parcel: &Parcel, recipients: &[Address], grounds: &Grounds, now: Timestamp) -> Slip {
    let head = Head::parse(&parcel.head);
    let text = |name: &str| head.first(name).map(|field| charset::unstructured(&field.value)).unwrap_or_default();
    let since = now.to_string();
    let waiting = |(place, recipient): (usize, &Address)| Waiting {
        address: recipient.as_str().to_owned(),
        state: State::Held,
        since: since.clone(),
        reason: grounds.reasons.get(place).copied().unwrap_or_default(),
        told_at: String::new(),
        released_by: String::new(),
    };
    Slip {
        reference: grounds.reference.clone(),
        stored_at: since.clone(),
        sender: parcel.sender.as_str().to_owned(),
        recipients: recipients.iter().enumerate().map(waiting).collect(),
        subject: text("subject"),
        from: text("from"),
        score: grounds.score.clone(),
        symbols: grounds.symbols.clone(),
        bytes: parcel.len_bytes(),
        smtputf8: parcel.smtputf8,
        eight_bit: parcel.eight_bit,
        require_tls: parcel.require_tls,
        learned_at: String::new(),
    }
}

fn shelf(settings: &Settings) -> Result<Shelf, String> {
    match &settings.bucket {
        Some(place) => Bucket::open(place).map(|bucket| Shelf::Bucket(bucket, Arc::<Locks>::default())),
        None => Ok(Shelf::Folder(settings.folder.clone())),
    }
}

fn ids(shelf: &Shelf) -> io::Result<Vec<String>> {
    let mut ids: Vec<String> = shelf.names()?.into_iter().filter(|name| is_id(name)).collect();
    ids.sort();
    Ok(ids)
}

fn is_id(name: &str) -> bool {
    name.split_once('-').is_some_and(|(time, drawn)| {
        let is_moment = time.len() == "20260301T091407Z".len() && time.bytes().all(|it| it.is_ascii_alphanumeric());
        is_moment && drawn.len() == 16 && drawn.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
