//! The quarantine over the API: operators see all, recipients what is theirs, the help desk what was decided.
//!
//! Recipients release to themselves what was set aside for a reason of `quarantine.digest.release`; for the rest, or where
//! their class says no, they ask the help desk.

use super::{
    Asked, Trouble,
    tokens::{Holder, Role},
    trouble,
};
use crate::{
    doors::quarantine::{
        Quarantine,
        release::{By, Handed},
        slip::Slip,
    },
    judge::{policy::classes::subjects::Subjects, rulebook::Rulebook},
    limits,
    mail::{address::Address, message::Message},
};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::{io, sync::Arc};
use tokio::task::spawn_blocking;

/// Who asks, for work on another thread.
#[derive(Clone)]
struct Viewer {
    who: Holder,
    rulebook: Arc<Rulebook>,
}

impl Viewer {
    fn of(asked: &Asked<'_>) -> Self {
        Self { who: asked.who.clone(), rulebook: asked.api.desk.rulebook() }
    }

    fn subjects(&self) -> &Subjects {
        self.rulebook.classes.subjects()
    }

    fn is_meant(&self, address: &str) -> bool {
        self.who.role != Role::Recipient || self.who.owns(address, self.subjects())
    }

    /// What this role sees of a slip; nothing if it is not theirs.
    fn shown(&self, store: &Quarantine, id: &str, slip: &Slip) -> Option<Value> {
        let mut slip = slip.clone();
        slip.recipients.retain(|recipient| self.is_meant(&recipient.address));
        if slip.recipients.is_empty() {
            return None;
        }
        if self.who.role == Role::HelpDesk {
            let states: Vec<&str> = slip.recipients.iter().map(|recipient| recipient.state.word()).collect();
            let domain = Address::new(&slip.sender).domain().map(|domain| domain.to_string()).unwrap_or_default();
            return Some(json!({
                "id": id, "reference": slip.reference, "stored_at": slip.stored_at, "score": slip.score,
                "symbols": slip.symbols, "bytes": slip.bytes, "sender_domain": domain, "states": states,
            }));
        }
        let may_release = self.may_release(store, &slip);
        let mut value = json!(slip);
        if let Some(fields) = value.as_object_mut() {
            fields.insert("id".to_owned(), id.into());
            fields.insert("may_release".to_owned(), may_release.into());
        }
        Some(value)
    }

    /// May who asks release this mail to those recipients of it that are meant?
    fn may_release(&self, store: &Quarantine, slip: &Slip) -> bool {
        let mut meant = slip.recipients.iter().filter(|recipient| self.is_meant(&recipient.address));
        self.who.role == Role::Operator || meant.all(|recipient| store.may_release(&self.rulebook.classes, recipient))
    }
}

fn quarantine(asked: &Asked<'_>) -> Result<Arc<Quarantine>, Trouble> {
    let none = || trouble(StatusCode::NOT_FOUND, "this server has no quarantine", "the LMTP door sets mail aside");
    asked.api.desk.quarantine().ok_or_else(none)
}

fn told(error: &io::Error) -> Trouble {
    if error.kind() == io::ErrorKind::NotFound {
        return missing();
    }
    tracing::error!(%error, "admin: the quarantine cannot be used");
    trouble(StatusCode::SERVICE_UNAVAILABLE, "the quarantine cannot be used", "the log says why")
}

fn missing() -> Trouble {
    trouble(StatusCode::NOT_FOUND, "no such mail is in the quarantine", "GET /api/v1/quarantine lists what is")
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Trouble> {
    let done = spawn_blocking(work).await.map_err(io::Error::other);
    done.and_then(|done| done).map_err(|error| told(&error))
}

/// Mails that somebody waits for, newest first.
///
/// # Errors
/// When the quarantine cannot be read.
pub async fn list(asked: &Asked<'_>) -> Result<Value, Trouble> {
    let (store, viewer) = (quarantine(asked)?, Viewer::of(asked));
    let most = asked.number("limit").and_then(|limit| usize::try_from(limit).ok());
    let most = most.unwrap_or(limits::QUARANTINE_LISTED_MAX).min(limits::QUARANTINE_LISTED_MAX);
    let is_all = asked.number("all") == Some(1);
    // Whoever has few mails has all of them looked through.
    let _permit = Arc::clone(&asked.api.bounds.mails).acquire_owned().await;
    let shown = blocking(move || {
        let slip = |id: &String| store.entry(id).and_then(|entry| entry.slip());
        // What is deleted meanwhile, or was altered, is left out; the verb tells of the latter.
        let slips = store.ids()?.into_iter().rev().filter_map(|id| slip(&id).ok().map(|slip| (id, slip)));
        let wanted = slips.filter(|(_, slip)| is_all || slip.is_held());
        Ok(wanted.filter_map(|(id, slip)| viewer.shown(&store, &id, &slip)).take(most).collect::<Vec<Value>>())
    });
    Ok(json!({ "mails": shown.await? }))
}

/// One mail with its header section and parts.
///
/// # Errors
/// When it is not there, or somebody else's.
pub async fn show(asked: &Asked<'_>) -> Result<Value, Trouble> {
    let (store, viewer, id) = (quarantine(asked)?, Viewer::of(asked), asked.name.to_owned());
    let _permit = Arc::clone(&asked.api.bounds.mails).acquire_owned().await;
    blocking(move || {
        let entry = store.entry(&id)?;
        let mut shown = viewer.shown(&store, &id, &entry.slip()?).ok_or(io::ErrorKind::NotFound)?;
        let message = Message::parse(entry.message()?.into());
        let parts = message.parts.iter().map(|part| {
            json!({ "path": part.path, "name": part.name, "declared": part.declared, "detected": part.detected,
                    "bytes": part.bytes, "sha256": part.sha256 })
        });
        let parts: Vec<Value> = parts.collect();
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("head".to_owned(), String::from_utf8_lossy(message.head.raw()).into());
            fields.insert("parts".to_owned(), parts.into());
        }
        Ok(shown)
    })
    .await
}

/// Hands a mail over to those who wait for it.
///
/// # Errors
/// When it is not there, may not be released, or cannot be read.
pub async fn release(asked: &Asked<'_>) -> Result<Value, Trouble> {
    let (store, viewer, id) = (quarantine(asked)?, Viewer::of(asked), asked.name.to_owned());
    let none = || trouble(StatusCode::SERVICE_UNAVAILABLE, "there is no mailstore", "deliver.to names one");
    let mailstore = asked.api.desk.mailstore().ok_or_else(none)?;
    let (looked, name) = (Arc::clone(&store), id.clone());
    let slip = blocking(move || looked.entry(&name)?.slip()).await?;
    viewer.shown(&store, &id, &slip).ok_or_else(missing)?;
    if !viewer.may_release(&store, &slip) {
        let why = "what it was set aside for, or your class, keeps you from releasing it";
        return Err(trouble(StatusCode::FORBIDDEN, why, "ask the help desk"));
    }
    let by = if viewer.who.role == Role::Recipient { By::Recipient } else { By::Operator };
    let handed = store.release(&id, |address| viewer.is_meant(address), &mailstore, by).await;
    let handed = handed.map_err(|error| told(&error))?;
    let one = |(address, handed): (String, Handed)| match handed {
        Handed::Now(reply) if reply.is_positive() => {
            json!({ "recipient": address, "state": "released", "reply": reply.to_string() })
        }
        Handed::Now(reply) => json!({ "recipient": address, "state": "held", "reply": reply.to_string() }),
        Handed::Before(state) => json!({ "recipient": address, "state": state.word(), "reply": "before" }),
    };
    let handed: Vec<Value> = handed.into_iter().map(one).collect();
    tracing::info!(name = viewer.who.name, id, "admin: released");
    Ok(json!({ "id": id, "recipients": handed }))
}

/// Deletes a mail for who asks.
///
/// # Errors
/// When it is not there.
pub async fn delete(asked: &Asked<'_>) -> Result<Value, Trouble> {
    let (store, viewer, id) = (quarantine(asked)?, Viewer::of(asked), asked.name.to_owned());
    let name = viewer.who.name.clone();
    let wanted = id.clone();
    let deleted = blocking(move || store.delete(&wanted, |address| viewer.is_meant(address))).await?;
    if deleted == 0 {
        return Err(missing());
    }
    tracing::info!(name, id, "admin: deleted");
    Ok(json!({ "id": id, "deleted": deleted }))
}

/// The octets of the mail with this ID or reference.
///
/// # Errors
/// When it is not there.
pub async fn octets(asked: &Asked<'_>, wanted: &str) -> Result<Vec<u8>, Trouble> {
    let (store, wanted) = (quarantine(asked)?, wanted.to_owned());
    blocking(move || {
        let entry = match store.entry(&wanted) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let all = store.all()?;
                let is_it = |slip: &io::Result<Slip>| slip.as_ref().is_ok_and(|slip| slip.reference == wanted);
                let id = all.into_iter().find(|(_, slip)| is_it(slip)).map(|(id, _)| id);
                store.entry(&id.ok_or(io::ErrorKind::NotFound)?)
            }
            entry => entry,
        };
        entry?.message()
    })
    .await
}
