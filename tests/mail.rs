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
    mail::{content::LinkPlace, head::Head, intake::Intake, links::Links, message::Message},
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
    let own = message.parts.iter().filter(|part| part.within.is_none()).count();
    prop_assert!(own <= limits::PARTS_MAX);
    prop_assert!(message.parts.len() <= limits::PARTS_MAX + limits::UNPACKED_MEMBERS_MAX);
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

/// Pieces that pages are made of.
fn pageish() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<p style='display:none'>",
        "<b style=\"font-size:0\">",
        "<td bgcolor=#fff>",
        "<font color=white>",
        "</p>",
        "</td>",
        "</b>",
        "<table>",
        "<tr>",
        "</table>",
        "<a href=http://a.example>",
        "<a href='//b.com'>",
        "</a>",
        "www.c.com ",
        "word",
        " ",
        "\u{a0}",
        "\u{200c}",
        "\u{202e}",
        "\u{fc}",
        "&nbsp;",
        "<br>",
        "<img src=http://d width=1 alt='x y'>",
        "<style>",
        ".e{display:none} .f .g,i#h{color:#fff}",
        "</style>",
        "<i class='e f' id=h>",
        "<div class=f>",
        "<noscript>",
        "<title>",
        "</title>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "<",
        ">",
        "'",
        "\"",
        "<li>",
        "<body>",
        "</body>",
        "<template>",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_a_page(text in prop_oneof![pageish(), any::<String>()]) {
        let mut links = Links::default();
        let page = links.html(&text, LinkPlace::Html);
        for shown in [&page.visible, &page.hidden, &page.title] {
            prop_assert_eq!(shown.split_whitespace().collect::<Vec<_>>().join(" "), shown.as_str());
        }
        prop_assert!(page.tags >= page.images + page.forms + page.scripts);
        prop_assert!(page.tracking_images <= page.remote_images && page.remote_images <= page.images);
        // Letters are neither lost nor made.
        let letters = |text: &str| text.chars().filter(|mark| *mark == 'w').count();
        prop_assert!(letters(&page.visible) + letters(&page.hidden) <= letters(&text));
        let (found, _) = links.finish();
        let distinct: BTreeSet<_> = found.iter().map(|link| &link.url).collect();
        prop_assert_eq!(distinct.len(), found.len());
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
        (page, "<a href=x>"),
        (page, "<i class=b id=c>"),
        (page, "<div><p>"),
        (page, "<table><tr><td>"),
        (page, "<p><i></p></b>"),
        (page, "<td style='color:#fff;background:url(x'>a"),
        (page, "<style>.a{color:red}</style>"),
        (page, "<style>.a .b,a>#c{color:red}.a"),
        (page, "<noscript>"),
        (page, "<img alt=a width=1 src=http://a>"),
        (page, "a\u{200b}\u{202e}"),
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

/// A style sheet of many rules, and elements that each of them is tried on.
#[test]
fn many_rules_on_many_elements_are_read_in_linear_time() {
    let rules: String =
        (0..50_000).map(|number| format!(".a{number} .b{number}, i{{color:red}}#c{number} {{color:red}}")).collect();
    let classes: Vec<String> = (0..40).map(|number| format!("a{number}")).collect();
    let element = format!("<i class='{}' id=c1>x", classes.join(" "));
    let raw = format!("Content-Type: text/html\r\n\r\n<style>{rules}</style>{}", element.repeat(6_000));
    let start = Instant::now();
    let message = Message::parse(Bytes::from(raw));
    assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
    let page = message.texts[0].page.as_ref().unwrap();
    assert!(page.cut && page.visible.len() > 1000);
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
        "--a\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBBQAAQAIAAAAAAAAAAAAFAAAAAgAAAABAAAAYXh4eHh4eHh4eHh4eHh4eHh4eHh4\r\n",
        "--a\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBBQAAAAIAA==\r\n",
        "--a\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nwQED0gIBAA==\r\n-----END PGP MESSAGE-----\r\n",
        "--a\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: base64\r\n\r\nMAsGCSqGSIb3DQEHAw==\r\n",
        "--a\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n",
        "--a--\r\n",
    );
    let message = Message::parse(Bytes::from_static(raw.as_bytes()));
    let skipped: Vec<(&str, &str)> =
        message.coverage.skipped.iter().map(|skipped| (skipped.part.as_str(), skipped.reason)).collect();
    assert_eq!(
        skipped,
        [
            ("2", "malformed"),
            ("3", "encrypted"),
            ("4", "encrypted"),
            ("5", "unknown_transfer_encoding"),
            ("1", "malformed"),
            ("1.1", "encrypted"),
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
