//! A sending MTA as far as the cases need one: SMTP (RFC 5321) with Postfix's XCLIENT, blocking.

use crate::{parts::Part, postfix::Keys};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::ServerName;
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

/// Longer than the filter's own `MAIL_SECONDS_MAX`, so that its answer is seen and not our impatience.
const SECONDS_MAX: Duration = Duration::from_secs(120);

/// What the server answered: all lines, the last one included.
#[derive(Clone, Debug)]
pub struct Reply {
    pub code: u16,
    pub text: String,
}

impl Reply {
    pub fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }
}

/// Who the mail pretends to come from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    pub address: &'a str,
    pub helo: &'a str,
}

/// An SMTP connection.
pub struct Smtp {
    stream: BufReader<Box<dyn Duplex>>,
}

/// TCP, or TLS over it.
trait Duplex: Read + Write {}
impl<T: Read + Write> Duplex for T {}

impl Smtp {
    /// Connects and says EHLO, as the client `origin` by XCLIENT.
    pub fn connect(server: SocketAddr, origin: Origin) -> io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(SECONDS_MAX))?;
        stream.set_write_timeout(Some(SECONDS_MAX))?;
        stream.set_nodelay(true)?;
        let mut smtp = Self { stream: BufReader::new(Box::new(stream)) };
        smtp.good_answer()?;
        smtp.good("EHLO lab.invalid")?;
        smtp.introduce(origin)?;
        Ok(smtp)
    }

    /// The same under STARTTLS (RFC 3207), with a certificate of the client's own if `keys` are given.
    pub fn connect_tls(server: SocketAddr, origin: Origin, keys: &Keys, shows_certificate: bool) -> io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(SECONDS_MAX))?;
        stream.set_write_timeout(Some(SECONDS_MAX))?;
        stream.set_nodelay(true)?;
        let mut smtp = Self { stream: BufReader::new(Box::new(stream.try_clone()?)) };
        smtp.good_answer()?;
        smtp.good("EHLO lab.invalid")?;
        smtp.good("STARTTLS")?;
        let mut roots = RootCertStore::empty();
        roots.add(keys.server.clone()).map_err(io::Error::other)?;
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots);
        let config = if shows_certificate {
            config.with_client_auth_cert(vec![keys.client.clone()], keys.client_key.clone_key())
        } else {
            Ok(config.with_no_client_auth())
        };
        let name = ServerName::try_from("mx.example.org").map_err(io::Error::other)?;
        let session =
            ClientConnection::new(Arc::new(config.map_err(io::Error::other)?), name).map_err(io::Error::other)?;
        smtp.stream = BufReader::new(Box::new(StreamOwned::new(session, stream)));
        smtp.good("EHLO lab.invalid")?;
        smtp.introduce(origin)?;
        Ok(smtp)
    }

    fn introduce(&mut self, origin: Origin) -> io::Result<()> {
        let smtp = self;
        smtp.good(&format!("XCLIENT ADDR={} NAME=[UNAVAILABLE]", origin.address))?;
        smtp.good(&format!("EHLO {}", origin.helo))?;
        Ok(())
    }

    /// Sends one line and returns the answer, whatever it is.
    pub fn command(&mut self, line: &str) -> io::Result<Reply> {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        self.answer()
    }

    /// Sends a whole mail. The answer is the first negative one, else that after the final dot.
    pub fn send(&mut self, from: &str, recipients: &[&str], message: &[u8]) -> io::Result<Reply> {
        let mut lines = vec![format!("MAIL FROM:<{from}>")];
        lines.extend(recipients.iter().map(|recipient| format!("RCPT TO:<{recipient}>")));
        lines.push("DATA".to_owned());
        for line in lines {
            let reply = self.command(&line)?;
            if !reply.is_positive() {
                return Ok(reply);
            }
        }
        self.stream.get_mut().write_all(&stuffed(message))?;
        self.answer()
    }

    fn good(&mut self, line: &str) -> io::Result<Reply> {
        let reply = self.command(line)?;
        if reply.is_positive() { Ok(reply) } else { Err(io::Error::other(format!("{line}: {}", reply.text))) }
    }

    fn good_answer(&mut self) -> io::Result<Reply> {
        let reply = self.answer()?;
        if reply.is_positive() { Ok(reply) } else { Err(io::Error::other(reply.text)) }
    }

    fn answer(&mut self) -> io::Result<Reply> {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            text.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                let code = line.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
                return Ok(Reply { code, text: text.trim_end().to_owned() });
            }
        }
    }
}

/// The message with its dots stuffed and the final dot (RFC 5321 4.5.2). It has to end with CRLF.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 1000);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// Sends one mail over STARTTLS with openssl's client; all commands go out at once (RFC 2920 where it matters).
pub fn starttls(server: SocketAddr, from: &str, recipient: &str, message: &[u8]) {
    let mut openssl = Part::Openssl
        .command()
        .args(["s_client", "-quiet", "-starttls", "smtp", "-connect", &server.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl starts");
    let mut dialogue =
        format!("EHLO mail.example.net\r\nMAIL FROM:<{from}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n").into_bytes();
    dialogue.extend_from_slice(&stuffed(message));
    dialogue.extend_from_slice(b"QUIT\r\n");
    openssl.stdin.take().expect("a pipe").write_all(&dialogue).expect("openssl reads");
    let output = openssl.wait_with_output().expect("openssl ends");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("queued as"), "Postfix did not take the mail: {said}");
}
