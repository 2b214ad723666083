//! A restart under load, with sockets that somebody else holds: no connection is refused and no mail is lost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "support/talk.rs"]
mod talk;

use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

const CONFIG: &str = "[milter]\nlisten = []\n[http]\nlisten = []\n[lmtp]\nlisten = ['127.0.0.1:1']\n";

/// What a service manager does: it keeps the socket and hands it to each process in turn.
struct Manager {
    socket: TcpListener,
    notices: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("wehr.toml"), CONFIG).unwrap();
        let notices = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        notices.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { socket: TcpListener::bind("127.0.0.1:0").unwrap(), notices, folder }
    }

    /// Starts the program with the socket as its third file, under a name.
    fn spawn(&self, name: &str) -> Child {
        let socket: OwnedFd = self.socket.try_clone().unwrap().into();
        let script = "exec 3<&0 0</dev/null; LISTEN_PID=$$ exec \"$0\" serve --config wehr.toml --json";
        Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_wehr")])
            .env("LISTEN_FDS", "1")
            .env("LISTEN_FDNAMES", name)
            .env("NOTIFY_SOCKET", self.folder.path().join("notify"))
            .current_dir(self.folder.path())
            .stdin(Stdio::from(socket))
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.folder.path().join("log")).unwrap())
            .spawn()
            .unwrap()
    }

    fn start(&self) -> Child {
        let child = self.spawn("lmtp");
        assert_eq!(self.heard(), "READY=1", "{}", self.log());
        child
    }

    fn heard(&self) -> String {
        let mut octets = [0; 64];
        let count = self.notices.recv(&mut octets).unwrap_or_else(|_| panic!("{}", self.log()));
        String::from_utf8(octets[..count].to_vec()).unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap().success());
}

/// The identifiers of all mails below a folder.
fn mails(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(mails(&entry.path()));
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            found.extend(text.lines().filter_map(|line| line.strip_prefix("Subject: ")).map(str::to_owned));
        }
    }
    found
}

#[test]
fn a_restart_under_load_refuses_nobody_and_loses_nothing() {
    let manager = Manager::new();
    let address = manager.socket.local_addr().unwrap().to_string();
    let mut child = manager.start();
    let is_over = Arc::new(AtomicBool::new(false));
    let again = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..4)
        .map(|client| {
            let (address, is_over, again) = (address.clone(), Arc::clone(&is_over), Arc::clone(&again));
            thread::spawn(move || {
                let mut taken = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    let id = format!("{client}-{}", taken.len());
                    // As an MTA does: what was not taken is tried again; a refused connection would be an outage.
                    loop {
                        match talk::send(&address, &id) {
                            Ok(reply) if reply.starts_with("250") => break,
                            Ok(reply) => assert!(reply.starts_with("421"), "{reply}"),
                            Err(error) => assert!(!error.to_string().starts_with("connect"), "{error}"),
                        }
                        again.fetch_add(1, Ordering::Relaxed);
                    }
                    taken.push(id);
                }
                taken
            })
        })
        .collect();
    for _ in 0..3 {
        thread::sleep(Duration::from_secs(1));
        signal(&child, "HUP");
        assert_eq!(manager.heard(), "RELOADING=1");
        assert_eq!(manager.heard(), "READY=1");
        signal(&child, "TERM");
        assert_eq!(manager.heard(), "STOPPING=1");
        assert!(child.wait().unwrap().success());
        // Nobody accepts now; who connects waits.
        thread::sleep(Duration::from_millis(300));
        child = manager.start();
    }
    thread::sleep(Duration::from_millis(500));
    is_over.store(true, Ordering::Relaxed);
    let taken: BTreeSet<String> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    signal(&child, "TERM");
    child.wait().unwrap();
    let stored = mails(&manager.folder.path().join("wehr-data"));
    let lost: Vec<_> = taken.difference(&stored).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert!(taken.len() > 20, "only {} mails", taken.len());
    eprintln!("{} mails taken over 3 restarts, {} tried again", taken.len(), again.load(Ordering::Relaxed));
}

#[test]
fn a_socket_without_a_door_is_an_error() {
    let manager = Manager::new();
    let mut child = manager.spawn("smtp");
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(manager.log().contains("FileDescriptorName="), "{}", manager.log());
}
