//! The fields that rules of SpamAssassin see, compared with those of the installed SpamAssassin.
//!
//! Ignored unless asked for: `WEHR_CORPORA=/path/to/mails cargo t --test oracle_views -- --ignored --nocapture`.
//! `WEHR_SAMPLE` mails are taken of every folder (200), `WEHR_SHOW` differences of a class are shown (2).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use bytes::Bytes;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};
use wehr::mail::{
    classic::{Classic, encoding, evals},
    message::Message,
};

/// Mails of every folder with mails below `root`.
fn sample(root: &Path, count: usize) -> Vec<PathBuf> {
    let mut folders = vec![root.to_owned()];
    let mut taken = Vec::new();
    while let Some(folder) = folders.pop() {
        let mut mails = Vec::new();
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "eml") {
                mails.push(path);
            }
        }
        mails.sort();
        let step = (mails.len() / count.max(1)).max(1);
        taken.extend(mails.into_iter().step_by(step).take(count));
    }
    taken.sort();
    taken
}

fn octets(value: &Value) -> Option<Vec<u8>> {
    value.as_str().map(|text| encoding::base64(text.as_bytes()))
}

fn list(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().into_iter().flatten().filter_map(octets).collect()
}

fn show(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars().take(300).flat_map(char::escape_debug).collect()
}

/// What differs first.
fn difference(theirs: &[Vec<u8>], ours: &[Vec<u8>]) -> Option<String> {
    if theirs == ours {
        return None;
    }
    let at = theirs.iter().zip(ours).position(|(a, b)| a != b).unwrap_or(theirs.len().min(ours.len()));
    let (a, b) = (theirs.get(at).cloned().unwrap_or_default(), ours.get(at).cloned().unwrap_or_default());
    let from = a.iter().zip(&b).position(|(x, y)| x != y).unwrap_or(a.len().min(b.len())).saturating_sub(60);
    let tail = |text: &[u8]| show(text.get(from..).unwrap_or_default());
    Some(format!("#{at} of {}/{} at {from}\n    sa:   {}\n    ours: {}", theirs.len(), ours.len(), tail(&a), tail(&b)))
}

/// Uris that only one side has.
fn missing(theirs: &[Vec<u8>], ours: &[Vec<u8>]) -> Option<String> {
    let only = |these: &[Vec<u8>], those: &[Vec<u8>]| {
        let found: Vec<String> = these.iter().filter(|uri| !those.contains(uri)).take(3).map(|uri| show(uri)).collect();
        found.join("\n          ")
    };
    let (a, b) = (only(theirs, ours), only(ours, theirs));
    (!a.is_empty() || !b.is_empty()).then(|| format!("\n    sa:   {a}\n    ours: {b}"))
}

#[derive(Default)]
struct Account {
    mails: usize,
    /// How often a function of SpamAssassin held.
    hits: u64,
    /// By view: how many mails differ, and how it looks.
    views: BTreeMap<String, (usize, Vec<String>)>,
}

impl Account {
    fn note(&mut self, view: &str, path: &str, found: Option<String>) {
        let entry = self.views.entry(view.to_owned()).or_default();
        if let Some(found) = found {
            entry.0 += 1;
            entry.1.push(format!("  {path} {found}"));
        }
    }
}

fn compare(line: &Value, calls: &[Call], accounts: &mut BTreeMap<String, Account>) {
    let path = line["path"].as_str().unwrap();
    let raw = fs::read(path).unwrap();
    let message = Message::parse(Bytes::from(raw));
    let classic = Classic::of(&message);
    let folder = Path::new(path).parent().unwrap();
    let name = folder.iter().rev().take(2).map(|part| part.to_string_lossy().into_owned()).collect::<Vec<_>>();
    let account = accounts.entry(name.into_iter().rev().collect::<Vec<_>>().join("/")).or_default();
    account.mails += 1;
    account.note("body", path, difference(&list(&line["body"]), classic.body()));
    account.note("rawbody", path, difference(&list(&line["rawbody"]), classic.rawbody()));
    let full = octets(&line["full"]).unwrap();
    account.note("full", path, difference(&[full], &[classic.full().to_vec()]));
    let uris: Vec<Vec<u8>> = classic.uris().map(<[u8]>::to_vec).collect();
    account.note("uri", path, missing(&list(&line["uri"]), &uris));
    for (request, value) in line["header"].as_object().unwrap() {
        let theirs = octets(value);
        let ours = classic.header(request);
        let found = (theirs != ours).then(|| match (&theirs, &ours) {
            (Some(theirs), Some(ours)) => {
                difference(std::slice::from_ref(theirs), std::slice::from_ref(ours)).unwrap_or_default()
            }
            _ => format!("\n    sa:   {:?}\n    ours: {:?}", theirs.as_deref().map(show), ours.as_deref().map(show)),
        });
        account.note(&format!("header {request}"), path, found);
    }
    let mime: Vec<Vec<u8>> = classic
        .mime_headers("content-type")
        .into_iter()
        .zip(classic.mime_headers("content-disposition"))
        .map(|(a, b)| [a.unwrap_or_default(), b.unwrap_or_default()].concat())
        .collect();
    account.note("mime", path, difference(&list(&line["mime"]), &mime));
    compare_evals(line, &classic, calls, account, path);
}

/// One use of an eval function in the installed rules.
struct Call {
    /// As the Perl side is told: `body name(args)`.
    told: String,
    eval: evals::Eval,
}

/// The uses of functions that we know, and the names of those that we do not.
fn calls(folder: &Path) -> (Vec<Call>, BTreeSet<String>) {
    let (mut lines, mut settings) = (BTreeSet::new(), evals::Settings::default());
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let text = fs::read(entry.path()).unwrap_or_default();
        for line in String::from_utf8_lossy(&text).lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["freemail_domains", domains @ ..] => {
                    settings.freemail_domains.extend(domains.iter().map(|domain| domain.to_lowercase()));
                }
                ["freemail_welcomelist" | "freemail_whitelist", names @ ..] => {
                    settings.freemail_welcomelist.extend(names.iter().map(|name| name.to_lowercase()));
                }
                [kind @ ("header" | "body" | "rawbody" | "full"), _, call, ..] if call.starts_with("eval:") => {
                    let at = line.find("eval:").unwrap() + 5;
                    lines.insert(format!("{kind} {}", line[at..].trim()));
                }
                _ => {}
            }
        }
    }
    let settings = Arc::new(settings);
    let (mut found, mut unknown) = (Vec::new(), BTreeSet::new());
    for told in lines {
        let (kind, call) = told.split_once(' ').unwrap();
        let Some((name, args)) = call.split_once('(') else { continue };
        let Some(end) = args.rfind(')') else { continue };
        let told = format!("{kind} {name}({})", &args[..end]);
        let kind = match kind {
            "header" => evals::Kind::Header,
            "body" => evals::Kind::Body,
            "rawbody" => evals::Kind::Rawbody,
            _ => evals::Kind::Full,
        };
        match evals::resolve(name, &arguments(&args[..end]), kind, &settings) {
            Some(eval) => found.push(Call { told, eval }),
            None => {
                unknown.insert(name.to_owned());
            }
        }
    }
    (found, unknown)
}

/// Perl's list of strings and numbers.
fn arguments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|letter| matches!(letter, '\'' | '"'));
        let end = match quote {
            Some(quote) => rest[1..].find(quote).map_or(rest.len(), |end| end + 2),
            None => rest.find(',').unwrap_or(rest.len()),
        };
        found.push(rest[..end].trim().trim_matches(|letter| Some(letter) == quote).to_owned());
        rest = rest[end..].trim_start().trim_start_matches(',').trim_start();
    }
    found
}

fn compare_evals(line: &Value, classic: &Classic, calls: &[Call], account: &mut Account, path: &str) {
    for call in calls {
        let Some(theirs) = line["eval"][&call.told].as_u64() else { continue };
        let ours = u64::from(call.eval.holds(classic));
        account.hits += theirs;
        account.note(
            &format!("eval {}", call.told),
            path,
            (theirs != ours).then(|| format!("sa {theirs} ours {ours}")),
        );
    }
}

#[test]
#[ignore = "needs SpamAssassin and corpora"]
fn views_agree_with_spamassassin() {
    let number = |name: &str, default: usize| env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let root = env::var("WEHR_CORPORA").map_or_else(|_| PathBuf::from("../shared/corpora/dev"), PathBuf::from);
    let mails = sample(&root, number("WEHR_SAMPLE", 200));
    assert!(!mails.is_empty(), "no mails below {}", root.display());
    let rules = env::var("WEHR_SPAMASSASSIN").map_or_else(|_| PathBuf::from("/usr/share/spamassassin"), PathBuf::from);
    let (calls, unknown) = calls(&rules);
    println!("unknown functions: {unknown:?}");
    let told: Vec<&str> = calls.iter().map(|call| call.told.as_str()).collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/views.pl");
    let mut perl = Command::new("perl")
        .arg(script)
        .env("WEHR_EVALS", told.join("\n"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = perl.stdin.take().unwrap();
    let names: Vec<String> = mails.iter().map(|path| path.display().to_string()).collect();
    let writer = std::thread::spawn(move || {
        for name in names {
            if writeln!(input, "{name}").is_err() {
                break;
            }
        }
    });
    let mut accounts = BTreeMap::new();
    for line in BufReader::new(perl.stdout.take().unwrap()).lines() {
        compare(&serde_json::from_str(&line.unwrap()).unwrap(), &calls, &mut accounts);
    }
    writer.join().unwrap();
    perl.wait().unwrap();
    report(&accounts, number("WEHR_SHOW", 2));
}

/// How a view differs in one folder: its name, mails that differ, mails, examples.
type Line<'a> = (&'a str, usize, usize, &'a [String]);

fn report(accounts: &BTreeMap<String, Account>, shown: usize) {
    println!("functions held {} times", accounts.values().map(|account| account.hits).sum::<u64>());
    let mut views: BTreeMap<&str, Vec<Line<'_>>> = BTreeMap::new();
    for (folder, account) in accounts {
        for (view, (count, found)) in &account.views {
            views.entry(view).or_default().push((folder, *count, account.mails, found));
        }
    }
    for (view, folders) in views {
        let (different, mails) = folders.iter().fold((0, 0), |(a, b), (_, count, mails, _)| (a + count, b + mails));
        println!("{view:32} {different:5} of {mails:6} mails differ");
        for (folder, count, mails, found) in folders.iter().filter(|(_, count, _, _)| *count > 0) {
            println!("  {folder:30} {count:5} of {mails:6}");
            for example in found.iter().take(shown) {
                println!("{example}");
            }
        }
    }
}
