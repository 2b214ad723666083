//! The HTTP pages for machines: `/metrics`, `/healthz`, `/readyz`. Loopback by default, read only.

use super::metrics::{Dependency, Metrics};
use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use std::{
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::net::TcpListener;

/// What the pages show.
#[derive(Clone)]
pub struct Pages {
    pub metrics: Arc<Metrics>,
    /// True while the doors take mail: false before they listen and while they drain.
    pub is_ready: Arc<AtomicBool>,
    /// What the process has given away, in words.
    pub hardening: Arc<str>,
}

/// Serves the pages until `stop` is done.
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    listener: TcpListener,
    pages: Pages,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/", get(index))
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(pages);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

async fn index() -> &'static str {
    "wehr\n\n/metrics  Prometheus series\n/healthz  is the process alive\n/readyz   does it take mail\n"
}

async fn metrics(State(pages): State<Pages>) -> impl IntoResponse {
    match pages.metrics.render() {
        Ok(text) => (StatusCode::OK, [("content-type", "text/plain; version=0.0.4; charset=utf-8")], text),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, [("content-type", "text/plain; charset=utf-8")], error.to_string())
        }
    }
}

async fn healthz() -> &'static str {
    "ok\n"
}

/// 200 while the doors take mail. Dependencies that failed last are named, but do not make us unready: policy says
/// what their failure means for a mail.
async fn readyz(State(pages): State<Pages>) -> impl IntoResponse {
    let is_ready = pages.is_ready.load(Ordering::Relaxed);
    let mut text = String::from(if is_ready { "ready\n" } else { "not ready\n" });
    for dependency in Dependency::ALL.into_iter().filter(|dependency| pages.metrics.is_down(*dependency)) {
        text.push_str(dependency.word());
        text.push_str(": down\n");
    }
    text.push_str(&pages.hardening);
    (if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text)
}
