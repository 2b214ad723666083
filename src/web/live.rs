//! The live stream: verdicts as server-sent events while they are made.
//!
//! A slow reader loses the oldest and is told how many. A drain ends every stream.

use super::{Api, Trouble, look, tokens::Holder, trouble};
use crate::{doors::history::Entry, limits};
use axum::{
    body::{Body, Bytes},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::{Value, json};
use std::{convert::Infallible, sync::Arc};
use tokio::{
    sync::{
        OwnedSemaphorePermit,
        broadcast::{Receiver, error::RecvError},
        watch,
    },
    time::sleep,
};

/// Who reads along.
struct Reader {
    api: Api,
    who: Holder,
    verdicts: Receiver<Arc<Entry>>,
    draining: watch::Receiver<bool>,
    stage: Stage,
    _permit: OwnedSemaphorePermit,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begun,
    Reading,
    Ended,
}

/// Begins a stream.
///
/// # Errors
/// When there are too many.
pub fn stream(api: &Api, who: &Holder) -> Result<Response, Trouble> {
    let permit = Arc::clone(&api.bounds.readers).try_acquire_owned().map_err(|_| {
        trouble(StatusCode::SERVICE_UNAVAILABLE, "too many read along", "close another page, or ask /api/v1/verdicts")
    })?;
    let reader = Reader {
        api: api.clone(),
        who: who.clone(),
        verdicts: api.history.live(),
        draining: api.draining.clone(),
        stage: Stage::Begun,
        _permit: permit,
    };
    let fields = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let events = stream::unfold(reader, |reader| async {
        let (event, reader) = next(reader).await?;
        Some((Ok::<Bytes, Infallible>(event.into()), reader))
    });
    Ok((fields, Body::from_stream(events)).into_response())
}

/// The next event; the first one says at once that the stream stands.
async fn next(mut reader: Reader) -> Option<(String, Reader)> {
    match reader.stage {
        Stage::Ended => return None,
        Stage::Begun => {
            reader.stage = Stage::Reading;
            return Some((": begins\n\n".to_owned(), reader));
        }
        Stage::Reading => {}
    }
    loop {
        let Reader { verdicts, draining, .. } = &mut reader;
        let heard = tokio::select! {
            biased;
            _ = draining.wait_for(|is_draining| *is_draining) => Some(Err(RecvError::Closed)),
            heard = verdicts.recv() => Some(heard),
            () = sleep(limits::LIVE_BEAT_SECONDS) => None,
        };
        if matches!(heard, Some(Err(RecvError::Closed))) {
            reader.stage = Stage::Ended;
        }
        if let Some(told) = told(heard, |entry| look::shown(&reader.api, &reader.who, entry)) {
            return Some((told, reader));
        }
    }
}

/// What a reader is told of what was heard; nothing of a verdict that is not for it.
fn told(heard: Option<Result<Arc<Entry>, RecvError>>, shown: impl Fn(&Entry) -> Option<Value>) -> Option<String> {
    match heard {
        None => Some(": still here\n\n".to_owned()),
        Some(Ok(entry)) => shown(&entry).map(|shown| event("verdict", &shown)),
        Some(Err(RecvError::Lagged(lost))) => Some(event("lost", &json!({ "lost": lost }))),
        Some(Err(RecvError::Closed)) => Some(event("end", &json!({}))),
    }
}

/// JSON has no line ends, so one `data` line is enough.
fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::broadcast;

    #[tokio::test]
    async fn a_slow_reader_is_told_how_many_it_lost() {
        let (sender, mut slow) = broadcast::channel(2);
        for entry in ["one", "two", "three", "four", "five"] {
            sender.send(entry).unwrap();
        }
        let lost = slow.recv().await.unwrap_err();
        assert_eq!(told(Some(Err(lost)), |_| None).unwrap(), "event: lost\ndata: {\"lost\":3}\n\n");
        assert_eq!(slow.recv().await, Ok("four"));
        assert!(told(Some(Err(RecvError::Closed)), |_| None).unwrap().starts_with("event: end\n"));
    }
}
