//! The admin API: JSON over HTTP for people on duty, by token (docs/api.md).
//!
//! Nothing that changes state answers to GET, there are no cookies and no CORS. Wrong tokens are answered late.

pub mod mailbox;
pub mod routes;
pub mod tokens;

use self::{
    routes::{Call, Found},
    tokens::{Role, Tokens},
};
use crate::{
    doors::{
        desk::Desk,
        history::{Entry, History},
        http,
        listener::Stream,
    },
    judge::{findings::Symbol, rules::Rule},
    limits,
    telemetry::metrics::Dependency,
};
use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc, oneshot, watch},
    task::JoinSet,
    time::sleep,
};

/// What a reload came to: the digest of the rulebook, or why the old one stays.
pub type Reloaded = Result<String, String>;

/// What the API shows and does.
#[derive(Clone)]
pub struct Api {
    pub desk: Arc<Desk>,
    pub history: Arc<History>,
    pub tokens: Arc<ArcSwap<Tokens>>,
    pub is_ready: Arc<AtomicBool>,
    pub reload: mpsc::Sender<oneshot::Sender<Reloaded>>,
}

/// Accepts connections until the task is ended; the API answers while the doors drain.
pub async fn serve(listener: TcpListener, api: Api, drain: watch::Receiver<bool>) {
    let router = Router::new().fallback(answer).with_state(api);
    let room = Arc::new(Semaphore::new(limits::ADMIN_CONNECTIONS_MAX));
    let mut open = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        while open.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let (router, drain) = (router.clone(), drain.clone());
                open.spawn(async move {
                    http::serve(Stream::Tcp(stream), router, drain).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::error!(%error, "admin: cannot accept connections");
                sleep(limits::ADMIN_DELAY_SECONDS).await;
            }
        }
    }
}

async fn answer(State(api): State<Api>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let (status, value) = match answered(&api, &head).await {
        Ok(value) => (StatusCode::OK, value),
        Err((status, error, hint)) => (status, json!({ "error": error, "hint": hint })),
    };
    let fields = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    (status, fields, value.to_string()).into_response()
}

type Trouble = (StatusCode, String, &'static str);

fn trouble(status: StatusCode, error: &str, hint: &'static str) -> Trouble {
    (status, error.to_owned(), hint)
}

async fn answered(api: &Api, request: &Parts) -> Result<Value, Trouble> {
    let (call, role, name) = match routes::find(request.method.as_str(), request.uri.path()) {
        Found::Call(call, role, name) => (call, role, name),
        Found::Otherwise => {
            return Err(trouble(StatusCode::METHOD_NOT_ALLOWED, "another method is needed", "see /openapi.json"));
        }
        Found::Nothing => return Err(trouble(StatusCode::NOT_FOUND, "there is no such page", "see /openapi.json")),
    };
    let who = match role {
        None => Role::HelpDesk,
        Some(needed) => allowed(api, request, needed).await?,
    };
    match call {
        Call::Document => Ok(routes::document()),
        Call::Health => Ok(health(api)),
        Call::Verdicts => Ok(verdicts(api, request.uri.query().unwrap_or_default(), who)),
        Call::Verdict => {
            let found = api.history.find(name);
            found.map(|entry| shown(&entry, who)).ok_or_else(|| {
                trouble(StatusCode::NOT_FOUND, "no such verdict is kept", "the last ones are kept, until a restart")
            })
        }
        Call::Rules => Ok(rules(api)),
        Call::Reload => reload(api).await,
    }
}

/// The role of who asks, if it is enough. A wrong token costs time.
async fn allowed(api: &Api, request: &Parts, needed: Role) -> Result<Role, Trouble> {
    let field = request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = field.and_then(|field| field.strip_prefix("Bearer ")).map(str::trim);
    let tokens = api.tokens.load();
    let Some((name, role)) = token.and_then(|token| tokens.who(token)) else {
        if token.is_some() {
            tracing::warn!("admin: a wrong token was shown");
            sleep(limits::ADMIN_DELAY_SECONDS).await;
        }
        let hint = "send Authorization: Bearer TOKEN, of http.admin_tokens";
        return Err(trouble(StatusCode::UNAUTHORIZED, "no token that is known", hint));
    };
    if role < needed {
        return Err(trouble(StatusCode::FORBIDDEN, "this token may not do that", "the role operator is needed"));
    }
    tracing::debug!(name, path = request.uri.path(), "admin: asked");
    Ok(role)
}

fn health(api: &Api) -> Value {
    let down: Vec<&str> =
        Dependency::ALL.into_iter().filter(|one| api.desk.metrics().is_down(*one)).map(Dependency::word).collect();
    json!({
        "is_ready": api.is_ready.load(Ordering::Relaxed),
        "down": down,
        "rulebook": api.desk.rulebook().digest,
    })
}

fn shown(entry: &Entry, who: Role) -> Value {
    if who >= Role::Operator { json!(entry) } else { json!(entry.without_persons()) }
}

fn verdicts(api: &Api, query: &str, who: Role) -> Value {
    let number = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse::<u64>().ok())
    };
    let limit = number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(limits::HISTORY_VERDICTS_MAX);
    let found = api.history.since(number("after").unwrap_or_default(), limit);
    json!({ "verdicts": found.iter().map(|entry| shown(entry, who)).collect::<Vec<_>>() })
}

/// Rules with their hits since the start, as the metrics count them.
fn rules(api: &Api) -> Value {
    let (series, rulebook) = (api.desk.metrics().render().unwrap_or_default(), api.desk.rulebook());
    let count = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok()).unwrap_or_default();
    let mails: f64 = series.lines().filter(|line| line.starts_with("wehr_mails_total{")).map(count).sum();
    let hits: BTreeMap<&str, f64> = series
        .lines()
        .filter_map(|line| {
            let symbol = line.strip_prefix("wehr_symbols_total{symbol=\"")?.split('"').next()?;
            Some((symbol, count(line)))
        })
        .collect();
    let one = |(symbol, rule): (&Symbol, &Rule)| {
        let hits = hits.get(symbol.as_str()).copied().unwrap_or_default();
        json!({
            "symbol": symbol.as_str(),
            "score": rule.score.points(),
            "least_action": rule.action.word(),
            "group": rule.group,
            "is_shadow": rule.is_shadow,
            "about": rule.about,
            "hits": hits,
            "rate": if mails > 0.0 { hits / mails } else { 0.0 },
        })
    };
    json!({ "mails": mails, "rules": rulebook.rules.table.iter().map(one).collect::<Vec<_>>() })
}

async fn reload(api: &Api) -> Result<Value, Trouble> {
    let busy = || trouble(StatusCode::SERVICE_UNAVAILABLE, "the server is busy or draining", "try again");
    let (tell, told) = oneshot::channel();
    api.reload.try_send(tell).map_err(|_| busy())?;
    match told.await.map_err(|_| busy())? {
        Ok(rulebook) => Ok(json!({ "rulebook": rulebook })),
        Err(why) => {
            Err((StatusCode::UNPROCESSABLE_ENTITY, why, "the running configuration stays; mend it and try again"))
        }
    }
}
