//! Digests and the page of recipients, by the real program: told once, GET changes nothing, POST releases to one
//! recipient, "not spam" teaches the model, links of others and altered ones open nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with the tests of other verbs, which use more of it")]
mod program;
#[path = "support/serving.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod serving;

use program::{code, err, folder, lines, out, wehr};
use serde_json::Value;
use serving::Serving;
use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};
use wehr::{
    doors::digest::pass::{Pass, Secrets},
    mail::message::Message,
};

const CONFIG: &str = "authserv_id = 'mx.school.example'\nown_domains = ['school.example']\n[milter]\nlisten = []\n\
    [lmtp]\nlisten = ['127.0.0.1:0']\n[http]\nlisten = ['127.0.0.1:0']\nmailbox_listen = ['127.0.0.1:0']\n\
    admin_listen = ['127.0.0.1:0']\nadmin_tokens = 'tokens'\n\
    [deliver]\nto = 'maildir:mail'\n[state]\nurl = 'redb:state.redb'\n[policy]\ntag = -100\nquarantine = -100\nreject = 100\n\
    [quarantine]\nfolder = 'aside/mails'\n[quarantine.digest]\nfrom = 'Mailschutz <mailschutz@school.example>'\n\
    link = 'https://mail.school.example/held'\nhelp = 'IT, Tel. 1234'\n";
const TOKEN: &str = "operator-token";

fn serve(files: &Path) -> Serving {
    Serving::start(&mut serving::command(files, "w.toml", &[]))
}

fn house(more: &str) -> tempfile::TempDir {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, TOKEN.as_bytes());
    let hash: String = hash.as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
    let (config, tokens) = (format!("{CONFIG}{more}"), format!("anna operator {hash}\n"));
    let place = folder(&[
        ("w.toml", config.as_str()),
        ("tokens", tokens.as_str()),
        ("ham/1", "From: a@b.example\r\nSubject: Elternabend\r\n\r\nMorgen um sieben.\r\n"),
        ("spam/1", "From: c@d.example\r\nSubject: Gewinn\r\n\r\nSie haben gewonnen.\r\n"),
    ]);
    let key = "00112233445566778899aabbccddeeff";
    let learned = wehr(place.path(), &["learn", "--ham", "ham", "--spam", "spam", "--key", key, "-o", "school.model"]);
    assert_eq!(code(&learned), 0, "{}", err(&learned));
    place
}

/// Hands a mail to the door.
fn send(server: &Serving, recipients: &[&str], subject: &str) {
    send_from(server, "Bert <bert@other.example>", recipients, subject);
}

fn send_from(server: &Serving, author: &str, recipients: &[&str], subject: &str) {
    let message = format!(
        "From: {author}\r\nTo: anna@school.example\r\nSubject: {subject}\r\n\
        Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@other.example>\r\n\r\nTen of ten.\r\n"
    );
    let stream = TcpStream::connect(server.place("lmtp")).unwrap();
    let (mut from, mut to) = (BufReader::new(stream.try_clone().unwrap()), stream);
    let mut reply = || loop {
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        if line.get(3..4) != Some("-") {
            return line;
        }
    };
    reply();
    let rcpt = recipients.iter().map(|recipient| format!("RCPT TO:<{recipient}>\r\n"));
    let commands = ["LHLO test\r\n".to_owned(), "MAIL FROM:<bert@other.example>\r\n".to_owned()];
    for command in commands.into_iter().chain(rcpt).chain(["DATA\r\n".to_owned()]) {
        to.write_all(command.as_bytes()).unwrap();
        reply();
    }
    to.write_all(format!("{message}.\r\n").as_bytes()).unwrap();
    for _ in recipients {
        let told = reply();
        assert!(told.starts_with("250"), "{told}");
    }
}

fn talk(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

fn ask(server: &Serving, method: &str, token: &str, language: &str, body: &str) -> (u16, String) {
    let page = talk(
        server.host("mailbox"),
        &format!(
            "{method} /held/{token} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept-Language: {language}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    let (head, text) = page.split_once("\r\n\r\n").unwrap();
    let lower = head.to_ascii_lowercase();
    for field in
        ["referrer-policy: no-referrer", "cache-control: no-store", "default-src 'none'", "x-frame-options: deny"]
    {
        assert!(lower.contains(field), "{field}\n{head}");
    }
    assert!(!text.contains("<script") && !lower.contains("set-cookie") && !lower.contains("location:"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), text.to_owned())
}

fn get(server: &Serving, token: &str) -> (u16, String) {
    ask(server, "GET", token, "en", "")
}

fn post(server: &Serving, token: &str, pass: &str, act: &str) -> (u16, String) {
    ask(server, "POST", token, "en", &format!("pass={pass}&act={act}"))
}

/// What the first form of a page would send.
fn pass_of(page: &str) -> String {
    page.split("name=\"pass\" value=\"")
        .nth(1)
        .unwrap_or_else(|| panic!("{page}"))
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

fn verb(files: &Path, arguments: &[&str]) -> Output {
    wehr(files, &[&["quarantine", "--config", "w.toml"], arguments].concat())
}

/// Tokens of the links in a mail, in their order, each once.
fn tokens(raw: &[u8]) -> Vec<String> {
    let message = Message::parse(raw.to_vec().into());
    let plain = &message.texts.iter().find(|text| !text.is_page).unwrap().text;
    let found = plain.split("https://mail.school.example/held/").skip(1);
    let mut seen: Vec<String> = Vec::new();
    for token in found.filter_map(|rest| rest.split_whitespace().next()) {
        if !seen.iter().any(|known| known == token) {
            seen.push(token.to_owned());
        }
    }
    seen
}

/// The mails in the mailstore.
fn delivered(place: &Path) -> Vec<String> {
    files(&place.join("mail"))
        .iter()
        .map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned())
        .collect()
}

fn states(place: &Path) -> Vec<(String, String)> {
    let all = lines(&verb(place, &["list", "--all", "--json"]));
    let of = |mail: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        mail["recipients"].as_array().unwrap().iter().map(|it| (text(&it["address"]), text(&it["state"]))).collect()
    };
    let mut found: Vec<(String, String)> = all.iter().flat_map(of).collect();
    found.sort();
    found
}

#[test]
fn a_recipient_is_told_once_and_releases_by_a_link_what_get_does_not() {
    let place = house("languages = ['de', 'en']\n[learn]\nmodel = 'school.model'\n");
    let server = serve(place.path());
    send(
        &server,
        &["anna@school.example", "bea@school.example"],
        "=?utf-8?Q?Die_Noten?= <b>https://evil.example/x</b>",
    );
    let printed = verb(place.path(), &["digest", "--dry-run", "--to", "ANNA@school.example", "--json"]);
    assert_eq!((code(&printed), lines(&printed).len()), (0, 1), "{}", err(&printed));
    assert!(delivered(place.path()).is_empty());

    let sent = verb(place.path(), &["digest", "--now"]);
    assert_eq!((code(&sent), out(&sent).lines().count()), (0, 2), "{} {}", out(&sent), err(&sent));
    assert_eq!(out(&verb(place.path(), &["digest", "--now"])), "", "nobody is told twice");
    let digests = delivered(place.path());
    assert_eq!(digests.len(), 2);
    let hers = digests.iter().find(|mail| mail.contains("\nTo: anna@school.example\n")).unwrap();
    assert!(hers.contains("\nAuto-Submitted: auto-generated\n") && hers.contains("Return-Path: <>"), "{hers}");
    let message = Message::parse(hers.clone().into_bytes().into());
    let texts: String = message.texts.iter().map(|text| text.text.as_str()).collect();
    assert!(texts.contains("Die Noten") && texts.contains("Bert") && texts.contains("unerw\u{fc}nschter Werbung"));
    assert!(message.links.iter().all(|link| link.host == "mail.school.example"), "{:?}", message.links);
    assert!(!texts.contains("SPF") && !texts.contains("Ten of ten"));
    let [one, all] = &tokens(hers.as_bytes())[..] else { panic!("{texts}") };
    assert!(!one.contains("anna") && one.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet)));

    // A scanner that follows links, several times and with every harmless method.
    let before = (states(place.path()), fs::read(place.path().join("school.model")).unwrap());
    for token in [one, all] {
        for method in ["GET", "HEAD", "GET", "OPTIONS", "PUT"] {
            let (status, _) = ask(&server, method, token, "de", "act=release");
            assert_eq!(status, if ["GET", "HEAD"].contains(&method) { 200 } else { 405 });
        }
        assert!(get(&server, &format!("{token}?act=release")).1.contains("Mail held back"));
    }
    assert_eq!(before, (states(place.path()), fs::read(place.path().join("school.model")).unwrap()));
    let (_, german) = ask(&server, "GET", one, "de-DE,en;q=0.5", "");
    assert!(german.contains("lang=\"de\"") && german.contains(">Zustellen<") && german.contains("Kein Spam"));
    assert!(german.contains("&lt;b&gt;") && !german.contains("<b>"));

    let (_, page) = get(&server, one);
    let (status, said) = post(&server, one, &pass_of(&page), "release");
    assert!(status == 200 && said.contains("was delivered"), "{said}");
    let mails = delivered(place.path());
    assert_eq!(mails.len(), 3);
    let mail = mails.iter().find(|mail| mail.contains("X-Wehr-Released: ")).unwrap();
    assert!(mail.contains("; by=recipient; ref=") && mail.contains("Delivered-To: anna@school.example"), "{mail}");
    let expected = [("anna@school.example", "released"), ("bea@school.example", "held")];
    assert_eq!(states(place.path()), expected.map(|(address, state)| (address.to_owned(), state.to_owned())));
    // Again: she has it.
    assert!(post(&server, one, &pass_of(&page), "release").1.contains("delivered before"));
    assert_eq!(delivered(place.path()).len(), 3);
    assert!(get(&server, one).1.contains("Delivered already") && get(&server, all).1.contains("No mail is waiting"));

    // What was done is counted, and stands beside the verdict, without an address.
    let metrics = talk(server.host("metrics"), "GET /metrics HTTP/1.0\r\n\r\n");
    assert!(metrics.contains("wehr_mailbox_requests_total{act=\"release\",result=\"done\"} 1"), "{metrics}");
    let request = format!(
        "GET /api/v1/verdicts HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    );
    let history = talk(server.host("admin"), &request);
    assert!(history.contains("\"what\":\"released by its recipient\""), "{history}");
    // Nothing of the page on the other listeners, nothing of theirs on the page.
    assert!(talk(server.host("mailbox"), &request).starts_with("HTTP/1.1 404"));
}

#[test]
fn what_is_said_to_be_no_spam_teaches_the_model_once() {
    let place = house("[learn]\nmodel = 'school.model'\n");
    let server = serve(place.path());
    send(&server, &["anna@school.example", "bea@school.example"], "The trip");
    assert_eq!(code(&verb(place.path(), &["digest", "--now"])), 0);
    let before = fs::read(place.path().join("school.model")).unwrap();
    for (who, is_first) in [("anna@school.example", true), ("bea@school.example", false)] {
        let digest = delivered(place.path()).into_iter().find(|mail| mail.contains(&format!("\nTo: {who}\n"))).unwrap();
        let token = tokens(digest.as_bytes()).remove(0);
        let (status, said) = post(&server, &token, &pass_of(&get(&server, &token).1), "not_spam");
        assert_eq!((status, said.contains("more likely to pass")), (200, is_first), "{said}");
        assert!(is_first || said.contains("was delivered"));
    }
    let after = fs::read(place.path().join("school.model")).unwrap();
    assert_ne!(before, after);
    let known = |octets: &[u8]| {
        let text = String::from_utf8_lossy(octets).into_owned();
        text.lines().find(|line| line.starts_with("ham ")).unwrap().to_owned()
    };
    assert_eq!((known(&before).as_str(), known(&after).as_str()), ("ham 1", "ham 2"));
    assert_eq!(delivered(place.path()).iter().filter(|mail| mail.contains("X-Wehr-Released")).count(), 2);
    let metrics = talk(server.host("metrics"), "GET /metrics HTTP/1.0\r\n\r\n");
    assert!(metrics.contains("wehr_mailbox_learned_total 1"), "{metrics}");
}

#[test]
fn links_that_are_forged_expired_or_of_somebody_else_open_nothing() {
    let place = house("");
    let server = serve(place.path());
    send(&server, &["anna@school.example"], "For Anna");
    send(&server, &["bea@school.example"], "For Bea");
    let mails = lines(&verb(place.path(), &["list", "--json"]));
    let id = |to: &str| -> String {
        let mail = mails.iter().find(|mail| mail["recipients"][0]["address"] == to).unwrap();
        mail["id"].as_str().unwrap().to_owned()
    };
    let (annas, beas) = (id("anna@school.example"), id("bea@school.example"));
    let secrets = Secrets::read(&place.path().join("aside/digest.key")).unwrap();
    let far = 4_000_000_000;
    let sign = |to: &str, mail: Option<&str>, may_release: bool, until: i64| {
        secrets.sign(&Pass { recipient: to.to_owned(), mail: mail.map(str::to_owned), may_release, until }).unwrap()
    };
    let (anna, bea) = ("anna@school.example", "bea@school.example");
    let good = sign(anna, Some(&annas), true, far);
    assert!(get(&server, &good).1.contains("For Anna"));
    // Altered anywhere, cut, lengthened.
    for at in [0, good.len() / 2, good.len() - 1] {
        let mut forged = good.clone().into_bytes();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(get(&server, &String::from_utf8(forged).unwrap()).0, 404);
    }
    let begun = Instant::now();
    assert_eq!(get(&server, &good[..good.len() - 4]).0, 404);
    assert!(begun.elapsed() >= Duration::from_secs(1), "guessing costs time");
    // Signed by another house.
    let other = Secrets::make(&place.path().join("other.key")).unwrap();
    let foreign = other.sign(&Pass { recipient: anna.to_owned(), mail: None, may_release: true, until: far }).unwrap();
    assert_eq!(get(&server, &foreign).0, 404);
    // Its time is over.
    assert_eq!(get(&server, &sign(anna, Some(&annas), true, 1_000_000_000)).0, 410);
    let old = sign(anna, Some(&annas), true, 1_000_000_000);
    assert_eq!(post(&server, &good, &old, "release").0, 410);
    // Bea's link shows nothing of Anna's mail, and her page releases nothing of it.
    assert_eq!(get(&server, &sign(bea, Some(&annas), true, far)).0, 410);
    assert_eq!(post(&server, &sign(bea, None, true, far), &good, "release").0, 404);
    assert_eq!(
        post(&server, &sign(bea, Some(&beas), true, far), &sign(bea, Some(&annas), true, far), "release").0,
        404
    );
    assert_eq!(
        post(&server, &sign(bea, Some(&annas), true, far), &sign(bea, Some(&annas), true, far), "release").0,
        403
    );
    // Who may look may not release; a form that is none, or too large, does nothing.
    assert_eq!(post(&server, &good, &sign(anna, Some(&annas), false, far), "release").0, 403);
    assert_eq!(post(&server, &good, &good, "delete").0, 400);
    assert_eq!(ask(&server, "POST", &good, "en", "").0, 400);
    assert_eq!(ask(&server, "POST", &good, "en", &"x".repeat(10_000)).0, 400);
    assert!(delivered(place.path()).is_empty());
    assert!(states(place.path()).iter().all(|(_, state)| state == "held"));
    // An old secret is taken while it stands in the file; the new one signs.
    let file = place.path().join("aside/digest.key");
    let line = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{}\n{line}", "ab".repeat(32))).unwrap();
    assert_eq!(get(&server, &good).0, 200);
    fs::write(&file, format!("{}\n", "ab".repeat(32))).unwrap();
    assert_eq!(get(&server, &good).0, 404);
    // A mail that was deleted is gone.
    fs::write(&file, line).unwrap();
    assert_eq!(code(&verb(place.path(), &["delete", &annas])), 0);
    let (status, said) = get(&server, &good);
    assert!(status == 410 && said.contains("not there any more"), "{said}");
    assert_eq!(post(&server, &good, &good, "release").0, 410);
    // Nobody asks without end.
    let busy = sign("carl@school.example", None, true, far);
    assert!((0..61).map(|_| get(&server, &busy).0).any(|status| status == 429));
}

#[test]
fn what_is_no_plain_spam_is_released_by_the_help_desk_only() {
    let place = house("languages = ['en']\n");
    let server = serve(place.path());
    // Two authors: readers disagree who wrote it.
    send_from(&server, "a@other.example\r\nFrom: b@third.example", &["anna@school.example"], "Odd");
    assert_eq!(code(&verb(place.path(), &["digest", "--now"])), 0);
    let digest = delivered(place.path()).remove(0);
    let message = Message::parse(digest.clone().into_bytes().into());
    let text = &message.texts[0].text;
    assert!(text.contains("Only the help desk can deliver it (IT, Tel. 1234). Reference: "), "{text}");
    let [all] = &tokens(digest.as_bytes())[..] else { panic!("{text}") };
    let (_, page) = get(&server, all);
    assert!(page.contains("Odd") && page.contains("Tel. 1234") && !page.contains("<form"), "{page}");
    let id = lines(&verb(place.path(), &["list", "--json"]))[0]["id"].as_str().unwrap().to_owned();
    // Not even with a link that says so: policy is asked again.
    let secrets = Secrets::read(&place.path().join("aside/digest.key")).unwrap();
    let pass =
        Pass { recipient: "anna@school.example".to_owned(), mail: Some(id), may_release: true, until: 4_000_000_000 };
    let token = secrets.sign(&pass).unwrap();
    assert_eq!(post(&server, &token, &token, "release").0, 403);
    assert_eq!(delivered(place.path()).len(), 1);
}

#[test]
fn a_digest_comes_when_it_is_due_and_waits_for_the_mailstore() {
    let place = house("every_hours = 1\nlanguages = ['de']\n");
    let mut server = serve(place.path());
    send(&server, &["anna@school.example"], "Later");
    thread::sleep(Duration::from_millis(500));
    assert!(delivered(place.path()).is_empty(), "nothing is due before its hour");
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let mark = place.path().join("aside/mails/.digest-sent");
    assert!(fs::read_to_string(&mark).unwrap().starts_with("20"));
    // The mailstore is away: its folder cannot be made.
    fs::write(&mark, "2026-01-01T00:00:00Z").unwrap();
    fs::remove_dir_all(place.path().join("mail")).unwrap();
    fs::write(place.path().join("mail"), "in the way").unwrap();
    let down = serve(place.path());
    let is_deferred = || {
        talk(down.host("metrics"), "GET /metrics HTTP/1.0\r\n\r\n")
            .contains("wehr_digests_total{result=\"deferred\"} 1")
    };
    wait(is_deferred);
    assert_eq!(fs::read_to_string(&mark).unwrap(), "2026-01-01T00:00:00Z", "it is still to be sent");
    assert_eq!(code(&verb(place.path(), &["digest", "--now"])), 1);
    drop(down);
    fs::remove_file(place.path().join("mail")).unwrap();
    let up = serve(place.path());
    wait(|| delivered(place.path()).len() == 1);
    drop(up);
    // A restart tells nothing twice, even where it does not know what was due.
    fs::write(&mark, "2026-01-01T00:00:00Z").unwrap();
    let _again = serve(place.path());
    wait(|| fs::read_to_string(&mark).unwrap() != "2026-01-01T00:00:00Z");
    assert_eq!(delivered(place.path()).len(), 1);
}

fn wait(is_so: impl Fn() -> bool) {
    for _ in 0..300 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("it does not come about");
}

#[test]
fn a_configuration_of_digests_that_cannot_work_is_refused() {
    let told = |config: &str| {
        let place = folder(&[("w.toml", config)]);
        let checked = wehr(place.path(), &["config", "check", "w.toml"]);
        (code(&checked), out(&checked) + &err(&checked))
    };
    let (code, text) = told("[quarantine.digest]\nat = ['25:00']\nlink = 'nowhere'\n");
    assert_eq!(code, 2, "{text}");
    for part in ["w.toml:2:", "no time of day", "w.toml:3:", "no address of a page", "quarantine.digest.from"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let (code, text) = told(
        "[http]\nmailbox_listen = ['127.0.0.1:0']\n[quarantine.digest]\nlink = 'https://a.example/'\nfrom = 'a@b.example'\n\
         classes = ['pupils']\nrelease = ['viruses']\n",
    );
    assert!(code == 2 && text.contains("unknown reason `viruses`"), "{text}");
    let (code, text) = told("[http]\nmailbox_listen = ['127.0.0.1:0']\n");
    assert!(code == 2 && text.contains("needs quarantine.digest.link"), "{text}");
}

/// Draws the page for docs/screenshots, where a folder for it is named and Chromium is there.
#[test]
fn the_page_is_drawn() {
    let Some(target) = env::var_os("WEHR_SCREENSHOTS").map(PathBuf::from) else { return };
    let place = house("[learn]\nmodel = 'school.model'\n");
    let server = serve(place.path());
    let subjects = [
        "=?utf-8?Q?Angebot:_Klassenfahrt_nach_L=C3=BCbeck,_Anmeldung_bis_Freitag?=",
        "Newsletter",
        "A subject that is rather long, as those of newsletters sometimes are, and does not want to end at all, whatever the width",
    ];
    for subject in subjects {
        send(&server, &["anna.beispiel@school.example"], subject);
    }
    send_from(&server, "a@other.example\r\nFrom: b@third.example", &["anna.beispiel@school.example"], "Ihre Rechnung");
    assert_eq!(code(&verb(place.path(), &["digest", "--now"])), 0);
    let digest = delivered(place.path()).remove(0);
    let all = tokens(digest.as_bytes()).pop().unwrap();
    let html = Message::parse(digest.into_bytes().into()).texts.into_iter().find(|text| text.is_page).unwrap().text;
    fs::write(place.path().join("letter.html"), html).unwrap();
    let draw = |name: &str, size: &str, url: &str| {
        let drawn = Command::new("chromium")
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--accept-lang=de"])
            .args([format!("--window-size={size}"), format!("--screenshot={}", target.join(name).display())])
            .args([format!("--user-data-dir={}", place.path().join("browser").display()), url.to_owned()])
            .stderr(Stdio::null())
            .status();
        assert!(drawn.is_ok_and(|status| status.success()), "{name}");
    };
    let page = format!("http://{}/{all}", server.host("mailbox"));
    draw("mailbox.png", "900,1250", &page);
    // The window has a least width; a frame has none.
    fs::write(place.path().join("page.html"), ask(&server, "GET", &all, "de", "").1).unwrap();
    let frame = "<body style='margin:0'><iframe src='page.html' style='border:0;width:320px;height:1700px'></iframe>";
    fs::write(place.path().join("narrow.html"), frame).unwrap();
    draw("mailbox-320.png", "500,1700", &format!("file://{}", place.path().join("narrow.html").display()));
    draw("digest.png", "800,1900", &format!("file://{}", place.path().join("letter.html").display()));
}
