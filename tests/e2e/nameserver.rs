//! The name server of the lab, on a thread of its own, for the cases are blocking code.

#[path = "../support/nameserver.rs"]
mod support;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::mpsc,
    thread::{self, JoinHandle},
};
use support::{Manners, NameServer};
use tokio::sync::oneshot;
use wehr::world::zone::Zone;

/// A running name server; it ends with its handle.
pub struct Names {
    pub address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Names {
    pub fn start(zone: &str) -> Self {
        let zone = Zone::parse("the lab's zone", zone.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"));
        let (tell, told) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listen = (Ipv4Addr::LOCALHOST, 0).into();
                let server = NameServer::start(zone, listen, Manners::default()).await.expect("a free port");
                tell.send(server.address).expect("somebody waits for the address");
                let _ended = ended.await;
            });
        });
        let address = told.recv().expect("the name server starts");
        Self { address, end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}
