//! The admin API: JSON over HTTP for people on duty, by token (docs/api.md), and the page that shows it (docs/page.md).
//!
//! Nothing that changes state answers to GET, there are no cookies and no CORS. Wrong tokens are answered late.

pub mod body;
pub mod explain;
pub mod held;
pub mod live;
pub mod look;
pub mod mailbox;
pub mod page;
pub mod routes;
pub mod subjects;
pub mod teach;
pub mod tokens;

use self::{
    routes::{Call, Found, Route},
    tokens::{Holder, Tokens},
};
use crate::{
    doors::{desk::Desk, history::History, http},
    limits,
    telemetry::metrics::Metrics,
};
use arc_swap::ArcSwap;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc, oneshot, watch},
    time::{sleep, timeout},
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
    pub draining: watch::Receiver<bool>,
    bounds: Arc<Bounds>,
}

/// What requests share.
struct Bounds {
    started: Instant,
    readers: Arc<Semaphore>,
    mails: Arc<Semaphore>,
    /// Counts what nobody shall see: mails that are only explained.
    unseen: Option<Metrics>,
}

impl Api {
    #[must_use]
    pub fn new(
        desk: &Arc<Desk>,
        tokens: &Arc<ArcSwap<Tokens>>,
        is_ready: &Arc<AtomicBool>,
        reload: mpsc::Sender<oneshot::Sender<Reloaded>>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        let bounds = Bounds {
            started: Instant::now(),
            readers: Arc::new(Semaphore::new(limits::LIVE_READERS_MAX)),
            mails: Arc::new(Semaphore::new(limits::ADMIN_MAILS_MAX)),
            unseen: Metrics::new().ok(),
        };
        Self {
            desk: Arc::clone(desk),
            history: desk.keep_history(),
            tokens: Arc::clone(tokens),
            is_ready: Arc::clone(is_ready),
            reload,
            draining,
            bounds: Arc::new(bounds),
        }
    }
}

impl Api {
    /// Waits, not for long, until everybody who reads along was told that the server ends.
    pub async fn readers_leave(&self) {
        let readers = u32::try_from(limits::LIVE_READERS_MAX).unwrap_or(u32::MAX);
        let _ = timeout(limits::ADMIN_DELAY_SECONDS, self.bounds.readers.acquire_many(readers)).await;
    }
}

/// A request that may be answered.
pub struct Asked<'a> {
    pub api: &'a Api,
    pub who: &'a Holder,
    /// The name in the path.
    pub name: &'a str,
    pub head: &'a Parts,
}

impl Asked<'_> {
    /// A query parameter as it stands there: names, numbers and words need no escapes.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.head.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    }

    /// A query parameter that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.query(name)?.parse().ok()
    }
}

/// Accepts connections until the task is ended; the API answers while the doors drain.
pub async fn serve(listener: TcpListener, api: Api) {
    let drain = api.draining.clone();
    let router = Router::new().fallback(answer).with_state(api);
    http::accept(listener, router, ("admin", limits::ADMIN_CONNECTIONS_MAX), drain).await;
}

async fn answer(State(api): State<Api>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if let Some(file) = page::find(head.uri.path()).filter(|_| head.method == "GET" || head.method == "HEAD") {
        return page::answer(file, &head.headers);
    }
    answered(&api, &head, body)
        .await
        .unwrap_or_else(|(status, error, hint)| json_of(status, &json!({ "error": error, "hint": hint })))
}

fn json_of(status: StatusCode, value: &Value) -> Response {
    let fields = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    (status, fields, value.to_string()).into_response()
}

/// A request that is not answered: status, what is wrong, what to do.
pub type Trouble = (StatusCode, String, &'static str);

/// A request that is not answered.
#[must_use]
pub fn trouble(status: StatusCode, error: impl Into<String>, hint: &'static str) -> Trouble {
    (status, error.into(), hint)
}

async fn answered(api: &Api, head: &Parts, body: Body) -> Result<Response, Trouble> {
    let (route, name) = match routes::find(head.method.as_str(), head.uri.path()) {
        Found::Route(route, name) => (route, name),
        Found::Otherwise => {
            return Err(trouble(StatusCode::METHOD_NOT_ALLOWED, "another method is needed", "see /openapi.json"));
        }
        Found::Nothing => return Err(trouble(StatusCode::NOT_FOUND, "there is no such page", "see /openapi.json")),
    };
    if route.roles.is_empty() {
        return Ok(json_of(StatusCode::OK, &routes::document()));
    }
    let who = &allowed(api, head, &route).await?;
    let asked = Asked { api, who, name, head };
    let value = match route.call {
        Call::Document => routes::document(),
        Call::Me => look::me(&asked),
        Call::Health => look::health(api),
        Call::Live => return live::stream(api, who),
        Call::Verdicts => look::verdicts(&asked),
        Call::Verdict => look::verdict(&asked)?,
        Call::Rules => look::rules(api),
        Call::Explain => Box::pin(explain::explain(&asked, body)).await?,
        Call::Held => held::list(&asked).await?,
        Call::HeldOne => held::show(&asked).await?,
        Call::Release => held::release(&asked).await?,
        Call::Delete => held::delete(&asked).await?,
        Call::Learn => teach::learn(&asked, body).await?,
        Call::Subjects => subjects::all(api),
        Call::Subject => subjects::one(&asked)?,
        Call::PutSubject => subjects::put(&asked, body).await?,
        Call::RemoveSubject => subjects::remove(&asked).await?,
        Call::Reload => reload(api).await?,
    };
    Ok(json_of(StatusCode::OK, &value))
}

/// Who asks, if that role may. A wrong token costs time.
async fn allowed(api: &Api, head: &Parts, route: &Route) -> Result<Holder, Trouble> {
    let field = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = field.and_then(|field| field.strip_prefix("Bearer ")).map(str::trim);
    let tokens = api.tokens.load();
    let Some(who) = token.and_then(|token| tokens.who(token)) else {
        if token.is_some() {
            tracing::warn!("admin: a wrong token was shown");
            sleep(limits::ADMIN_DELAY_SECONDS).await;
        }
        let hint = "send Authorization: Bearer TOKEN, of http.admin_tokens";
        return Err(trouble(StatusCode::UNAUTHORIZED, "no token that is known", hint));
    };
    if !route.roles.contains(&who.role) {
        let roles: Vec<&str> = route.roles.iter().map(|role| role.word()).collect();
        let error = format!("a token of {} may not do that; needed is {}", who.role.word(), roles.join(" or "));
        return Err(trouble(StatusCode::FORBIDDEN, error, "ask an operator"));
    }
    tracing::debug!(name = who.name, path = head.uri.path(), "admin: asked");
    Ok(who.clone())
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
