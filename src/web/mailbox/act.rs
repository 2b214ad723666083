//! What a recipient does about a mail: it is handed over to them alone, and taught to the model where they say so.
//!
//! Each deed is counted, logged by the reference of the verdict, and noted in the history.

use super::{Answer, Mailbox, Sheet, failed};
use crate::{
    doors::{
        digest::pass::Pass,
        quarantine::{
            Quarantine,
            release::{By, Handed},
            slip::{Slip, State, Waiting},
        },
        teacher,
    },
    judge::policy::verdict::Reply,
    limits,
    world::clock::now,
};
use axum::http::StatusCode;
use std::{io, sync::Arc};
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout},
};

/// Does what the form of a page asks for: `page` is whose page it is, `wanted` is of one mail on it.
pub async fn act(mailbox: &Arc<Mailbox>, page: &Pass, wanted: Pass, is_not_spam: bool) -> Answer {
    let act = if is_not_spam { "not_spam" } else { "release" };
    let counted = |result: &'static str, answer: Answer| {
        mailbox.desk.metrics().mailbox(act, result);
        answer
    };
    let is_of_page = page.recipient == wanted.recipient && (page.mail.is_none() || page.mail == wanted.mail);
    let (Some(id), true) = (wanted.mail.clone(), is_of_page) else {
        return counted("invalid_link", failed(StatusCode::NOT_FOUND, "fail_link"));
    };
    let Some(quarantine) = mailbox.desk.quarantine() else {
        return counted("failed", failed(StatusCode::SERVICE_UNAVAILABLE, "fail_trouble"));
    };
    let slip = match slip(&quarantine, &id).await {
        Ok(slip) => slip,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return counted("before", failed(StatusCode::GONE, "fail_gone"));
        }
        Err(error) => {
            tracing::error!(%error, "mailbox: cannot read a mail");
            return counted("failed", failed(StatusCode::SERVICE_UNAVAILABLE, "fail_trouble"));
        }
    };
    let rulebook = mailbox.desk.rulebook();
    let may_release = |waiting: &Waiting| quarantine.may_release(&rulebook.classes, waiting);
    let is_allowed = slip.waiting(&wanted.recipient).is_some_and(may_release);
    if !(is_allowed && page.may_release && wanted.may_release) {
        return counted("not_allowed", failed(StatusCode::FORBIDDEN, "fail_not_allowed"));
    }
    // Only a mail with a permit is held whole.
    let deadline = Instant::now() + limits::MAILBOX_RELEASE_SECONDS_MAX;
    let Some(_permit) = mailbox.desk.judge_permit(slip.bytes, deadline).await else {
        return counted("deferred", failed(StatusCode::SERVICE_UNAVAILABLE, "fail_trouble"));
    };
    let (result, answer) = release(mailbox, &quarantine, &id, &wanted.recipient).await;
    let reference = slip.reference.as_str();
    tracing::info!(reference, act, result, "mailbox: a recipient asked for a mail");
    if result == "done" {
        note(mailbox, reference, "released by its recipient");
    }
    if is_not_spam && matches!(result, "done" | "before") && teach(mailbox, &quarantine, &id, &wanted.recipient).await {
        note(mailbox, reference, "learned as no spam");
        tracing::info!(reference, "mailbox: the model learned a mail that is no spam");
        return counted(result, (StatusCode::OK, Sheet::Told { is_done: true, what: "done_learned" }));
    }
    counted(result, answer)
}

fn note(mailbox: &Mailbox, reference: &str, what: &str) {
    if let Some(history) = mailbox.desk.history() {
        history.note(reference, now(), what);
    }
}

async fn slip(quarantine: &Quarantine, id: &str) -> io::Result<Slip> {
    let (quarantine, id) = (quarantine.clone(), id.to_owned());
    let read = spawn_blocking(move || quarantine.entry(&id).and_then(|entry| entry.slip()));
    read.await.map_err(io::Error::other)?
}

/// Hands the mail over to one recipient: what is counted, and what is said.
async fn release(mailbox: &Mailbox, quarantine: &Quarantine, id: &str, recipient: &str) -> (&'static str, Answer) {
    let told = |what| (StatusCode::OK, Sheet::Told { is_done: true, what });
    let Some(mailstore) = mailbox.desk.mailstore() else {
        return ("deferred", failed(StatusCode::SERVICE_UNAVAILABLE, "fail_deferred"));
    };
    let is_meant = |address: &str| address.eq_ignore_ascii_case(recipient);
    let handed = match quarantine.release(id, is_meant, &mailstore, By::Recipient).await {
        Ok(handed) => handed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return ("before", failed(StatusCode::GONE, "fail_gone"));
        }
        Err(error) => {
            tracing::error!(%error, "mailbox: cannot release a mail");
            return ("failed", failed(StatusCode::SERVICE_UNAVAILABLE, "fail_trouble"));
        }
    };
    let replies = handed.iter().filter_map(|(_, handed)| match handed {
        Handed::Now(reply) => Some(reply),
        Handed::Before(_) => None,
    });
    replies.clone().for_each(|reply| mailbox.desk.metrics().delivery(reply.code));
    let is_deleted = handed.iter().all(|(_, handed)| *handed == Handed::Before(State::Deleted));
    match (replies.clone().count(), replies.clone().all(Reply::is_positive)) {
        (0, _) if is_deleted => ("before", failed(StatusCode::GONE, "fail_gone")),
        (0, _) => ("before", told("done_before")),
        (_, true) => ("done", told("done_released")),
        (_, false) => ("deferred", failed(StatusCode::SERVICE_UNAVAILABLE, "fail_deferred")),
    }
}

/// Teaches the model; answers whether it learned something.
async fn teach(mailbox: &Arc<Mailbox>, quarantine: &Quarantine, id: &str, recipient: &str) -> bool {
    let model = mailbox.desk.files().model.clone();
    let Some(model) = model.filter(|_| mailbox.lessons.takes(recipient)) else { return false };
    let learn = move |mail| teacher::teach_wanted(&model, mail).map_err(io::Error::other);
    let learned = timeout(limits::MAILBOX_RELEASE_SECONDS_MAX, quarantine.learn_once(id, learn)).await;
    match learned.map_err(io::Error::other).flatten() {
        Ok(is_learned) => {
            if is_learned {
                mailbox.desk.metrics().learned_from_recipient();
            }
            is_learned
        }
        Err(error) => {
            tracing::error!(%error, "mailbox: the model did not learn a mail that was released");
            false
        }
    }
}
