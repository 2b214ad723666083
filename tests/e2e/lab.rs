//! The set of real parts that all cases share, and what most cases do with it.

use crate::{
    clamd::Clamd,
    dovecot::Dovecot,
    ground::{Ground, run},
    nameserver::Names,
    postfix::{Postfix, Surroundings},
    smtp::{Origin, Reply, Smtp},
    wehr::{Neighbours, Wehr},
};
use std::{net::SocketAddr, process::Command};

/// All of DNS. `example.net` authenticates and says reject, `hold.example` says quarantine.
const ZONE: &str = r#"
example.net.              IN TXT "v=spf1 ip4:192.0.2.0/24 -all"
example.net.              IN MX 10 mail.example.net.
_dmarc.example.net.       IN TXT "v=DMARC1; p=reject"
mail.example.net.         IN A 192.0.2.10
mail.example.net.         IN TXT "v=spf1 a -all"
10.2.0.192.in-addr.arpa.  IN PTR mail.example.net.
hold.example.             IN TXT "v=spf1 ip4:192.0.2.0/24 -all"
hold.example.             IN MX 10 mail.example.net.
_dmarc.hold.example.      IN TXT "v=DMARC1; p=quarantine"
host.example.com.         IN A 198.51.100.66
66.100.51.198.in-addr.arpa. IN PTR host.example.com.
"#;

/// An honest client: `example.net` names its address in SPF.
pub const HONEST: Origin<'static> = Origin { address: "192.0.2.10", helo: "mail.example.net" };
/// A stranger: no domain names its address.
pub const STRANGER: Origin<'static> = Origin { address: "198.51.100.66", helo: "host.example.com" };

/// The envelope sender of most cases; bounces to it land in the mailbox `sender`.
pub const SENDER: &str = "sender@example.net";

/// Everything that runs. Fields are dropped in this order: the folder goes last.
pub struct Lab {
    pub postfix: Postfix,
    pub wehr: Wehr,
    pub clamd: Clamd,
    pub dovecot: Dovecot,
    _names: Names,
    pub ground: Ground,
}

impl Lab {
    pub fn start() -> Self {
        let ground = Ground::new();
        let names = Names::start(ZONE);
        let dovecot = Dovecot::start(&ground);
        let clamd = Clamd::start(&ground);
        let wehr =
            Wehr::new(&ground, Neighbours { mailstore: dovecot.lmtp, clamd: clamd.address, resolver: names.address });
        let around = Surroundings {
            mailstore: dovecot.lmtp,
            lmtp_door: wehr.lmtp,
            milter_tcp: wehr.milter_tcp,
            milter_unix: wehr.milter_unix.clone(),
        };
        let postfix = Postfix::start(&ground, &around);
        Self { postfix, wehr, clamd, dovecot, _names: names, ground }
    }

    /// The filter runs with the configuration of `Wehr::configure`; started by the first case that needs it.
    pub fn with_filter(&mut self) {
        if !self.wehr.runs() {
            self.wehr.start();
        }
    }

    /// Brings back what a failed case may have stopped; the filter is started by the next case.
    pub fn heal(&mut self) {
        self.clamd.restart();
        self.dovecot.restart();
        self.wehr.end();
    }
}

/// Sends one mail over a connection of its own.
pub fn send(port: SocketAddr, origin: Origin, from: &str, recipients: &[&str], message: &[u8]) -> Reply {
    let mut smtp = Smtp::connect(port, origin).expect("Postfix greets");
    smtp.send(from, recipients, message).expect("Postfix answers")
}

/// Postfix takes a mail from the honest client.
pub fn must_be_taken(port: SocketAddr, recipients: &[&str], message: &[u8]) {
    let reply = send(port, HONEST, SENDER, recipients, message);
    assert_eq!(reply.code, 250, "{}", reply.text);
}

/// A small mail that is all right, found again by `mark`.
pub fn plain_mail(from: &str, mark: &str) -> Vec<u8> {
    let mut mail = head(from, mark, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n");
    mail.extend_from_slice(
        format!("Gr\u{fc}\u{df}e!\r\n.\r\n..two dots\r\n \r\nFrom here on\r\nEnd of {mark}.\r\n").as_bytes(),
    );
    mail
}

/// A mail with one attachment, in base64.
pub fn mail_with_attachment(from: &str, mark: &str, name: &str, content: &[u8]) -> Vec<u8> {
    let mut mail = head(from, mark, "Content-Type: multipart/mixed; boundary=\"=_cut\"\r\n");
    mail.extend_from_slice(
        format!(
            "--=_cut\r\nContent-Type: text/plain\r\n\r\nSee the attachment of {mark}.\r\n\
             --=_cut\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
             Content-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        )
        .as_bytes(),
    );
    mail.extend_from_slice(&base64(content));
    mail.extend_from_slice(b"--=_cut--\r\n");
    mail
}

/// A text mail of about `bytes` octets.
pub fn large_mail(from: &str, mark: &str, bytes: usize) -> Vec<u8> {
    let mut mail = head(from, mark, "Content-Type: text/plain; charset=us-ascii\r\n");
    let mut line = 0_usize;
    while mail.len() < bytes {
        mail.extend_from_slice(
            format!("Line {line} of a long letter about the school year and its timetable.\r\n").as_bytes(),
        );
        line += 1;
    }
    mail
}

fn head(from: &str, mark: &str, content_fields: &str) -> Vec<u8> {
    format!(
        "From: Anna Example <{from}>\r\nTo: Carla Example <carla@example.org>\r\nSubject: About {mark}\r\nDate: {}\r\n\
         Message-ID: <{mark}@example.net>\r\nMIME-Version: 1.0\r\n{content_fields}\r\n",
        now()
    )
    .into_bytes()
}

/// The time of day in RFC 5322's form; a Date of long ago would be a finding.
fn now() -> String {
    run(Command::new("date").arg("-R").env("LC_ALL", "C")).trim().to_owned()
}

/// RFC 2045 6.8, lines of 76.
fn base64(content: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for group in content.chunks(3) {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = ALPHABET[bits >> (18 - 6 * place) & 63];
            text.push(if place <= group.len() { digit } else { b'=' });
        }
    }
    text.chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect()
}
