//! What a recipient sees: one mail, or all that wait for them. Reads the quarantine, changes nothing.

use super::{Answer, Mailbox, Row, Sheet, failed};
use crate::{
    doors::{
        digest::{
            after, item,
            pass::{Pass, Secrets},
        },
        quarantine::{
            Quarantine,
            slip::{Slip, State},
        },
    },
    judge::rulebook::Rulebook,
    limits,
    world::clock::now,
};
use axum::http::StatusCode;
use std::{io, sync::Arc};
use tokio::task::spawn_blocking;

/// The mails that the pass names.
pub async fn view(mailbox: &Arc<Mailbox>, pass: Pass) -> Answer {
    let metrics = mailbox.desk.metrics();
    let Some(quarantine) = mailbox.desk.quarantine() else {
        return failed(StatusCode::SERVICE_UNAVAILABLE, "fail_trouble");
    };
    let (shared, recipient) = (Arc::clone(mailbox), pass.recipient.clone());
    let read = spawn_blocking(move || rows(&shared, &quarantine, &pass)).await;
    match read.map_err(io::Error::other).flatten() {
        Ok(None) => {
            metrics.mailbox("view", "done");
            failed(StatusCode::GONE, "fail_gone")
        }
        Ok(Some(rows)) => {
            metrics.mailbox("view", "done");
            (StatusCode::OK, Sheet::Mails { recipient, rows })
        }
        Err(error) => {
            tracing::error!(%error, "mailbox: cannot read the quarantine");
            metrics.mailbox("view", "failed");
            failed(StatusCode::SERVICE_UNAVAILABLE, "fail_trouble")
        }
    }
}

/// `None` where the one mail is gone.
fn rows(mailbox: &Mailbox, quarantine: &Quarantine, pass: &Pass) -> io::Result<Option<Vec<Row>>> {
    let secrets = Secrets::read(&mailbox.digests.settings().secret).map_err(io::Error::other)?;
    let (rulebook, can_teach) = (mailbox.desk.rulebook(), mailbox.desk.files().model.is_some());
    let maker = Maker { secrets, pass, can_teach, rulebook: &rulebook, quarantine };
    if let Some(id) = &pass.mail {
        return match quarantine.entry(id).and_then(|entry| entry.slip()) {
            Ok(slip) => maker.row(id, &slip).map(|row| row.map(|row| vec![row])),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
    }
    let mut rows = Vec::new();
    for (id, slip) in quarantine.all()?.into_iter().rev() {
        let Ok(slip) = slip else { continue };
        let is_held = slip.waiting(&pass.recipient).is_some_and(|waiting| waiting.state == State::Held);
        if is_held && rows.len() < limits::MAILBOX_MAILS_MAX {
            rows.extend(maker.row(&id, &slip)?);
        }
    }
    Ok(Some(rows))
}

struct Maker<'a> {
    secrets: Secrets,
    pass: &'a Pass,
    can_teach: bool,
    rulebook: &'a Rulebook,
    quarantine: &'a Quarantine,
}

impl Maker<'_> {
    /// What is shown of a mail; `None` where it is not the recipient's.
    fn row(&self, id: &str, slip: &Slip) -> io::Result<Option<Row>> {
        let Some(waiting) = slip.waiting(&self.pass.recipient) else { return Ok(None) };
        let may_release = self.pass.may_release && self.quarantine.may_release(&self.rulebook.classes, waiting);
        let until = after(now(), limits::MAILBOX_PAGE_SECONDS_MAX).seconds();
        let pass = Pass { mail: Some(id.to_owned()), may_release, until, ..self.pass.clone() };
        let token = (may_release && waiting.state == State::Held).then(|| self.secrets.sign(&pass)).transpose()?;
        Ok(Some(Row {
            item: item(slip, waiting, self.quarantine.keep()),
            token,
            can_teach: self.can_teach,
            state: waiting.state,
            since: waiting.since.clone(),
        }))
    }
}
