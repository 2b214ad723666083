//! A mailstore that does as it is told, and remembers what it was told.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, UnixListener},
};
use tokio_rustls::TlsAcceptor;

/// In place of a reply: closes the connection, or says nothing for ever.
pub const CLOSE: &str = "!close";
pub const HANG: &str = "!hang";
/// In place of a final reply: this one and all later ones are not said.
const BUFFER_BYTES: usize = 64 << 10;

type Choice = Box<dyn Fn(&str) -> String + Send + Sync>;

/// How the mailstore answers.
pub struct Script {
    pub greeting: String,
    pub lhlo: String,
    pub mail: Choice,
    pub rcpt: Choice,
    pub data: String,
    /// The reply after the dot for a recipient.
    pub done: Choice,
    /// Closes the connection without a word after so many mails.
    pub mails_per_connection: usize,
    /// Bytes of a reply that are written at once.
    pub reply_chunk: usize,
    /// Closes the connection with this reply after so many bytes of the message.
    pub cut_message: Option<(usize, String)>,
    pub starttls: Option<TlsAcceptor>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: "220 store LMTP".into(),
            lhlo: "250-store\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE"
                .into(),
            mail: Box::new(|_| "250 2.1.0 OK".into()),
            rcpt: Box::new(|_| "250 2.1.5 OK".into()),
            data: "354 go".into(),
            done: Box::new(|recipient| format!("250 2.0.0 {recipient} saved")),
            mails_per_connection: usize::MAX,
            reply_chunk: usize::MAX,
            cut_message: None,
            starttls: None,
        }
    }
}

/// What one connection carried.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub commands: Vec<String>,
    /// Messages that came with their dot, dots unstuffed.
    pub messages: Vec<Vec<u8>>,
}

#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<Seen>>>);

impl Memory {
    pub fn connections(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }

    fn at(&self, connection: usize, note: impl FnOnce(&mut Seen)) {
        note(&mut self.0.lock().unwrap()[connection]);
    }

    fn begin(&self) -> usize {
        let mut seen = self.0.lock().unwrap();
        seen.push(Seen::default());
        seen.len() - 1
    }
}

pub fn on_unix(path: &Path, script: Script) -> Memory {
    let (memory, script) = (Memory::default(), Arc::new(script));
    let listener = UnixListener::bind(path).unwrap();
    let given = memory.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, Arc::clone(&script), given.clone()));
        }
    });
    memory
}

/// Answers with the address; `tls` begins at once if it is there.
pub async fn on_tcp(script: Script, tls: Option<TlsAcceptor>) -> (String, Memory) {
    let (memory, script) = (Memory::default(), Arc::new(script));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let given = memory.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (script, memory, tls) = (Arc::clone(&script), given.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => serve(stream, script, memory).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, script, memory).await;
                        }
                    }
                }
            });
        }
    });
    (address, memory)
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

async fn serve(stream: impl Duplex + 'static, script: Arc<Script>, memory: Memory) {
    let connection = memory.begin();
    let mut stream: BufReader<Box<dyn Duplex>> = BufReader::with_capacity(BUFFER_BYTES, Box::new(stream));
    // The client may leave at any time; that is no failure of the mailstore.
    let _ = talk(&mut stream, &script, &memory, connection).await;
}

async fn say(stream: &mut BufReader<Box<dyn Duplex>>, script: &Script, reply: &str) -> std::io::Result<()> {
    match reply {
        CLOSE => return Err(std::io::ErrorKind::ConnectionAborted.into()),
        HANG => std::future::pending().await,
        _ => {}
    }
    for chunk in format!("{reply}\r\n").as_bytes().chunks(script.reply_chunk) {
        stream.write_all(chunk).await?;
        stream.flush().await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn talk(
    stream: &mut BufReader<Box<dyn Duplex>>,
    script: &Script,
    memory: &Memory,
    connection: usize,
) -> std::io::Result<()> {
    let (mut recipients, mut mails) = (Vec::new(), 0);
    say(stream, script, &script.greeting).await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.strip_suffix("\r\n").expect("a command ends with CRLF").to_owned();
        memory.at(connection, |seen| seen.commands.push(line.clone()));
        match line.split([' ', ':']).next().unwrap() {
            "LHLO" => say(stream, script, &script.lhlo).await?,
            "STARTTLS" => {
                say(stream, script, "220 2.0.0 go").await?;
                let plain = std::mem::replace(stream, BufReader::new(Box::new(tokio::io::empty())));
                assert!(plain.buffer().is_empty(), "nothing is said before the handshake");
                let secure = script.starttls.as_ref().unwrap().accept(plain.into_inner()).await?;
                *stream = BufReader::with_capacity(BUFFER_BYTES, Box::new(secure));
            }
            "RSET" => {
                recipients.clear();
                say(stream, script, "250 2.0.0 OK").await?;
            }
            "MAIL" => say(stream, script, &(script.mail)(&line)).await?,
            "RCPT" => {
                let reply = (script.rcpt)(&line);
                if reply.starts_with('2') {
                    recipients.push(line.strip_prefix("RCPT TO:").unwrap().to_owned());
                }
                say(stream, script, &reply).await?;
            }
            "DATA" if recipients.is_empty() && script.data.starts_with("354 go") => {
                say(stream, script, "503 5.5.1 no valid recipients").await?;
            }
            "DATA" => {
                say(stream, script, &script.data).await?;
                if !script.data.starts_with("354") {
                    continue;
                }
                if let Some((bytes, reply)) = &script.cut_message {
                    let mut sink = vec![0; *bytes];
                    stream.read_exact(&mut sink).await?;
                    say(stream, script, reply).await?;
                    return Ok(());
                }
                let message = read_message(stream).await?;
                memory.at(connection, |seen| seen.messages.push(message));
                for recipient in recipients.drain(..) {
                    say(stream, script, &(script.done)(&recipient)).await?;
                }
                mails += 1;
                if mails >= script.mails_per_connection {
                    return Ok(());
                }
            }
            "QUIT" => return say(stream, script, "221 2.0.0 bye").await,
            _ => say(stream, script, "500 5.5.1 what?").await?,
        }
    }
}

/// Reads as strictly as RFC 5321 4.5.2 has it: lines end with CRLF and nothing else.
async fn read_message(stream: &mut BufReader<Box<dyn Duplex>>) -> std::io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let start = message.len();
        while !message[start..].ends_with(b"\r\n") {
            if stream.read_until(b'\n', &mut message).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        if &message[start..] == b".\r\n" {
            message.truncate(start);
            return Ok(message);
        }
        if message[start] == b'.' {
            message.remove(start);
        }
    }
}
