//! An authoritative name server for tests and benches: `cargo run --example nameserver -- ZONEFILE ADDRESS:PORT`.
//!
//! It answers from the zone file until it is killed, and says on its first line of output where it listens.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "../tests/support/nameserver.rs"]
mod nameserver;

use nameserver::{Manners, NameServer};
use std::{io::Write, process::ExitCode};
use wehr::world::zone::Zone;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, listen] = arguments.as_slice() else {
        eprintln!("usage: nameserver ZONEFILE ADDRESS:PORT, for example: nameserver test.zone 127.0.0.1:5353");
        return ExitCode::from(2);
    };
    match run(file, listen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn run(file: &str, listen: &str) -> Result<(), String> {
    let text = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let zone = Zone::parse(file, &text).map_err(|faults| faults.join("\n"))?;
    let listen = listen.parse().map_err(|_| format!("`{listen}` is not ADDRESS:PORT"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(async {
        let server = NameServer::start(zone, listen, Manners::default())
            .await
            .map_err(|error| format!("cannot listen on {listen}: {error}"))?;
        println!("listening on {} (udp and tcp)", server.address);
        let _closed = std::io::stdout().flush();
        std::future::pending::<()>().await;
        Ok(())
    })
}
