//! The filter under test: `wehr serve` as an operator starts it, with a configuration file of ours.

use crate::ground::{Ground, Process, free_port, run, set_mode, wait_for};
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::Command,
};

/// Our name in Authentication-Results.
pub const AUTHSERV_ID: &str = "mx.example.org";

/// What has to come encrypted: addresses that no other case uses.
const ENCRYPTION: &str = r#"link = "https://example.org/encrypted-mail"
downgrade = "off"
[[class]]
name = "certified"
recipients = ["bert+certified@direct.example.org", "bert+certified@filtered.example.org"]
transport = "verified"
[[class]]
name = "sealed"
recipients = ["paul@filtered.example.org", "sara@filtered.example.org"]
seal = "any"
[[secure_alias]]
domain = "secure.direct.example.org"
mailbox = "direct.example.org"
[[secure_alias]]
domain = "secure.filtered.example.org"
mailbox = "filtered.example.org"
"#;

/// Where everything is that the filter talks to.
#[derive(Clone, Debug)]
pub struct Neighbours {
    pub mailstore: SocketAddr,
    pub clamd: SocketAddr,
    pub resolver: SocketAddr,
}

/// The filter, and where it listens.
pub struct Wehr {
    pub milter_tcp: SocketAddr,
    pub milter_unix: PathBuf,
    pub lmtp: SocketAddr,
    pub http: SocketAddr,
    pub quarantine: PathBuf,
    pub records: PathBuf,
    /// Keys that recipients' mail is sealed to; empty at first.
    pub keys: PathBuf,
    neighbours: Neighbours,
    folder: PathBuf,
    process: Option<Process>,
}

impl Wehr {
    /// Chooses the places; nothing runs yet, for Postfix has to know them, too.
    pub fn new(ground: &Ground, neighbours: Neighbours) -> Self {
        let folder = ground.subfolder("wehr");
        Self {
            milter_tcp: free_port(),
            milter_unix: folder.join("milter.sock"),
            lmtp: free_port(),
            http: free_port(),
            quarantine: folder.join("quarantine"),
            records: folder.join("records"),
            keys: folder.join("keys"),
            neighbours,
            folder,
            process: None,
        }
    }

    /// Starts the filter and waits until it says that it is ready. A running one is ended first.
    pub fn start(&mut self) {
        drop(self.process.take());
        self.configure(AUTHSERV_ID);
        let mut command = Command::new(env!("CARGO_BIN_EXE_wehr"));
        command
            .current_dir(&self.folder)
            .args(["serve", "--log", "json", "--config"])
            .arg(self.configuration())
            .arg("--record")
            .arg(&self.records);
        let mut process = Process::start("wehr", &mut command, &self.log_file());
        wait_for("wehr to be ready", || {
            process.must_run();
            self.get("/readyz").filter(|page| page.starts_with("HTTP/1.1 200"))
        });
        // smtpd runs as user postfix, and connecting to a unix socket needs the right to write.
        set_mode(&self.milter_unix, 0o666);
        self.process = Some(process);
    }

    /// Writes the configuration file.
    pub fn configure(&self, authserv_id: &str) {
        let Neighbours { mailstore, clamd, resolver } = self.neighbours;
        let (unix, quarantine) = (self.milter_unix.display(), self.quarantine.display());
        let keys = self.keys.display();
        let (tcp, lmtp, http) = (self.milter_tcp, self.lmtp, self.http);
        let text = format!(
            "authserv_id = \"{authserv_id}\"
own_domains = [\"example.org\", \"filtered.example.org\", \"direct.example.org\", \"secure.filtered.example.org\", \"secure.direct.example.org\"]
[policy]
encryption = \"encryption.toml\"
[milter]
listen = [\"{tcp}\", \"unix:{unix}\"]
[lmtp]
listen = [\"{lmtp}\"]
[deliver]
to = \"lmtp:{mailstore}\"
[http]
listen = \"{http}\"
[clamd]
address = \"{clamd}\"
[dns]
resolvers = [\"{resolver}\"]
[quarantine]
folder = \"{quarantine}\"
[record]
recipients = [\"anna@direct.example.org\", \"@filtered.example.org\"]
[encryption]
recipient_keys = \"{keys}\"
[egress]
mode = \"deny\"
"
        );
        fs::create_dir_all(&self.keys).expect("a folder of keys");
        fs::write(self.folder.join("wehr.toml"), text).expect("writing wehr.toml");
        fs::write(self.folder.join("encryption.toml"), ENCRYPTION).expect("writing encryption.toml");
    }

    /// A verb of the program with the filter's configuration, and what it printed.
    pub fn verb(&self, arguments: &[&str]) -> String {
        let file = self.folder.join("wehr.toml");
        run(Command::new(env!("CARGO_BIN_EXE_wehr"))
            .current_dir(&self.folder)
            .args(arguments)
            .arg("--config")
            .arg(file))
    }

    /// The configuration file.
    pub fn configuration(&self) -> PathBuf {
        self.folder.join("wehr.toml")
    }

    /// Writes a configuration file that names a key nobody knows.
    pub fn break_configuration(&self) {
        let file = self.folder.join("wehr.toml");
        let text = fs::read_to_string(&file).expect("the configuration file");
        fs::write(file, format!("no_such_key = 1\n{text}")).expect("writing wehr.toml");
    }

    /// The running process.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("wehr runs")
    }

    /// Whether it runs (a failed case may have ended it).
    pub fn runs(&self) -> bool {
        self.process.is_some() && self.get("/readyz").is_some_and(|page| page.starts_with("HTTP/1.1 200"))
    }

    /// Ends the filter as an operator would, if it runs.
    pub fn end(&mut self) {
        drop(self.process.take());
    }

    /// A page of the HTTP door, head included; `None` when nobody answers.
    pub fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.http).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).ok()?;
        Some(page)
    }

    /// Everything that was logged so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_file()).unwrap_or_default()).into_owned()
    }

    /// The lines of the log that contain `word`. A mail's line is written after its reply, so it is waited for.
    pub fn log_lines_with(&self, word: &str) -> Vec<String> {
        wait_for(&format!("`{word}` in the filter's log"), || {
            let lines: Vec<String> = self.log().lines().filter(|line| line.contains(word)).map(str::to_owned).collect();
            (!lines.is_empty()).then_some(lines)
        })
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("wehr.log")
    }
}
