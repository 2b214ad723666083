//! The admin API: what each role sees, who is turned away, reload, and the document that describes it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "support/serving.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod serving;

use serde_json::Value;
use serving::Serving;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

const CONFIG: &str = r#"
authserv_id = "mx.school.example"
[milter]
listen = []
[lmtp]
listen = []
[http]
listen = []
check_listen = ["127.0.0.1:0"]
admin_listen = ["127.0.0.1:0"]
admin_tokens = "tokens"
"#;

/// A filter in a folder of its own; it ends with the test.
struct Filter {
    serving: Serving,
    folder: tempfile::TempDir,
}

fn folder(tokens: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("wehr.toml"), CONFIG).unwrap();
    fs::write(folder.path().join("tokens"), tokens).unwrap();
    folder
}

fn digest(token: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    hash.as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}

impl Filter {
    fn start() -> Self {
        let tokens =
            format!("anna operator {} # on duty\nben help_desk {}\n", digest("operator-token"), digest("help-token"));
        let folder = folder(&tokens);
        let serving = Serving::start(&mut serving::command(folder.path(), "wehr.toml", &[]));
        Self { serving, folder }
    }

    fn ask(&self, method: &str, path: &str, token: &str) -> (u16, Value) {
        let field = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n{field}\r\n");
        let answer = talk(self.serving.host("admin"), &request);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let lower = head.to_ascii_lowercase();
        assert!(lower.contains("cache-control: no-store") && !lower.contains("access-control"), "{head}");
        (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
    }
}

fn talk(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn each_role_sees_what_it_may() {
    let filter = Filter::start();
    let mail = "From: a@sender.example\r\nSubject: secret words\r\n\r\nhello\r\n";
    let request = format!(
        "POST /checkv2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\nIP: 192.0.2.9\r\n\
        From: a@sender.example\r\nRcpt: pupil@school.example\r\nQueue-Id: 4ABC\r\n\r\n{mail}",
        mail.len()
    );
    assert!(talk(filter.serving.host("check"), &request).starts_with("HTTP/1.1 200"));
    let (status, told) = filter.ask("GET", "/api/v1/verdicts?limit=5", "operator-token");
    assert_eq!((status, told["verdicts"].as_array().map(Vec::len)), (200, Some(1)));
    let (_, whole) = filter.ask("GET", "/api/v1/verdicts/4ABC", "operator-token");
    assert_eq!(whole["private"]["outcomes"][0]["recipient"], "pupil@school.example", "{whole}");
    assert!(whole["private"]["facts"].is_array() && whole["symbols"].is_array() && whole["door"] == "check");
    assert!(!whole.to_string().contains("secret words"), "{whole}");
    let (status, bare) = filter.ask("GET", "/api/v1/verdicts/4ABC", "help-token");
    assert_eq!((status, &bare["action"], &bare["reference"]), (200, &whole["action"], &whole["reference"]));
    assert!(!bare.to_string().contains("pupil") && !bare.to_string().contains('@'), "{bare}");
    let (_, rules) = filter.ask("GET", "/api/v1/rules", "help-token");
    let hit = rules["rules"].as_array().unwrap().iter().filter(|rule| rule["hits"] == 1.0).count();
    assert!(hit > 0 && rules["mails"] == 1.0, "{}", rules["mails"]);
    assert_eq!(filter.ask("GET", "/api/v1/health", "help-token").1["is_ready"], true);
}

#[test]
fn who_may_not_is_turned_away() {
    let filter = Filter::start();
    assert_eq!(filter.ask("GET", "/api/v1/verdicts", "").0, 401);
    let begun = Instant::now();
    let (status, told) = filter.ask("GET", "/api/v1/verdicts", "wrong");
    assert!(status == 401 && told["error"].is_string() && told["hint"].is_string());
    assert!(begun.elapsed() >= Duration::from_secs(1), "guessing costs time");
    assert_eq!(filter.ask("POST", "/api/v1/reload", "help-token").0, 403);
    assert_eq!(filter.ask("GET", "/api/v1/reload", "operator-token").0, 405);
    assert_eq!(filter.ask("GET", "/nowhere", "operator-token").0, 404);
    assert_eq!(filter.ask("GET", "/api/v1/verdicts/none", "operator-token").0, 404);
}

#[test]
fn a_reload_says_what_is_wrong() {
    let filter = Filter::start();
    assert_eq!(filter.ask("POST", "/api/v1/reload", "operator-token").0, 200);
    fs::write(filter.folder.path().join("wehr.toml"), format!("{CONFIG}\n[policy]\nnonsense = 1\n")).unwrap();
    let (status, told) = filter.ask("POST", "/api/v1/reload", "operator-token");
    assert_eq!(status, 422);
    assert!(told["error"].as_str().unwrap().contains("nonsense"), "{told}");
    assert_eq!(filter.ask("GET", "/api/v1/health", "operator-token").0, 200);
}

#[test]
fn tokens_are_read_anew_and_a_broken_file_keeps_the_old_ones() {
    let filter = Filter::start();
    let file = filter.folder.path().join("tokens");
    fs::write(&file, "anna operator nonsense\n").unwrap();
    assert_eq!(filter.ask("POST", "/api/v1/reload", "operator-token").0, 422);
    assert_eq!(filter.ask("GET", "/api/v1/rules", "help-token").0, 200);
    fs::write(&file, format!("carl operator {}\n", digest("new-token"))).unwrap();
    assert_eq!(filter.ask("POST", "/api/v1/reload", "operator-token").0, 200);
    assert_eq!(filter.ask("GET", "/api/v1/rules", "operator-token").0, 401);
    assert_eq!(filter.ask("POST", "/api/v1/reload", "new-token").0, 200);
}

#[test]
fn the_document_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let made = format!("{:#}\n", wehr::web::routes::document());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &made).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), made, "UPDATE_EXPECT=1 writes docs/openapi.json anew");
}

#[test]
fn a_wrong_line_of_the_tokens_has_its_place() {
    let folder = folder("# all\nanna root abc\n");
    let output = Command::new(env!("CARGO_BIN_EXE_wehr"))
        .args(["config", "check", "--config", "wehr.toml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(said.contains("tokens:2:1"), "{said}");
}
