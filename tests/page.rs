//! The page in a real Chromium, over mails that came in through a real door: every view, both languages, hostile mail.
//!
//! `UPDATE_SCREENSHOTS=1` writes the pictures of docs/screenshots anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "support/browser.rs"]
mod browser;
#[path = "support/office.rs"]
#[allow(dead_code, reason = "shared with the tests of the API, which use more of it")]
mod office;

use browser::Browser;
use office::{Office, unwanted};
use serde_json::json;
use std::{
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
};

const MIA: &str = "mia.lang@school.example";
const HOSTILE: &str = "<img src=x onerror=\"window.harmed=1\"><script>window.harmed=1</script>\u{202e}txt";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Mails of a school's morning.
fn morning(office: &Office) {
    let mut names: Vec<_> = ["neutral", "unwanted"]
        .into_iter()
        .flat_map(|kind| fs::read_dir(root().join("corpus").join(kind)).unwrap().flatten())
        .map(|entry| entry.path())
        .collect();
    names.sort_by_key(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    let senders = ["info", "post", "team", "service", "b.kurz", "sekretariat", "news", "k.vogel"].into_iter().cycle();
    let told = Command::new("date").arg("-R").output().unwrap();
    let today = format!("Date: {}", String::from_utf8_lossy(&told.stdout).trim());
    for (path, sender) in names.iter().step_by(2).zip(senders) {
        let mail = fs::read_to_string(path).unwrap().replace("mia.lang@schule.example", MIA);
        let date = mail.lines().find(|line| line.starts_with("Date:")).unwrap_or("Date:");
        let mail = mail.replacen(date, &today, 1);
        let author = mail.lines().find(|line| line.starts_with("From:")).unwrap_or_default();
        let domain = author.rsplit_once('@').map_or("other.example", |(_, domain)| domain.trim_end_matches('>'));
        office.deliver(&format!("{sender}@{domain}"), MIA, &mail);
    }
}

/// A mail whose sender and subject would be markup.
fn hostile(office: &Office) {
    let mail = unwanted(MIA);
    let subject = mail.lines().find(|line| line.starts_with("Subject:")).unwrap();
    let hostile = mail.replacen(subject, &format!("Subject: {HOSTILE}"), 1);
    let reply = office.deliver("\"<script>harmed=1</script>\"@evil.example", MIA, &hostile);
    assert!(reply.starts_with("250"), "{reply}");
}

fn sign_in(browser: &mut Browser, office: &Office, name: &str) {
    browser.open(&format!("http://{}/", office.admin));
    browser.value("sessionStorage.removeItem('wehr-token')");
    browser.open(&format!("http://{}/?{name}", office.admin));
    browser.wait("document.activeElement.id === 'token'");
    browser.write(&format!("{name}-token"));
    browser.press("Enter");
    browser.wait("!document.querySelector('#nav').hidden");
}

/// Opens a view and waits for what it has to show.
fn view(browser: &mut Browser, name: &str, shown: &str) {
    browser.value(&format!("location.hash = '#{name}'"));
    let of = name.split('/').next().unwrap();
    browser.wait(&format!("document.querySelector('[data-view={of}][aria-busy=false]') !== null"));
    browser.wait(&format!("document.querySelector('main').innerText.includes({})", json!(shown)));
}

fn calm(browser: &Browser) {
    assert!(browser.complaints.is_empty(), "the page complains: {:?}", browser.complaints);
}

/// A picture for the manual, or a look whether one can be made.
fn picture(browser: &mut Browser, name: &str) {
    let octets = browser.picture();
    assert!(octets.starts_with(b"\x89PNG") && octets.len() > 5_000, "{name}: {} octets", octets.len());
    let folder = root().join("docs/screenshots");
    if env::var_os("UPDATE_SCREENSHOTS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), octets).unwrap();
    }
    assert!(folder.join(format!("{name}.png")).is_file(), "UPDATE_SCREENSHOTS=1 makes {name}.png");
}

/// Texts that stand out too little from what is behind them (WCAG 2.2 1.4.3).
const FAINT: &str = "(() => { const wrong = new Set();
    const colour = (text) => { const found = text.match(/[\\d.]+/g).map(Number);
        const scale = text.startsWith('color(') ? 255 : 1;
        return [...found.slice(0, 3).map((one) => one * scale), found[3] ?? 1]; };
    const over = (top, under) => [0, 1, 2].map((at) => top[at] * top[3] + under[at] * (1 - top[3])).concat(1);
    const behind = (one) => { const layers = [];
        for (let at = one; at; at = at.parentElement) {
            const layer = colour(getComputedStyle(at).backgroundColor); layers.push(layer); if (layer[3] === 1) break; }
        return layers.reduceRight((under, top) => over(top, under), [255, 255, 255, 1]); };
    const light = (one) => { const [red, green, blue] = one.map((part) => { const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue; };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) { const one = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || one.closest('.unseen, .skip, script, noscript, option') || !one.getClientRects().length) continue;
        const style = getComputedStyle(one); const under = behind(one);
        const [more, less] = [light(over(colour(style.color), under)), light(under)].sort((a, b) => b - a);
        const ratio = (more + 0.05) / (less + 0.05);
        if (!(ratio >= 4.5)) wrong.add(one.tagName + '.' + one.className + ' ' + ratio.toFixed(2)); }
    return [...wrong].join('; '); })()";

/// What stands in no view: headers without scope, fields without label, text beside the window.
const FAULTS: &str = "(() => { const wrong = [];
    for (const table of document.querySelectorAll('table')) if (!table.caption) wrong.push('table without caption');
    for (const head of document.querySelectorAll('th')) if (!head.scope) wrong.push('header without scope');
    for (const field of document.querySelectorAll('input, select, textarea'))
        if (!field.labels?.length && !field.getAttribute('aria-label')) wrong.push('no label: ' + field.id);
    for (const press of document.querySelectorAll('button, a'))
        if (!press.textContent.trim()) wrong.push('nothing to press: ' + press.outerHTML);
    if (document.querySelectorAll('h1').length !== 1) wrong.push('headings: ' + document.querySelectorAll('h1').length);
    if (document.querySelectorAll('main').length !== 1) wrong.push('main');
    const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
    if (new Set(ids).size !== ids.length) wrong.push('an id twice');
    const over = document.documentElement.scrollWidth - innerWidth;
    if (over > 0) wrong.push('wider than the window by ' + over);
    return wrong.join('; '); })()";

/// The views that the manual shows.
const PICTURES: [&str; 4] = ["live-en", "quarantine-de", "rules-en", "health-de"];

const VIEWS: [(&str, &str, &str); 6] = [
    ("live", "Reference", "Referenz"),
    ("verdicts", "Filter", "Filter"),
    ("quarantine", "renewal", "renewal"),
    ("rules", "Group", "Gruppe"),
    ("health", "Mail is taken", "Mail wird angenommen"),
    ("explain", "Nothing is delivered", "Nichts wird zugestellt"),
];

#[test]
fn every_view_shows_its_data_in_both_languages() {
    let Some(program) = browser::installed() else {
        println!("left out: no Chromium is installed");
        return;
    };
    let office = Office::start();
    morning(&office);
    for (language, scheme) in [("en-GB", "light"), ("de-DE", "dark")] {
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Browser::start(&program, profile.path(), language);
        browser.dress(1280, 900, scheme);
        sign_in(&mut browser, &office, "anna");
        let is_german = language == "de-DE";
        assert_eq!(browser.value("document.documentElement.lang"), if is_german { "de" } else { "en" });
        for (name, english, german) in VIEWS {
            view(&mut browser, name, if is_german { german } else { english });
            for (width, height) in [(1280, 900), (320, 640)] {
                browser.dress(width, height, scheme);
                assert_eq!(browser.value(FAULTS), "", "{name} in {language} at {width}");
                assert_eq!(browser.value(FAINT), "", "{name} in {language}, {scheme}");
            }
            browser.dress(1280, 900, scheme);
            let shown = format!("{name}-{}", language.split('-').next().unwrap());
            if PICTURES.contains(&shown.as_str()) {
                picture(&mut browser, &shown);
            }
        }
        browser.value("document.querySelector('#language').click()");
        browser.wait(&format!("document.documentElement.lang === '{}'", if is_german { "en" } else { "de" }));
        calm(&browser);
    }
}

#[test]
fn a_verdict_and_a_mail_open_and_hostile_text_stays_text() {
    let Some(program) = browser::installed() else {
        println!("left out: no Chromium is installed");
        return;
    };
    let office = Office::start();
    morning(&office);
    let profile = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(&program, profile.path(), "en-GB");
    browser.dress(1280, 1000, "light");
    sign_in(&mut browser, &office, "anna");
    view(&mut browser, "live", "Reference");
    browser.wait("document.querySelector('.state').classList.contains('up')");
    hostile(&office);
    browser.wait("document.querySelector('tbody tr').innerText.includes('<script>')");
    for (name, shown, _) in VIEWS {
        view(&mut browser, name, shown);
        assert_eq!(browser.value("window.harmed === undefined"), true, "{name}");
    }
    let (_, kept) = office.get("verdicts", "anna");
    let is_phish = |one: &&serde_json::Value| one["action"] == "quarantine" && !one.to_string().contains("<script>");
    let phish = kept["verdicts"].as_array().unwrap().iter().find(is_phish).unwrap();
    view(&mut browser, &format!("verdicts/{}", phish["reference"].as_str().unwrap()), "DMARC");
    assert_eq!([browser.value(FAULTS), browser.value(FAINT)], ["", ""]);
    picture(&mut browser, "verdict-en");
    let (_, held) = office.get("quarantine", "anna");
    let is_hostile = |mail: &&serde_json::Value| mail["subject"].as_str().unwrap().contains("onerror");
    let id = held["mails"].as_array().unwrap().iter().find(is_hostile).unwrap()["id"].as_str().unwrap().to_owned();
    view(&mut browser, &format!("quarantine/{id}"), "onerror");
    browser.wait("document.querySelector('h1').textContent.includes('<img src=x onerror')");
    assert_eq!(browser.value("document.querySelector('h1').textContent.includes('\\\\u202e')"), true);
    assert_eq!(browser.value("document.querySelectorAll('main img, main script').length"), 0);
    picture(&mut browser, "mail-en");
    browser.value("[...document.querySelectorAll('button')].find((one) => one.textContent === 'Release').click()");
    browser.wait("document.activeElement.textContent === 'No'");
    browser.value("[...document.querySelectorAll('button')].find((one) => one.textContent === 'Yes').click()");
    browser.wait("document.querySelector('#notice').textContent.startsWith('Released')");
    assert_eq!(browser.value("window.harmed === undefined"), true);
    // Even what would be markup by mistake is refused by the browser.
    let refused = "(() => { try { document.body.innerHTML = '<b>x</b>'; return false; } catch { return true; } })()";
    assert_eq!(browser.value(refused), true);
    browser.complaints.clear();
    // A rule's hits are told, and the new verdict comes in by itself.
    view(&mut browser, "live", "Reference");
    browser.wait("document.querySelector('.state').classList.contains('up')");
    assert!(office.deliver("new@late.example", MIA, &unwanted(MIA)).starts_with("250"));
    browser.wait("document.querySelector('tbody tr').innerText.includes('new@late.example')");
    browser.wait("document.querySelector('[aria-live=polite].unseen').textContent.includes('late.example')");
    calm(&browser);
}

#[test]
fn a_pasted_mail_is_explained() {
    let Some(program) = browser::installed() else {
        println!("left out: no Chromium is installed");
        return;
    };
    let office = Office::start();
    let profile = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(&program, profile.path(), "de-DE");
    browser.dress(1280, 1500, "light");
    sign_in(&mut browser, &office, "ben");
    view(&mut browser, "explain", "Nichts wird zugestellt");
    let mail = unwanted(MIA).replacen("Subject: ", &format!("Subject: {HOSTILE} "), 1);
    browser.value("document.querySelector('#source').focus()");
    browser.write(&mail);
    browser.value("document.querySelector('#e-ip').value = '192.0.2.9'");
    browser.value("document.querySelector('#e-why').value = 'DATE_MISSING'");
    browser.value("document.querySelector('#e-why').focus()");
    browser.press("Enter");
    browser.wait("document.querySelector('#result') !== null");
    for shown in [
        "Was es geändert hätte",
        "Regeln, die trafen, und wo",
        "Warum, oder warum nicht",
        "Tatsachen, der Reihe nach",
        "192.0.2.9",
    ] {
        browser.wait(&format!("document.querySelector('main').innerText.includes({})", json!(shown)));
    }
    assert!(browser.value("document.querySelectorAll('mark').length").as_u64().unwrap() > 0);
    assert_eq!(browser.value("document.querySelectorAll('main img, main script').length"), 0);
    assert_eq!([browser.value(FAULTS), browser.value(FAINT)], ["", ""]);
    browser.value("document.querySelector('#result').scrollIntoView()");
    picture(&mut browser, "explain-de");
    browser.dress(320, 640, "light");
    assert_eq!(browser.value(FAULTS), "");
    calm(&browser);
    // What looks for faint text finds some.
    browser.value("document.querySelector('h1').style.color = 'silver'");
    assert_ne!(browser.value(FAINT), "");
}

#[test]
fn each_role_has_its_views_and_a_wrong_token_none() {
    let Some(program) = browser::installed() else {
        println!("left out: no Chromium is installed");
        return;
    };
    let office = Office::start();
    office.deliver("b@sender.example", MIA, &unwanted(MIA));
    let profile = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(&program, profile.path(), "de-DE");
    browser.dress(400, 800, "light");
    for (name, views) in
        [("mia", "Urteile Quarantäne"), ("ben", "Live Urteile Quarantäne Regeln Zustand Erklären"), ("iserv", "")]
    {
        sign_in(&mut browser, &office, name);
        let shown = browser.value("[...document.querySelectorAll('#nav a')].map((one) => one.textContent).join(' ')");
        assert_eq!(shown, views, "{name}");
        calm(&browser);
        if name == "mia" {
            view(&mut browser, "quarantine", "renewal");
            picture(&mut browser, "recipient-de");
        }
        browser.value("document.querySelector('#leave').click()");
        browser.wait("document.querySelector('#token') !== null");
    }
    assert_eq!(browser.value("sessionStorage.getItem('wehr-token')"), json!(null));
    assert_eq!(browser.value("document.cookie"), "");
    browser.value("document.querySelector('#token').focus()");
    browser.write("wrong");
    browser.press("Enter");
    browser.wait("document.querySelector('[role=alert]').textContent === 'Dieses Token ist nicht bekannt.'");
}

#[test]
fn the_files_of_the_page_come_with_their_policy() {
    let office = Office::start();
    let ask = |path: &str, more: &str| {
        let mut stream = TcpStream::connect(&office.admin).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{more}\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let page = ask("/", "");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("script-src 'self'") && !page.contains("set-cookie"));
    assert!(page.contains("require-trusted-types-for 'script'") && page.contains("frame-ancestors 'none'"));
    let script = ask("/page/main.js", "");
    let tag = script.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let again = ask("/page/main.js", &format!("If-None-Match: {tag}\r\n"));
    assert!(again.starts_with("HTTP/1.1 304") && !again.contains("import"), "{again}");
    assert!(ask("/page/../Cargo.toml", "").starts_with("HTTP/1.1 404"));
}
