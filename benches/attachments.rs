//! What reading and unpacking cost: CPU time of the MIME walk over a folder of mails, and of unpacking by format.
//!
//! `cargo bench --ignore-rust-version --bench attachments -- FOLDER [MAILS]` prints MB/s (CPU time of this thread). The share of
//! the other readings is told in instructions: `valgrind --tool=callgrind target/release/wehr scan --json FOLDER`, then
//! `callgrind_annotate --inclusive=yes` and the lines of `Walk::doubt` beside `Message::parse`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "support/mails.rs"]
mod mails;
mod support;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use std::{hint::black_box, io::Write, path::Path};
use support::{arguments, cpu_seconds};
use wehr::mail::{
    message::Message,
    unpack::{self, budget::Budget},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments = arguments();
    let Some(folder) = arguments.first() else {
        println!("attachments: no folder given, nothing measured (see the head of benches/attachments.rs)");
        return;
    };
    let mails_max = arguments.get(1).and_then(|count| count.parse().ok()).unwrap_or(2000);
    let mails = mails::read(Path::new(folder), mails_max);
    let octets: usize = mails.iter().map(Bytes::len).sum();
    let spent = timed(|| mails.iter().for_each(|mail| drop(black_box(Message::parse(mail.clone())))));
    println!("{} mails, {} octets a mail", mails.len(), octets / mails.len());
    println!("walk          {:8.1} MB/s of mail", rate(octets, spent));
    let files = texts();
    let plain: usize = files.iter().map(|(_, file)| file.len()).sum();
    for (name, kind, archive) in archives(&files) {
        let mut members = 0;
        let spent = timed(|| {
            let contents = unpack::open(kind, name, &archive, &[], &mut Budget::default());
            members = contents.members.iter().map(|member| member.bytes.len()).sum();
        });
        assert_eq!(members, plain, "{name}: everything comes out");
        println!("{name:13} {:8.1} MB/s of what comes out", rate(plain, spent));
    }
}

#[expect(clippy::cast_precision_loss, reason = "octets fit a float well enough for a rate")]
fn rate(octets: usize, seconds: f64) -> f64 {
    octets as f64 / 1e6 / seconds
}

/// CPU seconds of the best of three runs.
fn timed(mut work: impl FnMut()) -> f64 {
    let run = |_| {
        let before = cpu_seconds();
        work();
        cpu_seconds() - before
    };
    (0..3).map(run).fold(f64::INFINITY, f64::min)
}

/// Twenty texts of a megabyte, as compressible as prose.
fn texts() -> Vec<(String, Vec<u8>)> {
    let mut seed = 7_u64;
    let mut word = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!(
            "{} ",
            ["schule", "klasse", "brief", "eltern", "noten", "plan", "raum"][usize::try_from(seed >> 61).unwrap() % 7]
        ) + &format!("{:x} ", seed >> 52)
    };
    (0..20)
        .map(|number| {
            let mut text = String::new();
            while text.len() < 1 << 20 {
                text += &word();
            }
            (format!("text{number}.txt"), text.into_bytes())
        })
        .collect()
}

/// The texts in an archive of each format, with its media type.
fn archives(files: &[(String, Vec<u8>)]) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let whole: Vec<u8> = files.iter().flat_map(|(_, file)| file.clone()).collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&whole).expect("memory takes it");
    vec![
        ("text.gz", "application/gzip", gzip.finish().expect("memory takes it")),
        ("texts.tar", "application/x-tar", tar(files)),
        ("texts.zip", "application/zip", zip(files)),
    ]
}

/// POSIX ustar (IEEE 1003.1).
fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, file) in files {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..136].copy_from_slice(format!("{:011o}\0", file.len()).as_bytes());
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[156] = b'0';
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|octet| u32::from(*octet)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(file);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// APPNOTE 4.3: local headers with their files, the directory, its end.
fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let size = |length: usize| u32::try_from(length).expect("small files").to_le_bytes();
    for (name, file) in files {
        let mut crc = flate2::Crc::new();
        crc.update(file);
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(file).expect("memory takes it");
        let packed = deflate.finish().expect("memory takes it");
        let offset = size(out.len());
        let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0x76, 0x5d];
        common.extend([crc.sum().to_le_bytes(), size(packed.len()), size(file.len())].concat());
        common.extend([u8::try_from(name.len()).expect("short names"), 0, 0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(packed);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset);
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(files.len()).expect("few files").to_le_bytes();
    let start = size(out.len());
    out.extend(&directory);
    out.extend([b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count, &size(directory.len()), &start, &[0, 0]].concat());
    out
}
