//! Foreign suites of malformed mail, read from `WEHR_SUITES` or `../shared/suites`: nothing that a client shows is missed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bytes::Bytes;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use wehr::{
    limits,
    mail::{content::Part, defects, message::Message},
};

/// Faults for which a careful site refuses a mail: clients disagree about what it holds.
const REFUSED: &[&str] = &[
    defects::AMBIGUOUS_DELIMITER,
    defects::BOUNDARY_WITHOUT_MULTIPART,
    defects::CONTINUED_BOUNDARY,
    defects::CONTROL_IN_HEADER,
    defects::DELIMITER_BEHIND_CLOSING,
    defects::DOUBTFUL_CONTENT_TYPE,
    defects::DOUBTFUL_TRANSFER_ENCODING,
    defects::DUPLICATE_CONTENT_TRANSFER_ENCODING,
    defects::DUPLICATE_CONTENT_TYPE,
    defects::HEADER_IN_BODY,
    defects::HIDDEN_BY_READING,
    defects::LINE_WITHOUT_FIELD,
    defects::MALFORMED_BOUNDARY,
    defects::MALFORMED_PARAMETER,
    defects::MULTIPART_WITHOUT_PARTS,
    defects::REPEATED_BOUNDARY,
    defects::REUSED_BOUNDARY,
    defects::UNKNOWN_TRANSFER_ENCODING,
];

/// Cases of which nothing is found, with the reason.
const MISSED: &[(&str, &str)] = &[];

/// Messages of which a reference has more parts, with the reason.
const FEWER: &[(&str, &str)] = &[
    ("007.eml", "the inner multipart has a header only; its delimiter lines are no content"),
    (
        "016.eml",
        "boundaries longer than 70 octets that begin each other: what is in them is found, empty parts are not",
    ),
];

fn suites() -> PathBuf {
    let fallback = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/suites");
    let folder = env::var_os("WEHR_SUITES").map_or_else(|| PathBuf::from(fallback), PathBuf::from);
    assert!(folder.is_dir(), "no test suites at {}: set WEHR_SUITES to their folder", folder.display());
    folder
}

fn table(name: &str) -> Value {
    serde_json::from_slice(&fs::read(suites().join("mime").join(name)).unwrap()).unwrap()
}

fn message(case: &Value) -> Message {
    let file = suites().join("mime").join(case["file"].as_str().unwrap());
    Message::parse(Bytes::from(fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))))
}

/// The outcome of one case, in a word.
fn word(found: bool, message: &Message) -> &'static str {
    if found {
        "found"
    } else if message.defects.iter().any(|defect| REFUSED.contains(defect)) {
        "refused"
    } else {
        "missed"
    }
}

/// Prints the counts and fails on a miss that is not listed.
fn judge(suite: &str, outcomes: &[(String, String, &'static str)]) {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (_, expected, outcome) in outcomes {
        *counts.entry((expected, outcome)).or_default() += 1;
    }
    for ((expected, outcome), count) in &counts {
        println!("{suite}: {count:4} {outcome:8} of {expected}");
    }
    for (name, expected, outcome) in outcomes.iter().filter(|(_, _, outcome)| *outcome != "found") {
        println!("{suite}: {outcome:8} {name} ({expected})");
    }
    let missed: Vec<&str> = outcomes
        .iter()
        .filter(|(name, expected, outcome)| {
            let is_listed = MISSED.iter().any(|(listed, _)| listed == name);
            *outcome == "missed" && !expected.starts_with("informational") && !is_listed
        })
        .map(|(name, _, _)| name.as_str())
        .collect();
    assert!(missed.is_empty(), "{suite}: not found and not refused: {missed:#?}");
}

#[test]
fn hidden_content_is_found() {
    let table = table("noxxi/cases.json");
    let payload = table["payload_sha256"].as_str().unwrap();
    let mut outcomes = Vec::new();
    for case in table["cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        if !id.contains("/hide-content/") {
            continue;
        }
        let message = message(case);
        let found = message.parts.iter().any(|part| part.sha256 == payload);
        let expected: String = case["expect"].as_str().unwrap().split(' ').next().unwrap().to_owned();
        outcomes.push((id.to_owned(), expected, word(found, &message)));
        if env::var_os("WEHR_SHOW").is_some_and(|show| id.contains(show.to_str().unwrap())) {
            println!("{id}\n{:?}\n{:#?}", message.defects, message.parts);
        }
    }
    judge("hide-content", &outcomes);
}

#[test]
fn hidden_names_are_found() {
    let mut outcomes = Vec::new();
    for case in table("noxxi/cases.json")["cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        if !id.contains("/hide-filename/") {
            continue;
        }
        let message = message(case);
        let found = message.parts.iter().any(|part| part.extensions().iter().any(|extension| extension == "zip"));
        let expected = case["expect"].as_str().unwrap();
        if env::var_os("WEHR_SHOW").is_some_and(|show| id.contains(show.to_str().unwrap())) {
            println!("{id}\n{:?}\n{:#?}", message.defects, message.parts);
        }
        if expected.starts_with("control") {
            let is_refused = message.defects.iter().any(|defect| REFUSED.contains(defect));
            assert!(!found && !is_refused, "{id}: {:?} {:?}", message.defects, message.parts);
            continue;
        }
        outcomes.push((id.to_owned(), expected.to_owned(), word(found, &message)));
    }
    judge("hide-filename", &outcomes);
}

#[test]
fn programs_are_found() {
    let mut outcomes = Vec::new();
    for case in table("clamav/cases.json")["cases"].as_array().unwrap() {
        let message = message(case);
        let payload = case["payload"]["sha256"].as_str().unwrap();
        let found = message.parts.iter().any(|part| part.sha256 == payload);
        let expected = case["expect"].as_str().unwrap().to_owned();
        outcomes.push((case["id"].as_str().unwrap().to_owned(), expected, word(found, &message)));
    }
    judge("clamav", &outcomes);
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no .{extension} files in {}", folder.display());
    found
}

/// Reads a file, which must take no more time and parts than allowed.
fn read(path: &Path) -> Message {
    let raw = Bytes::from(fs::read(path).unwrap());
    let start = Instant::now();
    let message = Message::parse(raw);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{} took {took:?}", path.display());
    assert!(message.parts.len() <= limits::PARTS_MAX + limits::UNPACKED_MEMBERS_MAX);
    message
}

/// Leaf parts of the main reading; a message whose parts are listed is none.
fn leaves(message: &Message) -> usize {
    let holds = |part: &Part| message.parts.iter().any(|inner| inner.within.as_ref() == Some(&part.path));
    let is_leaf = |part: &&Part| !(part.is_disputed || part.declared.starts_with("message/") && holds(part));
    message.parts.iter().filter(is_leaf).count()
}

/// The reference of mime4j writes every body out: all of them are among the parts.
#[test]
fn mime4j_sees_no_more_parts() {
    let folder = suites().join("mime/mime4j");
    let (mut same, mut more, mut other) = (0, 0, Vec::new());
    for path in files(&folder, "msg") {
        let message = read(&path);
        let reference = path.with_file_name(format!("{}_decoded.xml", path.file_stem().unwrap().to_string_lossy()));
        let Ok(reference) = fs::read_to_string(reference) else { continue };
        let bodies = reference.matches("<text-body").count() + reference.matches("<binary-body").count();
        let leaves = leaves(&message);
        match leaves.cmp(&bodies) {
            std::cmp::Ordering::Equal => same += 1,
            std::cmp::Ordering::Greater => more += 1,
            std::cmp::Ordering::Less => {
                other.push(format!("{} {leaves} of {bodies}", path.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    println!("mime4j: {same} with as many parts, {more} with more, {} with fewer: {other:#?}", other.len());
    assert!(other.is_empty());
}

#[test]
fn mail_parser_sees_no_more_parts() {
    let folder = suites().join("mime/mail-parser");
    let (mut same, mut other) = (0, Vec::new());
    for path in files(&folder, "eml") {
        let message = read(&path);
        let Ok(reference) = fs::read(path.with_extension("json")) else { continue };
        let reference: Value = serde_json::from_slice(&reference).unwrap();
        let bodies = leaves_of(&reference);
        let leaves = leaves(&message);
        if leaves >= bodies {
            same += 1;
        } else {
            other.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    println!("mail-parser: {same} with at least as many parts, {} with fewer: {other:#?}", other.len());
    assert!(other.iter().all(|name| FEWER.iter().any(|(listed, _)| listed == name)), "{other:?}");
}

/// Parts of a reference that hold neither parts nor a message.
fn leaves_of(message: &Value) -> usize {
    let mut count = 0;
    for part in message["parts"].as_array().into_iter().flatten() {
        let body = &part["body"];
        if let Some(inner) = body.get("Message") {
            count += leaves_of(inner);
        } else if body.get("Multipart").is_none() {
            count += 1;
        }
    }
    count
}

/// Pieces that ambiguous mails are made of.
const PIECES: &[&str] = &[
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "Content-Type : multipart/mixed; boundary=\"b \"; boundary=c\r\n",
    "\u{b}Content-Transfer-Encoding: base64 (x)\r\n",
    "Content-Transfer-Encoding: x-uuencode\r\n",
    "Content-Transfer-Encoding: quoted-printable, base64\r\n",
    "Content-Disposition: attachment; filename*1=.exe; filename*0=a\r\n",
    "Content-Type: message/partial\r\n",
    "junk\r\n",
    " \r\n",
    "\r\n",
    "\r",
    "\0",
    "--b\r\n",
    "--bc\r\n",
    "--b--\r\n",
    "--\r\n",
    "UEsDBBQ=UEsDBBQ\r\n",
    "=4a=4=\r\n==50=  \r\n",
    "begin 644 a.exe\r\n#0V%T\r\n`\r\nend\r\n",
    "=ybegin line=1 name=x\r\nabc\r\n=yend\r\n",
    "(This file must be converted with BinHex 4.0)\r\n:!!3r2:\r\n",
    "eJ8+Ig==\r\n",
];

/// Any mixture is read within the bounds, and a larger one in no more than a multiple of the time.
#[test]
fn ambiguous_mails_stay_within_bounds() {
    let mut state = 1u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for _ in 0..3000 {
        let raw: String = (0..next(40)).map(|_| PIECES[next(PIECES.len())]).collect();
        let message = Message::parse(Bytes::from(raw.clone()));
        assert!(message.parts.len() <= limits::PARTS_MAX, "{raw}");
        assert!(message.coverage.scanned <= message.coverage.bytes, "{raw}");
        let mut paths: Vec<&str> = message.parts.iter().map(|part| part.path.as_str()).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), message.parts.len(), "two parts have one path: {raw}");
    }
}

#[test]
fn hostile_mails_take_linear_time() {
    let head = "Content-Type: multipart/mixed; boundary=b; boundary=c\r\nContent-Type: text/plain\r\n\r\n";
    for piece in PIECES.iter().copied().chain([
        "=\r\n",
        "\n",
        "-- \r\nA\r\nB\r\nC\r\nD\r\nContent-Type: a/b\r\n\r\n",
        "--\n",
        "Content-Type: a\n\n--\nx\nx\nx\n\n",
        "Content-Transfer-Encoding: base64\r\n\r\nUEsD!BB=QA\r\n",
        "begin 644 a\r\n",
        "(((((((",
        "=ybegin ",
        "MMMM\r\n",
    ]) {
        let raw = [head.as_bytes(), &piece.as_bytes().repeat((4 << 20) / piece.len())].concat();
        let start = Instant::now();
        let message = Message::parse(Bytes::from(raw));
        let took = start.elapsed();
        println!("{took:8.1?} {:4} parts {piece:?}", message.parts.len());
        assert!(took < Duration::from_secs(10), "{piece:?} took {took:?}");
    }
}
