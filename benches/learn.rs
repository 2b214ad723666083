//! dump
#![allow(clippy::all, clippy::pedantic, clippy::unwrap_used)]
use std::io::{BufRead, Write};
use wehr::{
    judge::learned::{hash::Hasher, marks},
    mail::message::Message,
};
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
fn main() {
    let mut args = std::env::args().skip(1);
    let list = args.next().unwrap();
    let mut out = std::io::BufWriter::new(std::fs::File::create(args.next().unwrap()).unwrap());
    let (mut parse, mut mark, mut n) = (0u128, 0u128, 0u128);
    for line in std::io::BufReader::new(std::fs::File::open(list).unwrap()).lines() {
        let line = line.unwrap();
        let (label, path) = line.split_once(' ').unwrap();
        let raw = std::fs::read(path).unwrap();
        let t = std::time::Instant::now();
        let message = Message::parse(raw.into());
        parse += t.elapsed().as_nanos();
        let t = std::time::Instant::now();
        let mut found: Vec<(u8, u64)> = Vec::new();
        marks::each(&message, &mut |kind, a, b| {
            let mut h = Hasher::new(&[7; 16]);
            h.write(&[kind as u8]);
            h.write(a.as_bytes());
            if !b.is_empty() {
                h.write(&[0]);
                h.write(b.as_bytes());
            }
            found.push((kind as u8, h.finish()));
        });
        found.sort();
        found.dedup();
        mark += t.elapsed().as_nanos();
        n += 1;
        out.write_all(&[if label == "spam" { 1 } else { 0 }]).unwrap();
        out.write_all(&(found.len() as u32).to_le_bytes()).unwrap();
        for (k, h) in found {
            out.write_all(&[k]).unwrap();
            out.write_all(&h.to_le_bytes()).unwrap();
        }
    }
    eprintln!("{n} mails, parse {} us, marks {} us each", parse / n / 1000, mark / n / 1000);
}
