//! `wehr replay` as rule authors see it: the same on any number of threads, flips, archives, exit codes, the page, the manual.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

const WEHR: &str = env!("CARGO_BIN_EXE_wehr");
const RULE: &str = "[LURE]\nabout = \"a lure\"\nscore = SCORE\nwhen = '''subject ~ /lure/i'''\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn wehr(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(WEHR).args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The mails, without what depends on the clock, and the report.
fn json(output: &Output) -> (Vec<Value>, Value) {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let report = lines.pop().unwrap_or_else(|| panic!("nothing was printed: {}", err(output)));
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("micros");
    }
    (lines, report)
}

/// Ham and spam, two sets of rules, and something that is no mail.
fn workshop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mail = |subject: &str| format!("From: a@b.example\r\nSubject: {subject}\r\n\r\nhello\r\n");
    for (name, text) in [
        ("m/ham/1.eml", mail("lure of the sea")),
        ("m/ham/2.eml", mail("hello")),
        ("m/spam/1.eml", mail("a lure")),
        ("m/phish/1.eml", mail("nothing")),
        ("old/a.toml", RULE.replace("SCORE", "1.0")),
        ("new/a.toml", RULE.replace("SCORE", "9.0")),
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn verdicts_are_the_same_with_any_number_of_threads() {
    let paths = ["corpus/cases", "corpus/neutral", "corpus/unwanted", "corpus/samples"];
    let run = |jobs: &str| {
        let done = wehr(root(), &[&["replay", "--json", "--mails", "--jobs", jobs], &paths[..]].concat());
        assert_eq!(done.status.code(), Some(0), "{}", err(&done));
        json(&done)
    };
    let ((one, report), (four, _)) = (run("1"), run("4"));
    assert_eq!(one, four);
    assert_eq!(report["mails"], one.len());
    assert!(one.len() > 100 && one.iter().all(|mail| mail["verdict"].as_str().unwrap().len() == 32));
    assert!(report["mails_per_second"].as_f64().unwrap() > 0.0 && report.get("against").is_none());
    // Mails without a record ask; cases have what they asked when they were recorded.
    assert!(report["not_recorded"]["mails"].as_u64().unwrap() >= 75, "{}", report["not_recorded"]);
    let of_cases = one.iter().filter(|mail| mail["path"].as_str().unwrap().starts_with("corpus/cases/"));
    assert!(of_cases.filter(|mail| mail["not_recorded"] == serde_json::json!([])).count() > 20);
}

#[test]
fn a_change_of_rules_is_told_by_what_it_flips() {
    let work = workshop();
    let at = work.path();
    let done = wehr(
        at,
        &["replay", "m", "--rules", "new", "--against", "old", "--json", "--mails", "--fail-on", "new-fp,flip>2"],
    );
    assert_eq!(done.status.code(), Some(1), "{}", err(&done));
    assert_eq!(err(&done), "--fail-on: 1 new false positives, 0 are borne\n");
    let (_, report) = json(&done);
    let flips = &report["against"];
    assert_eq!((&flips["flips"], &flips["new_catches"]), (&2.into(), &1.into()));
    assert_eq!(flips["causes"][0]["name"], "LURE");
    assert_eq!(flips["mails"][0]["path"], "m/ham/1.eml");
    let line = report["symbols"].as_array().unwrap().iter().find(|line| line["name"] == "LURE").unwrap();
    assert_eq!((&line["ham"], &line["unwanted"], &line["redundancy"]), (&1.into(), &1.into(), &0.0.into()));
    let before = wehr(at, &["replay", "m", "--rules", "old", "--json", "--mails"]);
    fs::write(at.join("before.jsonl"), &before.stdout).unwrap();
    let again = wehr(at, &["replay", "m", "--rules", "new", "--against", "before.jsonl", "--json"]);
    assert_eq!(json(&again).1["against"]["mails"], flips["mails"]);
    let same = wehr(at, &["replay", "m", "--rules", "new", "--against", "new", "--fail-on", "new-fp,flip"]);
    assert_eq!(same.status.code(), Some(0), "{}", err(&same));
}

#[test]
fn an_archive_holds_what_its_folder_does() {
    let work = workshop();
    let at = work.path();
    let case = root().join("corpus/cases/date");
    let names = |paths: &[&str]| {
        let (mails, _) = json(&wehr(at, &[&["replay", "--json", "--mails"], paths].concat()));
        let mut names: Vec<(String, Value)> = mails
            .iter()
            .map(|mail| {
                let path = mail["path"].as_str().unwrap();
                let (_, name) = path.rsplit_once("packed/").unwrap_or_else(|| panic!("{path}"));
                (format!("{name}#{}", mail["label"]), mail["verdict"].clone())
            })
            .collect();
        names.sort_by(|one, other| one.0.cmp(&other.0));
        names
    };
    fs::create_dir(at.join("packed")).unwrap();
    let copied = Command::new("cp").arg("-r").args([&at.join("m"), &case, &at.join("packed")]).status().unwrap();
    assert!(copied.success());
    let folder = names(&["packed"]);
    assert!(folder.len() > 4 && folder.iter().any(|(name, _)| name.contains("\"phish\"")));
    for (file, option) in [("a.tar", "--no-auto-compress"), ("a.tar.gz", "--gzip"), ("a.tar.zst", "--zstd")] {
        let packed = Command::new("tar").args(["-cf", file, option, "packed"]).current_dir(at).output().unwrap();
        if !packed.status.success() && option == "--zstd" {
            println!("left out: tar cannot write zstd here");
            continue;
        }
        assert!(packed.status.success(), "{}", err(&packed));
        assert_eq!(names(&[file]), folder, "{file}");
    }
}

#[test]
fn shards_together_are_everything() {
    let work = workshop();
    let names = |arguments: &[&str]| -> Vec<String> {
        let (mails, _) = json(&wehr(work.path(), &[&["replay", "m", "--json", "--mails"], arguments].concat()));
        mails.iter().map(|mail| mail["path"].as_str().unwrap().to_owned()).collect()
    };
    let mut shards: Vec<String> = ["1/3", "2/3", "3/3"].iter().flat_map(|shard| names(&["--shard", shard])).collect();
    shards.sort();
    let mut all = names(&[]);
    all.sort();
    assert_eq!(shards, all);
}

#[test]
fn what_cannot_be_read_or_understood_ends_with_2() {
    let work = workshop();
    let at = work.path();
    fs::write(at.join("broken.tar.gz"), b"no archive").unwrap();
    let done = wehr(at, &["replay", "m", "absent", "broken.tar.gz", "--json"]);
    let (_, report) = json(&done);
    assert_eq!((done.status.code(), &report["mails"], &report["errors"]["count"]), (Some(2), &4.into(), &2.into()));
    assert!(report["errors"]["listed"][0].as_str().unwrap().starts_with("absent: "));
    for wrong in [
        &["--fail-on", "flip"][..],
        &["--fail-on", "flop"],
        &["--shard", "3/2"],
        &["--labels", "absent"],
        &["--against", "absent"],
        &["--jobs", "0"],
        &["--mails"],
    ] {
        let done = wehr(at, &[&["replay", "m"], wrong].concat());
        assert_eq!((done.status.code(), done.stdout.len()), (Some(2), 0), "{wrong:?}: {}", err(&done));
    }
}

/// Guards of a rule change that guard nothing.
#[test]
fn what_compares_nothing_or_labels_nothing_ends_with_2() {
    let work = workshop();
    let at = work.path();
    let before = wehr(at, &["replay", "m", "--rules", "old", "--json", "--mails"]);
    fs::write(at.join("before.jsonl"), &before.stdout).unwrap();
    fs::write(at.join("labels"), "elsewhere/1.eml\tham\n").unwrap();
    fs::write(at.join("empty.tar.zst"), b"").unwrap();
    for (arguments, told) in [
        (&["./m", "--against", "before.jsonl", "--fail-on", "flip"][..], "no mail was compared"),
        (&["m", "--labels", "labels"], "none of its paths"),
        (&["m", "empty.tar.zst"], "no message in this archive"),
    ] {
        let done = wehr(at, &[&["replay", "--rules", "old"], arguments].concat());
        assert!(done.status.code() == Some(2) && err(&done).contains(told), "{arguments:?}: {}", err(&done));
    }
}

#[test]
fn whoever_stops_reading_loses_no_file_and_no_finding() {
    let work = workshop();
    let mut child = Command::new(WEHR)
        .current_dir(work.path())
        .args([
            "replay",
            "m",
            "--rules",
            "new",
            "--against",
            "old",
            "--json",
            "--mails",
            "--html",
            "h",
            "--fail-on",
            "flip",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(1), "{}", err(&done));
    assert!(fs::read_to_string(work.path().join("h")).unwrap().contains("</html>"));
}

#[test]
fn an_interrupt_prints_what_is_known() {
    let child = Command::new(WEHR)
        .args(["replay", "corpus/neutral/kino.eml", "-", "--json"])
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_secs(4));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    // The pipe to its standard input stays open, so only the interrupt can end it.
    let mut child = child;
    let input = child.stdin.take();
    let ended = child.wait_with_output().unwrap();
    drop(input);
    assert_eq!((ended.status.code(), &json(&ended).1["interrupted"]), (Some(130), &true.into()));
}

/// A real browser, where one is installed.
fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    folders.iter().flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.is_file())
}

#[test]
fn the_page_works_in_a_browser() {
    let work = workshop();
    let at = work.path();
    let done = wehr(at, &["replay", "m", "--rules", "new", "--against", "old", "--html", "page.html"]);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    let page = fs::read_to_string(at.join("page.html")).unwrap();
    assert!(
        !page.contains("http://") && !page.contains("https://") && page.matches("<svg viewBox=\"0 0 560").count() == 2
    );
    let Some(browser) = browser() else {
        println!("left out: no Chromium is installed");
        return;
    };
    let look = |arguments: &[&str]| {
        let place = format!("file://{}", at.join("page.html").display());
        let profile = format!("--user-data-dir={}", at.join("profile").display());
        let options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,2000", &profile];
        let looked = Command::new(&browser).args(options).args(arguments).arg(place).output().unwrap();
        assert!(looked.status.success(), "{}", err(&looked));
        String::from_utf8_lossy(&looked.stdout).into_owned()
    };
    let dom = look(&["--dump-dom"]);
    assert!(
        dom.contains("data-ready=\"yes\"") && dom.contains("2 of 2 shown") && dom.contains("<button type=\"button\">")
    );
    let picture = at.join("page.png");
    look(&[&format!("--screenshot={}", picture.display())]);
    let octets = fs::read(picture).unwrap();
    assert!(octets.starts_with(b"\x89PNG") && octets.len() > 20_000, "{} octets", octets.len());
}

/// Every command of the manual, one after the other, in a folder with the rules and mails of the repository.
#[test]
fn the_commands_of_the_manual_work() {
    let work = tempfile::tempdir().unwrap();
    let copied = Command::new("cp")
        .arg("-r")
        .args([root().join("corpus"), root().join("rules")])
        .arg(work.path())
        .status()
        .unwrap();
    assert!(copied.success());
    let manual = fs::read_to_string(root().join("docs/replay.md")).unwrap();
    let blocks: Vec<&str> = manual.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 7);
    let path = format!("{}:{}", Path::new(WEHR).parent().unwrap().display(), env::var("PATH").unwrap());
    for block in blocks {
        let ended =
            Command::new("sh").args(["-ec", block]).env("PATH", &path).current_dir(work.path()).output().unwrap();
        assert!(ended.status.success(), "{block}\n{}{}", String::from_utf8_lossy(&ended.stdout), err(&ended));
    }
    let page = fs::read_to_string(work.path().join("change.html")).unwrap();
    assert!(page.contains("PORTAL_PASSWORD_LURE") && page.contains("complaint.eml"));
}

#[test]
fn a_changed_policy_that_asks_what_a_case_lacks_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let list = "[[dns_list]]\nzone = \"clients.list.example\"\nkind = \"client\"\n";
    fs::write(at.join("senders.toml"), list).unwrap();
    fs::write(at.join("w.toml"), "[dns]\nresolvers = ['127.0.0.1:53']\n[policy]\nsenders = 'senders.toml'\n").unwrap();
    let case = root().join("corpus/cases/authentication/arc_pass");
    let case = case.to_str().unwrap();
    let (_, before) = json(&wehr(at, &["replay", "--json", case]));
    assert_eq!(before["not_recorded"]["mails"], 0, "{before}");
    let (mails, after) = json(&wehr(at, &["replay", "--json", "--mails", "--config", "w.toml", case]));
    assert_eq!(after["not_recorded"]["mails"], 1, "{after}");
    assert!(after["not_recorded"]["questions"].as_object().is_some_and(|kinds| !kinds.is_empty()), "{after}");
    assert!(mails[0]["not_recorded"].as_array().is_some_and(|kinds| !kinds.is_empty()), "{mails:?}");
    let told = wehr(at, &["replay", "--config", "w.toml", case]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("Not recorded: 1 mails"), "{told}");
    // Two runs say the same: what a case lacks is an answer like any other.
    let (again, _) = json(&wehr(at, &["replay", "--json", "--mails", "--config", "w.toml", case]));
    assert_eq!(mails, again);
}
