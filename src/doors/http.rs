//! HTTP at a door: bounds on connections, heads and time that are the same for all of them.

use super::listener::Stream;
use crate::limits;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{pin::pin, sync::Arc};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::sleep,
};

/// Accepts connections for `name`, so many at once, until the task is ended; it answers while the doors drain.
pub async fn accept(
    listener: TcpListener,
    router: Router,
    (name, connections_max): (&'static str, usize),
    drain: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(connections_max));
    let mut open = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        while open.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let (router, drain) = (router.clone(), drain.clone());
                open.spawn(async move {
                    serve(Stream::Tcp(stream), router, drain).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::error!(%error, "{name}: cannot accept connections");
                sleep(limits::ADMIN_DELAY_SECONDS).await;
            }
        }
    }
}

/// Answers requests until the client hangs up or is silent for too long; when the door closes, after the one under way.
pub async fn serve(stream: Stream, router: Router, mut drain: watch::Receiver<bool>) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HTTP_HEAD_SECONDS_MAX)
        .max_buf_size(limits::HTTP_HEAD_BYTES_MAX)
        .max_headers(limits::HTTP_FIELDS_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let mut is_draining = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "http: connection ended");
                }
                return;
            }
            _ = drain.wait_for(|is_closing| *is_closing), if !is_draining => {
                is_draining = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
