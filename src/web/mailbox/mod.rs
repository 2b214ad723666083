//! The page of recipients: what the quarantine holds for them, by the signed links of a digest (docs/quarantine.md).
//!
//! GET changes nothing, for scanners and mail programs follow links; POST releases. No cookies, no script, nothing of
//! the admin API. Forged links are answered late; each recipient's requests are counted.

pub mod act;
pub mod pace;
pub mod page;
pub mod view;

use self::{
    pace::Pace,
    page::{Page, Row, Sheet},
};
use crate::{
    doors::{
        desk::Desk,
        digest::{
            Digests,
            pass::{Pass, Refused, Secrets},
            words::Language,
        },
        http,
    },
    limits,
    world::clock::now,
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::spawn_blocking,
    time::{sleep, timeout},
};

/// What the page shows and does.
pub struct Mailbox {
    pub desk: Arc<Desk>,
    pub digests: Arc<Digests>,
    turns: Semaphore,
    requests: Pace,
    lessons: Pace,
}

impl Mailbox {
    #[must_use]
    pub fn new(desk: Arc<Desk>, digests: Arc<Digests>) -> Arc<Self> {
        Arc::new(Self {
            desk,
            digests,
            turns: Semaphore::new(limits::MAILBOX_TURNS_MAX),
            requests: Pace::new(limits::MAILBOX_REQUESTS_MAX, limits::MAILBOX_WINDOW_SECONDS),
            lessons: Pace::new(limits::MAILBOX_LEARNED_MAX, limits::MAILBOX_LESSONS_SECONDS),
        })
    }
}

/// Accepts connections until the task is ended.
pub async fn serve(listener: TcpListener, mailbox: Arc<Mailbox>, drain: watch::Receiver<bool>) {
    let router = Router::new().fallback(answer).with_state(mailbox);
    http::accept(listener, router, ("mailbox", limits::MAILBOX_CONNECTIONS_MAX), drain).await;
}

/// What a request came to: its status, and what the page says.
type Answer = (StatusCode, Sheet);

fn failed(status: StatusCode, what: &'static str) -> Answer {
    (status, Sheet::Told { is_done: false, what })
}

async fn answer(State(mailbox): State<Arc<Mailbox>>, request: Request) -> Response {
    let field = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let first = mailbox.digests.settings().languages.first().copied().unwrap_or(Language::German);
    let language = Language::accepted(field.unwrap_or_default(), first);
    let (status, sheet) = answered(&mailbox, request).await;
    let page = Page { settings: mailbox.digests.settings(), language, sheet: &sheet }.html();
    let fields = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_LANGUAGE, language.tag().to_owned()),
        (header::VARY, "accept-language".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::X_FRAME_OPTIONS, "DENY".to_owned()),
        (header::CONTENT_SECURITY_POLICY, page::policy()),
        (header::HeaderName::from_static("x-robots-tag"), "noindex, nofollow".to_owned()),
    ];
    (status, fields, page).into_response()
}

async fn answered(mailbox: &Arc<Mailbox>, request: Request) -> Answer {
    let act = match *request.method() {
        Method::GET | Method::HEAD => "view",
        Method::POST => "release",
        _ => return failed(StatusCode::METHOD_NOT_ALLOWED, "fail_method"),
    };
    let token = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let opened = open(mailbox, token).await;
    let pass = match opened {
        Ok(pass) => pass,
        Err(answer) => {
            mailbox.desk.metrics().mailbox(act, "invalid_link");
            return answer;
        }
    };
    if !mailbox.requests.takes(&pass.recipient) {
        return failed(StatusCode::TOO_MANY_REQUESTS, "fail_busy");
    }
    // Before a turn is taken: a client that sends slowly keeps nobody else waiting.
    let form = if act == "view" { None } else { Some(form(request.into_body()).await) };
    let Ok(_turn) = mailbox.turns.acquire().await else {
        return failed(StatusCode::SERVICE_UNAVAILABLE, "fail_trouble");
    };
    match form {
        None => view::view(mailbox, pass).await,
        Some(None) => failed(StatusCode::BAD_REQUEST, "fail_link"),
        Some(Some((wanted, is_not_spam))) => match open(mailbox, wanted).await {
            Ok(wanted) => act::act(mailbox, &pass, wanted, is_not_spam).await,
            Err(answer) => {
                mailbox.desk.metrics().mailbox(act, "invalid_link");
                answer
            }
        },
    }
}

/// The pass of a token. What nobody here signed is answered late.
async fn open(mailbox: &Arc<Mailbox>, token: String) -> Result<Pass, Answer> {
    let secret = mailbox.digests.settings().secret.clone();
    let opened = spawn_blocking(move || Secrets::read(&secret).map(|secrets| secrets.open(&token, now()))).await;
    match opened {
        Ok(Ok(Ok(pass))) => Ok(pass),
        Ok(Ok(Err(Refused::Expired))) => Err(failed(StatusCode::GONE, "fail_expired")),
        Ok(Ok(Err(Refused::Forged))) => {
            sleep(limits::ADMIN_DELAY_SECONDS).await;
            Err(failed(StatusCode::NOT_FOUND, "fail_link"))
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "mailbox: cannot read the secret of the links");
            Err(failed(StatusCode::SERVICE_UNAVAILABLE, "fail_trouble"))
        }
        Err(error) => {
            tracing::error!(%error, "mailbox: a request ended early");
            Err(failed(StatusCode::INTERNAL_SERVER_ERROR, "fail_trouble"))
        }
    }
}

/// The token of a form, and whether its mail is said to be no spam (application/x-www-form-urlencoded; neither value
/// has letters that are encoded).
async fn form(body: Body) -> Option<(String, bool)> {
    let read = to_bytes(body, limits::MAILBOX_BODY_BYTES_MAX);
    let octets = timeout(limits::MAILBOX_BODY_SECONDS_MAX, read).await.ok()?.ok()?;
    let text = str::from_utf8(&octets).ok()?;
    let value = |name: &str| text.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
    let (_, pass) = value("pass")?;
    match value("act")? {
        (_, "release") => Some((pass.to_owned(), false)),
        (_, "not_spam") => Some((pass.to_owned(), true)),
        _ => None,
    }
}
