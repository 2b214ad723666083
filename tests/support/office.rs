//! A filter with its LMTP door, quarantine, model, subjects and admin API, in a folder of its own; it ends with the test.

use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

const CONFIG: &str = "authserv_id = 'mx.school.example'\nown_domains = ['school.example']\n[milter]\nlisten = []\n\
    [lmtp]\nlisten = ['127.0.0.1:0']\n[http]\nlisten = []\nadmin_listen = ['127.0.0.1:0']\nadmin_tokens = 'tokens'\n\
    [deliver]\nto = 'maildir:mail'\n[state]\nurl = 'redb:state.redb'\n[quarantine]\nfolder = 'aside'\n\
    [policy]\nrecipients = 'recipients.toml'\nsubjects = 'subjects.json'\n[learn]\nmodel = 'school.model'\n";
const CLASSES: &str = "[[class]]\nname = 'pupils'\nrecipients = '@pupils.example'\nexecutable = 'reject'\nrelease = false\n\
    [[class]]\nname = 'labor'\nrecipients = '@labor.example'\nexecutable = 'accept'\n\
    [[class]]\nname = 'everybody'\nexecutable = 'reject'\n";
/// Names, roles and what stands behind the digest; the token of a name is `NAME-token`.
const TOKENS: [(&str, &str, &str); 5] = [
    ("anna", "operator", ""),
    ("ben", "help_desk", ""),
    ("mia", "recipient", " mia.lang@school.example"),
    ("leo", "recipient", " p-leo"),
    ("iserv", "portal", ""),
];

pub struct Office {
    child: Child,
    pub admin: String,
    lmtp: String,
    pub folder: tempfile::TempDir,
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn digest(token: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    hash.as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}

fn spawn(folder: &Path) -> (Child, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wehr"))
        .args(["serve", "--config", "wehr.toml", "--json"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let places: Value = serde_json::from_str(&line).unwrap();
    let admin = places["admin"][0].as_str().unwrap().split('/').nth(2).unwrap().to_owned();
    (child, admin, places["lmtp"][0].as_str().unwrap().to_owned())
}

impl Office {
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// With further lines of configuration.
    pub fn start_with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("wehr.toml", &format!("{CONFIG}{more}"));
        write("recipients.toml", CLASSES);
        let line = |(name, role, rest): &(&str, &str, &str)| {
            format!("{name} {role} {}{rest}\n", digest(&format!("{name}-token")))
        };
        write("tokens", &TOKENS.iter().map(line).collect::<String>());
        write("ham.eml", "From: a@b.example\r\nSubject: the class trip\r\n\r\nWe meet at eight.\r\n");
        write("spam.eml", "From: a@b.example\r\nSubject: a prize\r\n\r\nYou have won a prize.\r\n");
        let taught = Command::new(env!("CARGO_BIN_EXE_wehr"))
            .args(["learn", "--ham", "ham.eml", "--spam", "spam.eml", "-o", "school.model"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(taught.status.success(), "{}", String::from_utf8_lossy(&taught.stderr));
        let (child, admin, lmtp) = spawn(folder.path());
        Self { child, admin, lmtp, folder }
    }

    /// Ends the server and starts another one in the same folder.
    pub fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        (self.child, self.admin, self.lmtp) = spawn(self.folder.path());
    }

    /// Asks the server to stop, as systemd does.
    pub fn terminate(&mut self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
    }

    /// Hands a mail to the door; the reply to its end.
    pub fn deliver(&self, from: &str, to: &str, mail: &str) -> String {
        let stream = TcpStream::connect(&self.lmtp).unwrap();
        let (mut reader, mut writer) = (BufReader::new(stream.try_clone().unwrap()), stream);
        let mut reply = || loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.get(3..4) != Some("-") {
                return line;
            }
        };
        reply();
        let lines = mail.lines().map(|line| if line.starts_with('.') { format!(".{line}") } else { line.to_owned() });
        let wire: String = lines.map(|line| line + "\r\n").collect();
        let mut last = String::new();
        for command in [
            "LHLO test\r\n".to_owned(),
            "XFORWARD NAME=mail.sender.example ADDR=192.0.2.77 HELO=mail.sender.example PROTO=ESMTP\r\n".to_owned(),
            format!("MAIL FROM:<{from}>\r\n"),
            format!("RCPT TO:<{to}>\r\n"),
            "DATA\r\n".to_owned(),
            format!("{wire}.\r\n"),
        ] {
            writer.write_all(command.as_bytes()).unwrap();
            last = reply();
        }
        last.trim_end().to_owned()
    }

    /// Asks the API as the holder of that name; status and JSON.
    pub fn ask(&self, method: &str, path: &str, name: &str, body: &[u8], fields: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.admin).unwrap();
        let head = format!(
            "{method} /api/v1/{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\
            Authorization: Bearer {name}-token\r\n{fields}\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let body = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
    }

    pub fn get(&self, path: &str, name: &str) -> (u16, Value) {
        self.ask("GET", path, name, b"", "")
    }
}

/// A mail that is set aside for its score alone, for this recipient.
pub fn unwanted(to: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/unwanted/norton-anruf.eml");
    fs::read_to_string(path).unwrap().replace("mia.lang@schule.example", to)
}
