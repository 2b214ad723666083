//! Teaching the learned model over the API: the file that `learn.model` names is changed as `wehr learn` changes it.
//!
//! The running server reads the new file by itself, some seconds later.

use super::{Asked, Trouble, body, held, trouble};
use crate::{
    doors::{inquiry::on_pool, teacher},
    judge::learned::model::Class,
    mail::message::Message,
};
use axum::{
    body::{Body, Bytes},
    http::{StatusCode, header},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task::spawn_blocking;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    /// ID or reference of a mail set aside.
    quarantine: String,
}

/// Teaches one mail, of the body or of the quarantine.
///
/// # Errors
/// When there is no model, no class, no mail, or the file cannot be written.
pub async fn learn(asked: &Asked<'_>, body: Body) -> Result<Value, Trouble> {
    let class = match asked.query("as") {
        Some("spam") => Class::Spam,
        Some("ham") => Class::Ham,
        _ => return Err(trouble(StatusCode::UNPROCESSABLE_ENTITY, "as what?", "?as=ham or ?as=spam")),
    };
    let none =
        || trouble(StatusCode::CONFLICT, "there is no model to teach", "wehr learn makes one, learn.model names it");
    let path = asked.api.desk.files().model.clone().ok_or_else(none)?;
    let kind = asked.head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let (octets, _permit) = if kind.starts_with("application/json") {
        let Named { quarantine } = body::json(body).await?;
        let permit = Arc::clone(&asked.api.bounds.mails).acquire_owned().await.ok();
        (Bytes::from(held::octets(asked, &quarantine).await?), permit)
    } else {
        let (octets, permit) = body::mail(asked.api, body).await?;
        (octets, Some(permit))
    };
    let fault =
        || trouble(StatusCode::INTERNAL_SERVER_ERROR, "reading this mail failed", "keep the mail and report it");
    let message = on_pool(asked.api.desk.pool(), move || Message::parse(octets)).await.ok_or_else(fault)?;
    let taught = spawn_blocking(move || teacher::teach(&path, class, &message)).await.map_err(|_| fault())?;
    let model = taught.map_err(|error| {
        tracing::error!(error, "admin: the model cannot be taught");
        trouble(StatusCode::SERVICE_UNAVAILABLE, "the model cannot be taught", "the log says why")
    })?;
    let (ham, spam) = model.known();
    tracing::info!(name = asked.who.name, ham, spam, "admin: learned");
    Ok(json!({ "ham": ham, "spam": spam, "digest": model.digest() }))
}
