//! Digests: one mail for each recipient about what the quarantine holds for them since the last one, with signed links.
//!
//! Touches the quarantine, and the mailstore through `deliver`. Whom a mail was told to stands in its slip, written after
//! the mailstore took the digest: a crash between the two tells twice, under the same Message-ID, never not at all.

pub mod letter;
pub mod pass;
pub mod schedule;
pub mod text;
pub mod words;

use self::{
    letter::{Item, Letter},
    pass::{Pass, Secrets},
    schedule::Schedule,
    words::Language,
};
use super::{
    deliver::{Mailstore, parcel::Parcel},
    desk::Desk,
    quarantine::{
        Quarantine,
        marks::is_news,
        slip::{Slip, Waiting},
    },
};
use crate::{
    judge::policy::{classes::Classes, verdict::Reply},
    limits,
    mail::{address::Address, hex::hex, timestamp::Timestamp},
    telemetry::metrics::Dependency,
    world::clock::now,
};
use aws_lc_rs::digest::{SHA256, digest};
use std::{collections::BTreeMap, fs, io, path::PathBuf, time::Duration};
use tokio::{sync::Mutex, task::spawn_blocking, time::Instant};

/// In the folder of the quarantine: when the last digests were due that all have been sent.
const SENT: &str = ".digest-sent";

/// Whom digests come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    pub name: String,
    pub address: String,
}

/// How recipients are told, and what they may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pub schedule: Schedule,
    pub from: Sender,
    /// What links begin with, without a slash at the end.
    pub link: String,
    /// Never empty.
    pub languages: Vec<Language>,
    /// Classes of recipients that are told; empty: all.
    pub classes: Vec<String>,
    /// File of the secrets that sign links.
    pub secret: PathBuf,
    /// How long links are taken.
    pub links_keep: Duration,
    /// Who helps: an address or a telephone number.
    pub help: String,
    /// Our name, for Message-IDs.
    pub host: String,
}

impl Settings {
    fn is_told(&self, classes: &Classes, recipient: &str) -> bool {
        let class = || classes.of(&Address::new(recipient)).map(|class| class.name.as_str());
        self.classes.is_empty() || class().is_some_and(|name| self.classes.iter().any(|known| known == name))
    }
}

/// A digest that is to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub recipient: String,
    /// The mails that it tells of.
    pub ids: Vec<String>,
    pub message: Vec<u8>,
}

/// What the recipient sees of a mail.
#[must_use]
pub fn item(slip: &Slip, waiting: &Waiting, keep: Duration) -> Item {
    let stored_at = Timestamp::parse_rfc3339(&slip.stored_at).unwrap_or_default();
    Item {
        subject: slip.subject.clone(),
        from: if slip.from.trim().is_empty() { slip.sender.clone() } else { slip.from.clone() },
        stored_at,
        reason: waiting.reason,
        deleted_at: after(stored_at, keep),
        reference: slip.reference.clone(),
        link: None,
    }
}

/// A moment later.
#[must_use]
pub fn after(time: Timestamp, later: Duration) -> Timestamp {
    Timestamp::from_seconds(time.seconds().saturating_add(i64::try_from(later.as_secs()).unwrap_or(i64::MAX)))
}

/// The digests of all mails that nobody was told of, or of those for one recipient.
///
/// # Errors
/// When quarantine or secrets cannot be read.
pub fn gather(
    quarantine: &Quarantine,
    settings: &Settings,
    classes: &Classes,
    only: Option<&str>,
) -> io::Result<Vec<Outgoing>> {
    let secrets = Secrets::read(&settings.secret).map_err(io::Error::other)?;
    let mut news: BTreeMap<String, Vec<(String, Item, bool)>> = BTreeMap::new();
    for (id, slip) in quarantine.all()? {
        // What cannot be read is told by the verbs for operators.
        let Ok(slip) = slip else { continue };
        for waiting in slip.recipients.iter().filter(|it| is_news(it.state, &it.told_at)) {
            let is_meant = only.is_none_or(|only| only.eq_ignore_ascii_case(&waiting.address));
            if is_meant && settings.is_told(classes, &waiting.address) {
                let told =
                    (id.clone(), item(&slip, waiting, quarantine.keep()), quarantine.may_release(classes, waiting));
                news.entry(waiting.address.to_ascii_lowercase()).or_default().push(told);
            }
        }
    }
    news.into_iter().map(|(recipient, mails)| outgoing(settings, &secrets, recipient, mails)).collect()
}

fn outgoing(
    settings: &Settings,
    secrets: &Secrets,
    recipient: String,
    mails: Vec<(String, Item, bool)>,
) -> io::Result<Outgoing> {
    let now = now();
    let until = after(now, settings.links_keep);
    let link = |mail: Option<String>, until: Timestamp| {
        let pass = Pass { recipient: recipient.clone(), mail, may_release: true, until: until.seconds() };
        secrets.sign(&pass).map(|token| format!("{}/{token}", settings.link))
    };
    let ids: Vec<String> = mails.iter().map(|(id, ..)| id.clone()).collect();
    let more = mails.len().saturating_sub(limits::DIGEST_MAILS_MAX);
    let mut items = Vec::new();
    // The newest first; what is left out stands on the page.
    for (id, mut item, may_release) in mails.into_iter().rev().take(limits::DIGEST_MAILS_MAX) {
        if may_release {
            item.link = Some(link(Some(id), until.min(item.deleted_at))?);
        }
        items.push(item);
    }
    let named = digest(&SHA256, format!("{recipient}\n{}", ids.join("\n")).as_bytes());
    let letter = Letter {
        settings,
        recipient: &recipient,
        items: &items,
        more,
        link: &link(None, until)?,
        until,
        now,
        id: &hex(named.as_ref().iter().take(16)),
    };
    let message = letter.message();
    Ok(Outgoing { recipient, ids, message })
}

/// Hands a digest to the mailstore, and notes that it was told.
///
/// # Errors
/// When that cannot be noted: it will be told again.
pub async fn send(quarantine: &Quarantine, mailstore: &Mailstore, outgoing: Outgoing) -> io::Result<Reply> {
    let Outgoing { recipient, ids, message } = outgoing;
    // The null sender: nothing comes back of what a machine sends (RFC 3834 3.3).
    let mut parcel = Parcel::whole(Address::new(""), message);
    parcel.eight_bit = !recipient.is_ascii();
    parcel.smtputf8 = !recipient.is_ascii();
    let replies = mailstore.deliver(&parcel, &[Address::new(&recipient)]).await;
    let reply = replies.into_iter().next().unwrap_or_else(|| Reply::new(451, "4.3.0", "no reply"));
    if reply.is_positive() {
        let quarantine = quarantine.clone();
        let mark = move || ids.iter().try_for_each(|id| quarantine.mark_told(id, &recipient));
        spawn_blocking(mark).await.map_err(io::Error::other)??;
    }
    Ok(reply)
}

/// Sends digests when they are due.
pub struct Digests {
    settings: Settings,
    /// Held while digests are sent; when a mailstore that did not take them is asked again.
    again_at: Mutex<Option<Instant>>,
}

impl Digests {
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, again_at: Mutex::new(None) }
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sends what is due, unless that is under way already.
    pub async fn send_due(&self, desk: &Desk) {
        let Ok(mut again_at) = self.again_at.try_lock() else { return };
        let (Some(due), Some(quarantine)) = (self.settings.schedule.last_due(now()), desk.quarantine()) else { return };
        if again_at.is_some_and(|again_at| again_at > Instant::now()) {
            return;
        }
        let place = quarantine.folder().join(SENT);
        let sent = match fs::read_to_string(&place) {
            // The first start of this house: what is due comes next.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return note(&place, now()),
            Err(error) => return tracing::error!(place = %place.display(), %error, "digest: cannot tell what was sent"),
            Ok(text) => Timestamp::parse_rfc3339(&text).unwrap_or_default(),
        };
        if sent >= due {
            return;
        }
        match self.send_all(desk, &quarantine).await {
            Ok(true) => {
                *again_at = None;
                note(&place, due);
            }
            Ok(false) => *again_at = Some(Instant::now() + limits::DIGEST_RETRY_SECONDS),
            Err(error) => {
                tracing::error!(%error, "digest: cannot send; it is tried again");
                *again_at = Some(Instant::now() + limits::DIGEST_RETRY_SECONDS);
            }
        }
    }

    /// Sends all there is; answers whether every mailbox has said yes or no.
    async fn send_all(&self, desk: &Desk, quarantine: &Quarantine) -> io::Result<bool> {
        let Some(mailstore) = desk.mailstore() else { return Ok(true) };
        let (settings, rulebook, held) = (self.settings.clone(), desk.rulebook(), quarantine.clone());
        let gathering = spawn_blocking(move || gather(&held, &settings, &rulebook.classes, None));
        let (mut sent, mut is_all_told) = (0, true);
        for outgoing in gathering.await.map_err(io::Error::other)?? {
            let reply = send(quarantine, &mailstore, outgoing).await?;
            desk.metrics().digest(reply.code);
            sent += usize::from(reply.is_positive());
            is_all_told &= !reply.is_transient();
            if reply.is_transient() {
                tracing::warn!(code = reply.code, enhanced = reply.enhanced, "digest: not taken; it is tried again");
            }
            // 4.4.x: the mailstore cannot be reached, so nobody else's digest can be handed over.
            if reply.is_transient() && reply.enhanced.starts_with("4.4.") {
                desk.metrics().dependency_up(Dependency::Mailstore, false);
                break;
            }
        }
        if sent > 0 {
            tracing::info!(digests = sent, "digest: sent");
        }
        Ok(is_all_told)
    }
}

/// Writes down when digests were due that are sent. Where that fails they are not told twice: each mail is marked.
fn note(place: &std::path::Path, due: Timestamp) {
    let draft = place.with_extension("tmp");
    let written = fs::write(&draft, due.to_string())
        .and_then(|()| fs::File::open(&draft)?.sync_all())
        .and_then(|()| fs::rename(&draft, place));
    if let Err(error) = written {
        tracing::error!(place = %place.display(), %error, "digest: cannot note what was sent");
    }
}
