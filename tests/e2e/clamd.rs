//! A clamd of our own with a tiny signature database: EICAR by digest, and one word by pattern.

use crate::{
    ground::{Ground, Process, free_port, give_to, wait_for_port},
    parts::Part,
};
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
};

/// The EICAR test file, joined at run time only: a scanner must not find it in the sources or the binary.
pub fn eicar() -> String {
    let mut halves = vec![r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-"];
    halves.push("ANTIVIRUS-TEST-FILE!$H+H*");
    halves.concat()
}

/// A word that the database calls a virus wherever it stands in a mail.
pub const MARKED_WORD: &str = "wehr-e2e-marked-word";

pub struct Clamd {
    pub address: SocketAddr,
    configuration: PathBuf,
    log: PathBuf,
    process: Option<Process>,
}

impl Clamd {
    pub fn start(ground: &Ground) -> Self {
        let folder = ground.subfolder("clamd");
        let database = ground.subfolder("clamd/db");
        ground.subfolder("clamd/tmp");
        let marked: String = MARKED_WORD.bytes().map(|byte| format!("{byte:02x}")).collect();
        fs::write(database.join("wehr.hdb"), "44d88612fea8a8f36de82e1278abb02f:68:Wehr.Test.Eicar\n")
            .expect("writing the digest database");
        fs::write(database.join("wehr.ndb"), format!("Wehr.Test.Word:0:*:{marked}\n"))
            .expect("writing the pattern database");
        give_to(&folder, "clamav:clamav");
        let address = free_port();
        let configuration = folder.join("clamd.conf");
        fs::write(&configuration, settings(&folder, address)).expect("writing clamd.conf");
        let mut clamd = Self { address, configuration, log: folder.join("stdout.log"), process: None };
        clamd.restart();
        clamd
    }

    /// Starts clamd, again if need be, on the same port.
    pub fn restart(&mut self) {
        drop(self.process.take());
        let mut command = Part::Clamd.command();
        let mut process = Process::start("clamd", command.arg("--config-file").arg(&self.configuration), &self.log);
        wait_for_port(self.address, &mut process);
        self.process = Some(process);
    }

    /// What it says of these octets by itself.
    pub fn asked(&self, content: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).expect("clamd listens");
        let length = u32::try_from(content.len()).expect("a short content").to_be_bytes();
        let request = [b"zINSTREAM\0", length.as_slice(), content, &[0; 4]].concat();
        stream.write_all(&request).expect("clamd takes the stream");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("clamd answers");
        answer
    }

    /// Octets that lie in clamd's sockets and that it has not read: a stopped clamd lets a stream pile up there.
    pub fn unread_bytes(&self) -> u64 {
        let port = format!(":{:04X}", self.address.port());
        let table = fs::read_to_string("/proc/net/tcp").expect("the kernel's table of sockets");
        let rows = table.lines().skip(1).map(|row| row.split_ascii_whitespace().collect::<Vec<_>>());
        // Columns: number, local address, remote address, state (0A: listening), transmit queue:receive queue.
        rows.filter(|row| row[1].ends_with(&port) && row[3] != "0A")
            .filter_map(|row| u64::from_str_radix(row[4].split_once(':')?.1, 16).ok())
            .sum()
    }

    /// The running process.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("clamd runs")
    }
}

fn settings(folder: &Path, address: SocketAddr) -> String {
    let (folder, port) = (folder.display(), address.port());
    format!(
        "DatabaseDirectory {folder}/db
TCPSocket {port}
TCPAddr 127.0.0.1
User clamav
Foreground yes
LogFile {folder}/clamd.log
LogTime yes
MaxThreads 4
StreamMaxLength 100M
MaxScanSize 400M
MaxFileSize 100M
ScanMail yes
SelfCheck 0
ConcurrentDatabaseReload no
TemporaryDirectory {folder}/tmp
DisableCache yes
"
    )
}
