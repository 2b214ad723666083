//! Policies per recipient: which addresses a subject has, and which class counts for it; written by a school's portal.
//!
//! Touches the file of subjects, under its lock. A change counts with the next mail, and after a restart.

use super::{Api, Asked, Trouble, body, trouble};
use crate::{
    doors::{desk::Desk, paper},
    judge::policy::classes::subjects::{Refusal, Subject, Subjects},
    world::clock::now,
};
use axum::{body::Body, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{fs, io::ErrorKind, path::Path, sync::Arc};
use tokio::task::spawn_blocking;

/// What a portal says of a subject.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    addresses: Vec<String>,
    class: String,
    /// As it was read; the server says it itself.
    #[serde(default, rename = "since")]
    _since: String,
    #[serde(default, rename = "subject")]
    _subject: String,
}

fn shown(name: &str, subject: &Subject) -> Value {
    json!({ "subject": name, "addresses": subject.addresses, "class": subject.class, "since": subject.since })
}

/// All of them, by identifier, and the classes there are.
#[must_use]
pub fn all(api: &Api) -> Value {
    let rulebook = api.desk.rulebook();
    let subjects: Vec<Value> =
        rulebook.classes.subjects().all().iter().map(|(name, subject)| shown(name, subject)).collect();
    let classes: Vec<&str> = rulebook.classes.all().iter().map(|class| class.name.as_str()).collect();
    json!({ "subjects": subjects, "classes": classes })
}

fn missing() -> Trouble {
    trouble(StatusCode::NOT_FOUND, "there is no such subject", "GET /api/v1/recipients lists them")
}

/// One of them.
///
/// # Errors
/// When there is none.
pub fn one(asked: &Asked<'_>) -> Result<Value, Trouble> {
    let rulebook = asked.api.desk.rulebook();
    let found = rulebook.classes.subjects().get(asked.name);
    found.map(|subject| shown(asked.name, subject)).ok_or_else(missing)
}

/// Puts one in place. The same again changes nothing.
///
/// # Errors
/// 409 where an address is another's, 422 where something cannot be, 503 where the file cannot be written.
pub async fn put(asked: &Asked<'_>, body: Body) -> Result<Value, Trouble> {
    let Said { addresses, class, .. } = body::json(body).await?;
    let since = now().to_string();
    let (name, subject) = (asked.name.to_owned(), Subject { addresses, class, since });
    asked.api.desk.rulebook().classes.named(&subject.class).map_err(|unknown| {
        trouble(StatusCode::UNPROCESSABLE_ENTITY, unknown, "classes are those of policy.recipients")
    })?;
    change(asked, move |subjects| {
        let mut next = subjects.clone();
        next.put(&name, subject).map_err(|refusal| refused(&refusal))?;
        let is_same = |old: &Subject, new: &Subject| old.addresses == new.addresses && old.class == new.class;
        match (subjects.get(&name), next.get(&name)) {
            (Some(old), Some(new)) if is_same(old, new) => Ok((shown(&name, old), None)),
            (_, Some(new)) => Ok((shown(&name, new), Some(next))),
            (_, None) => Err(missing()),
        }
    })
    .await
}

/// Takes one away; its addresses then have the class that the file of classes names for them.
///
/// # Errors
/// When there is none, or the file cannot be written.
pub async fn remove(asked: &Asked<'_>) -> Result<Value, Trouble> {
    let name = asked.name.to_owned();
    change(asked, move |subjects| {
        let mut next = subjects.clone();
        let gone = next.remove(&name).ok_or_else(missing)?;
        Ok((shown(&name, &gone), Some(next)))
    })
    .await
}

fn refused(refusal: &Refusal) -> Trouble {
    match refusal {
        Refusal::Taken { .. } => {
            trouble(StatusCode::CONFLICT, refusal.to_string(), "take it from the other subject first")
        }
        Refusal::TooMany => trouble(StatusCode::INSUFFICIENT_STORAGE, refusal.to_string(), "remove some"),
        Refusal::Wrong(_) => trouble(StatusCode::UNPROCESSABLE_ENTITY, refusal.to_string(), "see docs/api.md"),
    }
}

/// Changes the file under its lock, then what counts.
async fn change(
    asked: &Asked<'_>,
    work: impl FnOnce(&Subjects) -> Result<(Value, Option<Subjects>), Trouble> + Send + 'static,
) -> Result<Value, Trouble> {
    let none = || trouble(StatusCode::CONFLICT, "there is no file for subjects", "policy.subjects names one");
    let path = asked.api.desk.files().subjects.clone().ok_or_else(none)?;
    let desk = Arc::clone(&asked.api.desk);
    let changed = spawn_blocking(move || changed(&desk, &path, work));
    let stopped = |_| trouble(StatusCode::INTERNAL_SERVER_ERROR, "the change was broken off", "read it again");
    let (value, has_changed) = changed.await.map_err(stopped)??;
    if has_changed {
        tracing::info!(name = asked.who.name, "admin: a subject has changed");
    }
    Ok(value)
}

fn changed(
    desk: &Desk,
    path: &Path,
    work: impl FnOnce(&Subjects) -> Result<(Value, Option<Subjects>), Trouble>,
) -> Result<(Value, bool), Trouble> {
    let told = |error: String| {
        tracing::error!(error, path = %path.display(), "admin: the subjects cannot be changed");
        trouble(StatusCode::SERVICE_UNAVAILABLE, "the subjects cannot be changed", "the log says why")
    };
    let _held = paper::lock(path).map_err(|error| told(error.to_string()))?;
    let running = Arc::clone(desk.rulebook().classes.subjects());
    let subjects = match fs::read_to_string(path) {
        // Nearly always it is what runs, and that costs less than reading it.
        Ok(text) if text == running.to_text() => running,
        Ok(text) => Arc::new(Subjects::read(&text).map_err(told)?),
        Err(error) if error.kind() == ErrorKind::NotFound => Arc::default(),
        Err(error) => return Err(told(error.to_string())),
    };
    let (value, next) = work(&subjects)?;
    let Some(next) = next.map(Arc::new) else { return Ok((value, false)) };
    // First what may refuse it, then the file, then the running rulebook: a failure leaves all as it was.
    let fits = desk.rulebook().classes.with_subjects(Arc::clone(&next));
    fits.map_err(|unknown| trouble(StatusCode::CONFLICT, unknown, "mend the classes or the subject it names"))?;
    paper::replace(path, next.to_text().as_bytes()).map_err(|error| told(error.to_string()))?;
    desk.amend(|rulebook| rulebook.with_subjects(Arc::clone(&next))).map_err(told)?;
    Ok((value, true))
}
