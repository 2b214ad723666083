//! Explaining a mail over the API: judged as a door would, told as `wehr explain --json` does, without any consequence.
//!
//! It is not counted, kept, recorded or remembered. Name servers, the scanner and the store are asked as for any mail.

use super::{Asked, Trouble, body, trouble};
use crate::{
    doors::{
        checkv2::request,
        desk::Desk,
        inquiry::{Inquiry, on_pool},
        trial::Circumstances,
    },
    explain::{
        self,
        judged::{Judged, Said},
    },
    judge::{
        Judge,
        facts::{Fact, Question, Scanned},
        rulebook::Rulebook,
    },
    limits,
    mail::message::Message,
    telemetry::metrics::Metrics,
    world::clock::now,
};
use axum::{
    body::{Body, Bytes},
    http::StatusCode,
};
use serde_json::Value;
use std::sync::Arc;
use tokio::{task::spawn_blocking, time::Instant};

/// Judges the mail and tells how the verdict came about. Client and envelope are in the same request fields as those of
/// `/checkv2`; what is not told is guessed from the mail.
///
/// # Errors
/// When the mail is too large, the server too busy, or a rule that is asked for is not there.
pub async fn explain(asked: &Asked<'_>, body: Body) -> Result<Value, Trouble> {
    let (octets, _permit) = body::mail(asked.api, body).await?;
    let fields = asked.head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let said = said(request::circumstances(fields));
    let rulebook = asked.api.desk.rulebook();
    let names = asked.query("why_not").unwrap_or_default();
    let why_not: Vec<String> =
        names.split(',').filter(|name| !name.is_empty()).take(limits::WHY_NOT_MAX).map(str::to_owned).collect();
    let Some(unseen) = &asked.api.bounds.unseen else { return Err(fault()) };
    let judged = judge(&asked.api.desk, &rulebook, &said, octets, unseen).await?;
    // Judging again and again takes long; live mails keep the pool.
    let told = spawn_blocking(move || {
        let trace = explain::trace_of(&judged, &rulebook, &why_not)?;
        Ok(explain::told(&judged, &rulebook, &trace))
    });
    let told: Result<Value, String> = told.await.map_err(|_| fault())?;
    told.map_err(|unknown| trouble(StatusCode::UNPROCESSABLE_ENTITY, unknown, "GET /api/v1/rules lists them"))
}

fn said(told: Circumstances) -> Said {
    Said {
        address: told.client.address,
        helo: told.client.helo,
        sender: told.sender,
        recipients: told.recipients,
        tls: told.client.tls.map(Some),
        received_at: None,
    }
}

async fn judge(
    desk: &Desk,
    rulebook: &Arc<Rulebook>,
    said: &Said,
    octets: Bytes,
    unseen: &Metrics,
) -> Result<Judged, Trouble> {
    let busy = || trouble(StatusCode::SERVICE_UNAVAILABLE, "the server is busy", "try again");
    let began = Instant::now();
    let deadline = began + limits::MAIL_SECONDS_MAX;
    let _permit = desk.judge_permit(octets.len(), deadline).await.ok_or_else(busy)?;
    let turn = desk.reading_turn(deadline).await.ok_or_else(busy)?;
    let message = on_pool(desk.pool(), move || Message::parse(octets)).await.ok_or_else(fault)?;
    let _found = desk.found_permit(message.inner_bytes()).await.ok_or_else(busy)?;
    drop(turn);
    let read = began.elapsed();
    let (mail, facts, guessed) = said.circumstances(message, None, now());
    let mail = Arc::new(mail);
    let mut inquiry = Inquiry::new(Arc::clone(desk.world()));
    facts.all().into_iter().for_each(|fact| inquiry.learn(fact));
    match desk.world().scan() {
        None => inquiry.learn(Fact::Virus(Scanned::NotAsked)),
        Some(mut scan) => {
            scan.feed(mail.message.raw.clone()).await;
            inquiry.expect(Question::Virus, scan.finish());
        }
    }
    let judge = Judge::new(Arc::clone(&mail), Arc::clone(rulebook));
    let settled = inquiry.settle(move || judge, deadline, desk.pool(), unseen).await.map_err(|_| fault())?;
    Ok(Judged {
        path: "mail".to_owned(),
        index: 1,
        mail,
        facts: settled.facts,
        verdict: settled.verdict,
        rounds: settled.rounds,
        guessed,
        took: read + settled.judging,
    })
}

fn fault() -> Trouble {
    trouble(StatusCode::INTERNAL_SERVER_ERROR, "reading or judging this mail failed", "keep the mail and report it")
}
