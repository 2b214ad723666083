//! Reading mail: properties over any bytes and any chunking, hostile shapes, and the foreign suites.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bytes::Bytes;
use proptest::prelude::*;
use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use wehr::{
    limits,
    mail::{head::Head, intake::Intake, message::Message},
};

fn raw_fields(head: &Head) -> Vec<Vec<u8>> {
    head.fields().iter().map(|field| field.raw.to_vec()).collect()
}

/// Octets that matter to a header section, so that short inputs meet every rule.
fn headish() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(b'\r'), Just(b'\n'), Just(b' '), Just(b':'), Just(b'a'), any::<u8>()];
    prop::collection::vec(byte, 0..80)
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_head(raw in headish(), cuts in prop::collection::vec(0usize..80, 0..8)) {
        let whole = Head::parse(&Bytes::from(raw.clone()));
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(raw.len())).collect();
        cuts.push(raw.len());
        cuts.sort_unstable();
        let mut intake = Intake::new(raw.len());
        let mut heads = Vec::new();
        let mut at = 0;
        for cut in cuts {
            heads.extend(intake.feed(&raw[at..cut]).unwrap());
            at = cut;
        }
        prop_assert_eq!(intake.bytes(), raw.len());
        prop_assert!(heads.len() <= 1);
        if let Some(head) = heads.first() {
            prop_assert_eq!(raw_fields(head), raw_fields(&whole));
            prop_assert_eq!(head.len_bytes(), whole.len_bytes());
        } else {
            // No empty line: the whole of it is header section.
            prop_assert_eq!(whole.len_bytes(), raw.len());
        }
    }
}

/// Pieces that structure is made of, so that short inputs reach every corner of the walk.
fn mailish() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "Content-Type: multipart/mixed; boundary=b\r\n",
        "Content-Type: multipart/alternative; boundary=\"c\"\r\n",
        "Content-Type: message/rfc822\r\n",
        "Content-Type: text/html; charset=utf-8\r\n",
        "Content-Type: text/plain; charset=iso-2022-jp; name*0=a; name*1=.exe\r\n",
        "Content-Disposition: attachment; filename=\"=?utf-8?q?x?=\"; filename*=utf-8''%41\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n",
        "Subject: =?utf-8?b?R3I=?=\r\n",
        "\r\n",
        "\n",
        "\r",
        "--b\r\n",
        "--b--\r\n",
        "--c\r\n",
        "--c--\r\n",
        "<a href=\"http://x.example/\">http://y.example</a>",
        "<base href=//z.example>",
        "=C3=BC=",
        "TVqQAA==",
        "PK\u{3}\u{4}",
        "\0",
    ]);
    let noise = prop::collection::vec(any::<u8>(), 0..6);
    let step = prop_oneof![4 => piece.prop_map(|text| text.as_bytes().to_vec()), 1 => noise];
    prop::collection::vec(step, 0..40).prop_map(|steps| steps.concat())
}

/// What holds for every message that was read.
fn well_formed(message: &Message) -> Result<(), TestCaseError> {
    prop_assert_eq!(message.coverage.bytes, message.raw.len());
    prop_assert!(message.coverage.scanned <= message.raw.len());
    prop_assert!(message.parts.len() <= limits::PARTS_MAX);
    prop_assert!(message.links.len() <= limits::LINKS_MAX);
    prop_assert!(message.defects.windows(2).all(|pair| pair[0] < pair[1]));
    let paths: BTreeSet<&str> = message.parts.iter().map(|part| part.path.as_str()).collect();
    prop_assert_eq!(paths.len(), message.parts.len(), "two parts have one path");
    for part in &message.parts {
        prop_assert!(part.sha256.len() == 64 || part.detected == "message/rfc822");
        prop_assert!(part.within.as_deref().is_none_or(|within| paths.contains(within)));
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_a_message(raw in prop_oneof![mailish(), prop::collection::vec(any::<u8>(), 0..200)]) {
        well_formed(&Message::parse(Bytes::from(raw)))?;
    }
}

/// Four MiB of one thing after a beginning: what grows faster than the input would take minutes.
#[test]
fn hostile_shapes_are_read_in_linear_time() {
    let text = "Content-Type: text/plain\r\n\r\n";
    let page = "Content-Type: text/html\r\n\r\n";
    let multipart = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    let shapes = [
        (text, "://"),
        (text, "a://-. "),
        (text, "http://"),
        (text, "www."),
        (text, "a.b/"),
        (page, "<"),
        (page, "<a href=x "),
        (page, "<!--"),
        (page, "<style>url("),
        (page, "&#x"),
        (multipart, "--b\r\n\r\n"),
        (multipart, "--"),
        ("", "A: b\r\n"),
        ("A: b\r\n", " c\r\n"),
        ("Subject: ", "=?utf-8?q?a?= "),
        ("Content-Type: text/plain", "; name*1=a"),
        ("Content-Transfer-Encoding: base64\r\n\r\n", "Q="),
        ("Content-Transfer-Encoding: base64\r\n\r\n", "Q!"),
        ("", "Content-Type: message/rfc822\r\n\r\n"),
    ];
    for (beginning, unit) in shapes {
        let mut raw = beginning.as_bytes().to_vec();
        raw.extend_from_slice(unit.repeat((4 << 20) / unit.len()).as_bytes());
        let start = Instant::now();
        let message = Message::parse(Bytes::from(raw));
        let taken = start.elapsed();
        assert!(taken < Duration::from_secs(10), "{beginning:?} and {unit:?} took {taken:?}");
        well_formed(&message).unwrap();
    }
}

#[test]
fn a_large_attachment_is_read_once_and_whole() {
    let line = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3\r\n";
    let raw = format!(
        "Content-Type: application/x-thing; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        line.repeat(50_000)
    );
    let message = Message::parse(Bytes::from(raw));
    assert_eq!(message.parts[0].bytes, 60 * 50_000);
    assert_eq!(message.parts[0].name, "a.bin");
    assert!(message.coverage.skipped.is_empty());
}

#[test]
fn parts_are_numbered_as_imap_does() {
    let raw = concat!(
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n",
        "--a\r\n\r\none\r\n",
        "--a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n",
        "--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhttp://inner.example/\r\n",
        "--a\r\nContent-Type: message/rfc822\r\n\r\n",
        "Content-Type: multipart/mixed; boundary=d\r\n\r\n--d\r\n\r\nz\r\n--d--\r\n",
        "--a--\r\nhttp://epilogue.example/\r\n",
    );
    let message = Message::parse(Bytes::from_static(raw.as_bytes()));
    let parts: Vec<(&str, Option<&str>)> =
        message.parts.iter().map(|part| (part.path.as_str(), part.within.as_deref())).collect();
    assert_eq!(
        parts,
        [("1", None), ("2.1", None), ("2.2", None), ("3", None), ("3.1", Some("3")), ("4", None), ("4.1", Some("4"))]
    );
    let links: Vec<(&str, &str)> = message.links.iter().map(|link| (link.host.as_str(), link.place.word())).collect();
    assert!(links.contains(&("inner.example", "attachment")));
    assert!(links.contains(&("epilogue.example", "text")));
}

#[test]
fn what_is_not_looked_into_is_said() {
    let raw = concat!(
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n",
        "--a\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBBQAAQAIAA==\r\n",
        "--a\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBBQAAAAIAA==\r\n",
        "--a\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nx\r\n",
        "--a\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nx\r\n",
        "--a\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n",
        "--a--\r\n",
    );
    let message = Message::parse(Bytes::from_static(raw.as_bytes()));
    let skipped: Vec<(&str, &str)> =
        message.coverage.skipped.iter().map(|skipped| (skipped.part.as_str(), skipped.reason)).collect();
    assert_eq!(
        skipped,
        [
            ("1", "encrypted"),
            ("2", "not_unpacked"),
            ("3", "encrypted"),
            ("4", "encrypted"),
            ("5", "unknown_transfer_encoding")
        ]
    );
    assert!(message.coverage.scanned < message.coverage.bytes);
}

fn suites() -> PathBuf {
    let folder = env::var_os("WEHR_SUITES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/suites")), PathBuf::from);
    assert!(folder.is_dir(), "no test suites at {}: set WEHR_SUITES to their folder", folder.display());
    folder
}

fn every_file(folder: &Path, take: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { every_file(&path, take) } else { take(&path) }
    }
}

/// Every file of the content suites, messages and tables alike: none may crash, hang or break a bound.
#[test]
fn suite_files_are_read() {
    let mut messages = 0;
    for area in ["mime", "attach", "unicode", "spoof", "dkim", "arc"] {
        every_file(&suites().join(area), &mut |path| {
            let raw = Bytes::from(fs::read(path).unwrap());
            let start = Instant::now();
            let message = Message::parse(raw);
            let taken = start.elapsed();
            assert!(taken < Duration::from_secs(5), "{} took {taken:?}", path.display());
            if let Err(error) = well_formed(&message) {
                panic!("{}: {error}", path.display());
            }
            messages += 1;
        });
    }
    assert!(messages > 1000, "only {messages} files: is the suite folder complete?");
}

/// Charsets that are not decoded, each with its reason; the part is marked `unknown_charset` then.
const CHARSETS_UNREAD: &[(&str, &str)] =
    &[("charset/46/cp037/base64", "EBCDIC: of the mail clients only Outlook has it, and we have no table yet")];

/// Bodies in many charsets, each with one link in its text: it is found however it is encoded.
#[test]
fn links_are_found_in_every_charset() {
    let folder = suites().join("unicode");
    let table = fs::read(folder.join("charset/cases.json")).unwrap();
    let table: serde_json::Value = serde_json::from_slice(&table).unwrap();
    let cases = table["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let id = case["id"].as_str().unwrap();
        let message = Message::parse(Bytes::from(fs::read(folder.join(case["file"].as_str().unwrap())).unwrap()));
        let expected = case["expect"]["url_extracted"].as_str();
        let found = message.links.iter().any(|link| Some(link.url.as_str()) == expected);
        if CHARSETS_UNREAD.iter().any(|(unread, _)| *unread == id) {
            assert!(!found, "{id} is read now: take it off the list");
            assert!(message.defects.contains(&"unknown_charset"));
        } else {
            assert!(found, "{id}: {expected:?} is not among {:?}", message.links);
        }
    }
}
