//! A Dovecot of our own: LMTP in, Maildir out, private folder, loopback only.

use crate::{
    ground::{Ground, Process, free_port, give_to, wait_for, wait_for_port},
    parts::Part,
};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Who has a mailbox; everybody else is refused with 550 5.1.1.
pub const MAILBOXES: [&str; 8] = ["anna", "bert", "carla", "load", "paul", "sara", "sender", "postmaster"];

/// Octets of a mail in which its mark is looked for; a bounce quotes the mark after the MTA's own words.
const MARK_WITHIN: usize = 64 << 10;

pub struct Dovecot {
    pub lmtp: SocketAddr,
    folder: PathBuf,
    mail: PathBuf,
    process: Option<Process>,
}

impl Dovecot {
    pub fn start(ground: &Ground) -> Self {
        let folder = ground.subfolder("dovecot");
        let mail = ground.subfolder("dovecot/mail");
        give_to(&mail, "mail:mail");
        let lmtp = free_port();
        let users: String =
            MAILBOXES.iter().map(|name| format!("{name}::8:8::{}::\n", mail.join(name).display())).collect();
        fs::write(folder.join("users"), users).expect("writing Dovecot's user list");
        fs::write(folder.join("dovecot.conf"), settings(&folder, &mail, lmtp)).expect("writing dovecot.conf");
        let mut dovecot = Self { lmtp, folder, mail, process: None };
        dovecot.restart();
        dovecot
    }

    /// Ends Dovecot, if it runs: nobody listens on its port then.
    pub fn end(&mut self) {
        drop(self.process.take());
    }

    /// Starts Dovecot, again if need be, on the same port.
    pub fn restart(&mut self) {
        self.end();
        let mut command = Part::Dovecot.command();
        command.arg("-F").arg("-c").arg(self.folder.join("dovecot.conf"));
        let mut process = Process::start("dovecot", &mut command, &self.folder.join("stdout.log"));
        wait_for_port(self.lmtp, &mut process);
        self.process = Some(process);
    }

    /// Every mail in a mailbox, as the bytes on disk.
    pub fn mails(&self, mailbox: &str) -> Vec<Vec<u8>> {
        let mut mails = Vec::new();
        for folder in ["new", "cur"] {
            // The mailbox is made with its first mail.
            let Ok(entries) = fs::read_dir(self.mail.join(mailbox).join(folder)) else { continue };
            mails.extend(entries.map(|entry| fs::read(entry.expect("a mailbox entry").path()).expect("a mail")));
        }
        mails
    }

    /// The mails of a mailbox that contain `mark` within their first part, where the marks of the cases stand.
    pub fn mails_with(&self, mailbox: &str, mark: &str) -> Vec<Vec<u8>> {
        let holds = |mail: &Vec<u8>| contains(&mail[..mail.len().min(MARK_WITHIN)], mark.as_bytes());
        self.mails(mailbox).into_iter().filter(holds).collect()
    }

    /// Waits for the mail that contains `mark`.
    pub fn wait_for_mail(&self, mailbox: &str, mark: &str) -> Vec<u8> {
        wait_for(&format!("the mail `{mark}` in {mailbox}'s mailbox"), || self.mails_with(mailbox, mark).pop())
    }
}

/// Whether `needle` is somewhere in `bytes`.
pub fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

fn settings(folder: &Path, mail: &Path, lmtp: SocketAddr) -> String {
    let (folder, mail, port) = (folder.display(), mail.display(), lmtp.port());
    format!(
        "base_dir = {folder}/run
state_dir = {folder}/state
instance_name = wehr-e2e
protocols = lmtp
listen = 127.0.0.1
log_path = {folder}/dovecot.log
mail_location = maildir:{mail}/%n
mail_uid = mail
mail_gid = mail
first_valid_uid = 8
first_valid_gid = 8
ssl = no
default_login_user = dovenull
default_internal_user = dovecot
postmaster_address = postmaster@example.org
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
service stats {{
  chroot =
}}
"
    )
}
