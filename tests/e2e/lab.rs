//! The set of real parts that all cases share, and what most cases do with it.

use crate::{
    clamd::Clamd,
    dovecot::Dovecot,
    ground::{Ground, free_port},
    postfix::{Postfix, Surroundings},
    smtp::{Origin, Reply, Smtp},
};
use std::net::SocketAddr;

/// Everything that runs. Fields are dropped in this order: the folder goes last.
pub struct Lab {
    pub postfix: Postfix,
    pub clamd: Clamd,
    pub dovecot: Dovecot,
    pub ground: Ground,
}

/// An honest client: `example.net` names its address in SPF.
pub const HONEST: Origin<'static> = Origin { address: "192.0.2.10", helo: "mail.example.net" };
/// A stranger: no domain names its address.
pub const STRANGER: Origin<'static> = Origin { address: "198.51.100.66", helo: "host.example.com" };

impl Lab {
    pub fn start() -> Self {
        let ground = Ground::new();
        let dovecot = Dovecot::start(&ground);
        let clamd = Clamd::start(&ground);
        let around = Surroundings {
            mailstore: dovecot.lmtp,
            lmtp_door: free_port(),
            milter_tcp: free_port(),
            milter_unix: ground.folder.join("milter.sock"),
        };
        let postfix = Postfix::start(&ground, &around);
        Self { postfix, clamd, dovecot, ground }
    }

    /// Brings back what a failed case may have stopped.
    pub fn heal(&mut self) {
        self.clamd.restart();
    }

    /// Sends one mail over a connection of its own.
    pub fn send(&self, port: SocketAddr, origin: Origin, from: &str, recipients: &[&str], message: &[u8]) -> Reply {
        let mut smtp = Smtp::connect(port, origin).expect("Postfix greets");
        smtp.send(from, recipients, message).expect("Postfix answers")
    }
}

/// A small mail that is all right, found again by `mark`.
pub fn plain_mail(from: &str, mark: &str) -> Vec<u8> {
    format!(
        "From: Anna Example <{from}>\r\nTo: carla@example.org\r\nSubject: {mark}\r\nDate: {}\r\n\
         Message-ID: <{mark}@example.net>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\nGr\u{fc}\u{df}e!\r\n.\r\n..two dots\r\n \r\nEnd of {mark}.\r\n",
        now()
    )
    .into_bytes()
}

/// The time of day in RFC 5322's form; a Date of long ago would be a finding.
pub fn now() -> String {
    crate::ground::run(std::process::Command::new("date").arg("-R")).trim().to_owned()
}
