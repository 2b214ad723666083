//! What sealing costs: CPU time of this thread for one copy, by key and size of the mail.
//!
//! `cargo bench --ignore-rust-version --bench seal -- KEYS ADDRESS` seals to every `.asc` and `.pem` of the folder; all of
//! them have to name the address. The keys were made by `gpg --quick-gen-key` and `openssl req -x509`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use bytes::Bytes;
use std::{fs, hint::black_box};
use wehr::{
    judge::policy::encryption::sealing::Sealing,
    mail::head::Head,
    seal::{keyring::Key, seal, vault::Vault},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// CPU time that a measurement takes at least.
const SECONDS: f64 = 2.0;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [folder, address] = arguments.as_slice() else {
        println!("seal: no keys given, nothing measured (see the head of benches/seal.rs)");
        return;
    };
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let Ok(key) = Key::read(&fs::read(&path).unwrap(), address) else { continue };
        for octets in [10 << 10, 1 << 20] {
            let mail = mail(octets);
            let head = Head::parse(&mail);
            let body = &mail[head.len_bytes()..];
            let (times, seconds) = measured(|| drop(black_box(seal(&head, body, &key, Sealing::default()).unwrap())));
            let name = path.file_name().unwrap().to_string_lossy();
            println!(
                "{name}, {octets} octets: {:.0} a second and core, {:.3} ms each",
                times / seconds,
                seconds * 1e3 / times
            );
        }
    }
    let (vault, record) = (Vault::new().unwrap(), vec![7; 256 << 10]);
    let (times, seconds) = measured(|| drop(black_box(vault.lock(1, &record).unwrap())));
    println!("a record of the spool: {:.0} MB a second and core", times * 0.262_144 / seconds);
}

fn mail(octets: usize) -> Bytes {
    let line = "A line of a letter about the school year and its timetable.\r\n";
    let head = "From: <a@b.example>\r\nSubject: The marks of class 7b\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n";
    Bytes::from(format!("{head}{}", line.repeat(octets / line.len())))
}

/// Runs `work` for some time: how often, and CPU seconds.
fn measured(mut work: impl FnMut()) -> (f64, f64) {
    work();
    let start = cpu_seconds();
    let mut times = 0.0;
    loop {
        work();
        times += 1.0;
        let seconds = cpu_seconds() - start;
        if seconds >= SECONDS {
            return (times, seconds);
        }
    }
}

/// CPU time of this process; it has one thread.
fn cpu_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
