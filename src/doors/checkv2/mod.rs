//! `/checkv2`: mails judged for clients of rspamd's HTTP protocol (Exim, Haraka, rspamc ...); nothing is delivered.
//!
//! Whoever reaches the socket may ask, so it belongs on loopback or behind a firewall.

pub mod answer;
pub mod request;

use super::{
    desk::Desk,
    http,
    listener::{Connection, Stream},
    reception::Concluded,
    trial::Trial,
};
use crate::{
    judge::policy::verdict::Reply,
    limits,
    mail::head::{Field, Head},
    telemetry::metrics::Door,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::time::{Instant, timeout};

/// Serves one connection.
pub async fn serve(stream: Stream, desk: Arc<Desk>, connection: Connection) {
    let Some(_permit) = connection.permit else { return };
    http::serve(stream, router(desk), connection.drain).await;
}

fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/checkv2", post(check))
        .route("/ping", get(ping))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .with_state(desk)
}

async fn ping() -> &'static str {
    "pong\r\n"
}

async fn unknown() -> Response {
    refusal(StatusCode::NOT_FOUND, "there is no such command", "POST a mail to /checkv2, or GET /ping")
}

async fn check(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let begun = Instant::now();
    let (parts, body) = request.into_parts();
    if is_packed(&parts.headers) {
        let hint = "turn compression and encryption off in the client";
        return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the mail is compressed or encrypted", hint);
    }
    let fields = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let mut trial = Trial::new(&desk, Door::Check, request::circumstances(fields));
    match timeout(limits::TRIAL_BODY_SECONDS_MAX, receive(&mut trial, body)).await {
        Ok(Ok(())) => {}
        Ok(Err(response)) => return response,
        Err(_) => return refusal(StatusCode::REQUEST_TIMEOUT, "the mail took too long to come", "send it again"),
    }
    match trial.conclude().await {
        Err(reply) => refused(&reply),
        Ok((concluded, _)) => {
            let told = told(&concluded, begun);
            concluded.close();
            json_of(StatusCode::OK, &told)
        }
    }
}

/// rspamd's clients may send zstd, and bodies in its own encryption (`Key`).
fn is_packed(fields: &HeaderMap) -> bool {
    let is_set = |name: &str| {
        fields.get(name).is_some_and(|value| !value.is_empty() && !value.as_bytes().eq_ignore_ascii_case(b"identity"))
    };
    ["content-encoding", "compression", "key"].into_iter().any(is_set)
}

async fn receive(trial: &mut Trial, body: Body) -> Result<(), Response> {
    let mut body = body.into_data_stream();
    while let Some(octets) = body.next().await {
        let octets =
            octets.map_err(|_| refusal(StatusCode::BAD_REQUEST, "the mail broke off", "send the whole of it"))?;
        // A refusal stays with the mail and is told at its end: clients read no answer while they write.
        let _ = trial.bytes(&octets).await;
    }
    Ok(())
}

fn told(concluded: &Concluded, begun: Instant) -> Value {
    let head = Head::parse(&concluded.head);
    let message_id = head.first("Message-ID").map(Field::text).unwrap_or_default();
    let message_id = message_id.trim().trim_start_matches('<').trim_end_matches('>');
    answer::answer(&concluded.verdict, &concluded.rulebook, message_id, begun.elapsed())
}

/// A mail without verdict is an error for the client, never something that could be taken for "no action".
fn refused(reply: &Reply) -> Response {
    let (status, hint) = match reply.code {
        552 => (StatusCode::PAYLOAD_TOO_LARGE, "limits.message_bytes_max is the bound"),
        500.. => (StatusCode::BAD_REQUEST, "look at From and Rcpt of the request"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "defer the mail and ask again"),
    };
    refusal(status, &reply.text, hint)
}

fn refusal(status: StatusCode, error: &str, hint: &str) -> Response {
    json_of(status, &json!({ "error": error, "hint": hint }))
}

fn json_of(status: StatusCode, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
