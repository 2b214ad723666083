//! What the parts stand on: a private folder, free ports, processes that end with the test.
//!
//! Touches the temporary folder, loopback ports and the processes started here, nothing else.

use std::{
    cell::Cell,
    fs::{self, File, OpenOptions},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// How long a part may take to start or a mail to arrive before the case is given up.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long between two looks.
pub const PAUSE: Duration = Duration::from_millis(20);
/// How long a process may take to end after SIGTERM before it is killed.
const ENDING: Duration = Duration::from_secs(10);

/// The private folder of one run. It stays on disk when a case failed, for its logs.
pub struct Ground {
    pub folder: PathBuf,
    keep: Cell<bool>,
}

impl Ground {
    /// Makes the folder. User postfix, clamav and the mail user have to pass through it, hence 755.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("wehr-e2e-").tempdir().expect("a temporary folder").keep();
        let ground = Self { folder, keep: Cell::new(false) };
        set_mode(&ground.folder, 0o755);
        ground
    }

    /// Makes a subfolder that everybody may pass through.
    pub fn subfolder(&self, name: &str) -> PathBuf {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder).expect("a subfolder of the temporary folder");
        set_mode(&folder, 0o755);
        folder
    }

    /// Keeps the folder for reading the logs.
    pub fn keep(&self) {
        self.keep.set(true);
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if self.keep.get() {
            println!("logs, queue and mailstore are kept in {}", self.folder.display());
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A loopback port that is free for TCP and UDP at this moment.
pub fn free_port() -> SocketAddr {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
        let address = listener.local_addr().expect("the port just bound");
        if UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}

/// Sets the permission bits of a file or folder.
pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changing the mode of a path of ours");
}

/// Gives a path to a user, by name.
pub fn give_to(path: &Path, owner: &str) {
    run(Command::new("chown").arg("-R").arg(owner).arg(path));
}

/// Runs a command to its end and returns what it printed; panics with its errors when it fails.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed with {}: {errors}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Looks again and again until `look` gives something.
pub fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_at_most(PATIENCE, what, look)
}

/// As `wait_for`, with a patience of its own.
pub fn wait_at_most<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < patience, "waited {} s in vain for {what}", patience.as_secs());
        sleep(PAUSE);
    }
}

/// Waits until something listens on a TCP port.
pub fn wait_for_port(address: SocketAddr, process: &mut Process) {
    wait_for(&format!("{} on {address}", process.name), || {
        process.must_run();
        TcpStream::connect(address).ok()
    });
}

/// A process of ours; it ends when this is dropped, a panic included.
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command in the foreground; what it prints is appended to `log`.
    pub fn start(name: &'static str, command: &mut Command, log: &Path) -> Self {
        let out = append(log);
        let errors = out.try_clone().expect("a second handle of the log file");
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {command:?}: {error}"));
        Self { name, child, log: log.to_owned() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Panics with the end of the log when the process is gone.
    pub fn must_run(&mut self) {
        if let Some(status) = self.child.try_wait().expect("the state of a child of ours") {
            panic!("{} ended with {status}; its log ends:\n{}", self.name, tail(&self.log));
        }
    }

    /// Sends a signal (`TERM`, `HUP`, `STOP`, `CONT`).
    pub fn signal(&self, signal: &str) {
        run(Command::new("sh").args(["-c", "kill -\"$0\" \"$1\"", signal, &self.id().to_string()]));
    }

    /// `kill -9`: no warning, no last words.
    pub fn kill(&mut self) {
        self.child.kill().expect("killing a child of ours");
        self.child.wait().expect("the end of a child of ours");
    }

    /// How the process ended by itself, within the patience given.
    pub fn wait(&mut self, patience: Duration) -> ExitStatus {
        let what = format!("{} to end", self.name);
        let child = &mut self.child;
        wait_at_most(patience, &what, || child.try_wait().expect("the state of a child of ours"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        // A stopped process takes SIGTERM only once it goes on.
        let id = self.child.id().to_string();
        let _ = Command::new("sh").args(["-c", "kill -TERM \"$0\"; kill -CONT \"$0\"", &id]).status();
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if begun.elapsed() > ENDING {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
            sleep(PAUSE);
        }
    }
}

/// Opens a log for appending: a restarted part goes on in the same file.
fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).expect("a log file in the temporary folder")
}

/// The last lines of a log.
pub fn tail(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
