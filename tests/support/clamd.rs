//! A real clamd with a database and a folder of its own.

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// Where Debian puts it.
pub const CLAMD: &str = "/usr/sbin/clamd";
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// Ends with the test.
pub struct Clamd {
    pub child: Child,
    pub socket: PathBuf,
    _folder: tempfile::TempDir,
}

impl Drop for Clamd {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Clamd {
    /// `database` are its files by name, `settings` further lines of its configuration. Returns when it answers.
    pub fn start(database: &[(&str, String)], settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("db")).unwrap();
        for (name, lines) in database {
            fs::write(path("db").join(name), lines).unwrap();
        }
        let socket = path("clamd.sock");
        let user = if std::env::var("USER").is_ok_and(|user| user != "root") { "" } else { "User root\n" };
        let config = format!(
            "DatabaseDirectory {}\nLocalSocket {}\nForeground yes\n{user}LogFile {}\nMaxThreads 4\nScanMail yes\n\
             TemporaryDirectory {}\n{settings}",
            path("db").display(),
            socket.display(),
            path("clamd.log").display(),
            folder.path().display(),
        );
        fs::write(path("clamd.conf"), config).unwrap();
        let child = Command::new(CLAMD)
            .arg("--config-file")
            .arg(path("clamd.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let log = path("clamd.log");
        let clamd = Self { child, socket, _folder: folder };
        let begun = Instant::now();
        while !answers(&clamd.socket) {
            let told = || fs::read_to_string(&log).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "clamd does not answer: {}", told());
            sleep(Duration::from_millis(50));
        }
        clamd
    }
}

fn answers(socket: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket) else { return false };
    let mut reply = String::new();
    stream.write_all(b"zPING\0").is_ok() && stream.read_to_string(&mut reply).is_ok() && reply == "PONG\0"
}
