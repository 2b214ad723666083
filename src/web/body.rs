//! What comes with a request: a mail, or a small JSON object; bounded in octets and time.

use super::{Api, Trouble, trouble};
use crate::{doors::trial::Lines, limits};
use axum::{
    body::{self, Body, Bytes},
    http::StatusCode,
};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

/// A mail in wire form, with the permit to hold it.
///
/// # Errors
/// When it is too large, too slow or empty.
pub async fn mail(api: &Api, body: Body) -> Result<(Bytes, OwnedSemaphorePermit), Trouble> {
    let closed = |_| trouble(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping", "try again");
    let permit = Arc::clone(&api.bounds.mails).acquire_owned().await.map_err(closed)?;
    let octets = octets(body, api.desk.limits().message_bytes_max).await?;
    if octets.is_empty() {
        return Err(trouble(StatusCode::UNPROCESSABLE_ENTITY, "there is no mail", "send its octets as the body"));
    }
    Ok((Lines::default().wire(&octets), permit))
}

/// A JSON object.
///
/// # Errors
/// When it is not what is needed; the text says where.
pub async fn json<T: DeserializeOwned>(body: Body) -> Result<T, Trouble> {
    let octets = octets(body, limits::ADMIN_BODY_BYTES_MAX).await?;
    let wrong = |error: serde_json::Error| {
        trouble(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("the body is not as it should be: {error}"),
            "see docs/api.md",
        )
    };
    serde_json::from_slice(&octets).map_err(wrong)
}

async fn octets(body: Body, most: usize) -> Result<Bytes, Trouble> {
    match timeout(limits::TRIAL_BODY_SECONDS_MAX, body::to_bytes(body, most)).await {
        Ok(Ok(octets)) => Ok(octets),
        Ok(Err(_)) => {
            let error = format!("the body broke off, or is larger than {most} octets");
            Err(trouble(StatusCode::PAYLOAD_TOO_LARGE, error, "send less"))
        }
        Err(_) => Err(trouble(StatusCode::REQUEST_TIMEOUT, "the body took too long to come", "send it again")),
    }
}
