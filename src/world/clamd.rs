//! The virus scanner: a message streamed to clamd while it arrives (INSTREAM, clamd(8)), and what its reply means.
//!
//! Touches sockets and the clock. Clean is only ever said for `stream: OK` after the last byte was taken;
//! whatever else happens is a failure with its reason. The crate brings the framing; time, bounds, the
//! meaning of the reply and what a clamd says before it hangs up are ours.

use crate::{
    judge::facts::{Fact, Failure, Scanned},
    limits,
    world::{Scan, place::Place},
};
use bytes::Bytes;
use clamav_client::tokio::{TransportProtocol, scan_stream};
use futures_util::{FutureExt, future::BoxFuture};
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, BufWriter, ReadBuf},
    net::{TcpStream, UnixStream},
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};

/// Octets of an INSTREAM chunk; clamd takes any up to its StreamMaxLength, the crate's 4096 cost a system call each.
const CHUNK_BYTES: usize = 64 << 10;
/// Octets held back before a connection is taken: most mails are whole by then, and a slow sender of a small
/// mail does not occupy one of clamd's few threads.
const START_BYTES: usize = 32 << 10;
/// Chunks between the door and the socket; a slow clamd slows the door.
const CHUNKS_WAITING: usize = 2;

/// How clamd is reached and used.
#[derive(Clone, Debug)]
pub struct Settings {
    pub place: Place,
    /// The smaller of clamd's `StreamMaxLength` and `MaxFileSize`: a longer message is not sent further, for clamd hangs
    /// up above the one and says OK without having looked above the other. `None`: clamd is left to itself.
    pub stream_bytes_max: Option<usize>,
    /// Connections at once; more than clamd's `MaxThreads` only wait there.
    pub connections_max: usize,
    /// The longest wait for a connection, for clamd to take bytes (summed over the message), and for its reply.
    pub timeout: Duration,
}

/// A clamd, shared by all scans.
#[derive(Clone, Debug)]
pub struct Clamd {
    settings: Arc<Settings>,
    connections: Arc<Semaphore>,
}

impl Clamd {
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let connections = Arc::new(Semaphore::new(settings.connections_max.clamp(1, Semaphore::MAX_PERMITS)));
        Self { settings: Arc::new(settings), connections }
    }

    /// Begins a scan. No connection is taken before there is something to send.
    #[must_use]
    pub fn scan(&self) -> Streaming {
        let patience = self.settings.timeout;
        Streaming { clamd: self.clone(), state: State::Holding(Vec::new()), fed: 0, taking: false, patience }
    }

    /// Does clamd answer? For health pages, not for mails.
    pub async fn ping(&self) -> Result<(), Failure> {
        let asked = async {
            let wire = connect(&self.settings.place).await?;
            let reply = clamav_client::tokio::ping(Connected::new(wire)).await.map_err(|error| failure_of(&error))?;
            if reply == clamav_client::PONG { Ok(()) } else { Err(Failure::Malformed) }
        };
        timeout(self.settings.timeout, asked).await.unwrap_or(Err(Failure::Timeout))
    }
}

impl Clamd {
    /// The version of clamd and its signatures (clamd(8), VERSION); none if it does not say.
    pub async fn version(&self) -> Option<Vec<u8>> {
        let asked = async {
            let wire = connect(&self.settings.place).await.ok()?;
            clamav_client::tokio::get_version(Connected::new(wire)).await.ok().filter(|version| !version.is_empty())
        };
        timeout(self.settings.timeout, asked).await.ok().flatten()
    }
}

/// A scan under way. Dropping it hangs up.
pub struct Streaming {
    clamd: Clamd,
    state: State,
    /// Octets fed so far.
    fed: usize,
    /// Bytes are being taken. It stays set when `feed` is dropped in the middle: then bytes are missing.
    taking: bool,
    /// Time that `feed` may still wait for clamd.
    patience: Duration,
}

enum State {
    /// Nothing sent yet.
    Holding(Vec<Bytes>),
    Sending {
        chunks: mpsc::Sender<Bytes>,
        reply: Hangup,
    },
    Failed(Failure),
}

/// The task that talks to clamd; it ends with its handle.
struct Hangup(JoinHandle<Scanned>);

impl Drop for Hangup {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Streaming {
    async fn take(&mut self, bytes: Bytes) {
        if std::mem::replace(&mut self.taking, true) {
            self.state = State::Failed(Failure::Interrupted);
        }
        self.fed = self.fed.saturating_add(bytes.len());
        if self.clamd.settings.stream_bytes_max.is_some_and(|most| self.fed > most) {
            self.state = State::Failed(Failure::TooLarge);
        }
        match &mut self.state {
            State::Failed(_) => {}
            State::Holding(held) => {
                held.push(bytes);
                if self.fed > START_BYTES {
                    self.start().await;
                }
            }
            State::Sending { .. } => self.send(bytes).await,
        }
        self.taking = false;
    }

    /// Takes up the talk with clamd and sends what was held back.
    async fn start(&mut self) {
        let State::Holding(held) = &mut self.state else { return };
        let held = std::mem::take(held);
        let (chunks, waiting) = mpsc::channel(CHUNKS_WAITING);
        let task = tokio::spawn(talk(self.clamd.clone(), waiting));
        self.state = State::Sending { chunks, reply: Hangup(task) };
        for bytes in held {
            self.send(bytes).await;
        }
    }

    async fn send(&mut self, bytes: Bytes) {
        // The protocol ends the message with an empty chunk, so an empty one must not go out before.
        if bytes.is_empty() {
            return;
        }
        let State::Sending { chunks, .. } = &self.state else { return };
        let began = Instant::now();
        match timeout(self.patience, chunks.send(bytes)).await {
            // A closed channel means that the talk is over; its outcome is asked at the end.
            Ok(Ok(()) | Err(_)) => self.patience = self.patience.saturating_sub(began.elapsed()),
            Err(_) => self.state = State::Failed(Failure::Timeout),
        }
    }

    async fn conclude(mut self) -> Scanned {
        let deadline = Instant::now() + self.clamd.settings.timeout;
        if self.taking {
            return Scanned::Failed(Failure::Interrupted);
        }
        self.start().await;
        match self.state {
            State::Failed(failure) => Scanned::Failed(failure),
            State::Holding(_) => Scanned::Failed(Failure::Interrupted),
            State::Sending { chunks, mut reply } => {
                drop(chunks);
                match timeout_at(deadline, &mut reply.0).await {
                    Ok(Ok(scanned)) => scanned,
                    Ok(Err(_ended)) => Scanned::Failed(Failure::Interrupted),
                    Err(_) => Scanned::Failed(Failure::Timeout),
                }
            }
        }
    }
}

impl Scan for Streaming {
    fn feed(&mut self, bytes: Bytes) -> BoxFuture<'_, ()> {
        self.take(bytes).boxed()
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Fact> {
        async move { Fact::Virus(self.conclude().await) }.boxed()
    }
}

/// One conversation with clamd, from the wait for a free connection to the reply.
async fn talk(clamd: Clamd, mut chunks: mpsc::Receiver<Bytes>) -> Scanned {
    let place = &clamd.settings.place;
    let begun = async {
        let permit = clamd.connections.acquire().await.map_err(|_| Failure::Interrupted)?;
        // One retry: a clamd that reloads or restarts refuses for a moment.
        let wire = if let Ok(wire) = connect(place).await {
            wire
        } else {
            tokio::time::sleep(limits::SCAN_RETRY_AFTER).await;
            connect(place).await?
        };
        Ok((permit, wire))
    };
    let (_permit, wire) = match timeout(clamd.settings.timeout, begun).await {
        Ok(Ok(begun)) => begun,
        Ok(Err(failure)) => return Scanned::Failed(failure),
        Err(_) => return Scanned::Failed(Failure::Timeout),
    };
    let early = Arc::clone(&wire.early);
    let message = futures_util::stream::poll_fn(move |context| chunks.poll_recv(context).map(|chunk| chunk.map(Ok)));
    match scan_stream(message, Connected::new(wire), Some(CHUNK_BYTES)).await {
        Ok(reply) => meaning(&reply),
        Err(error) => {
            // clamd says why before it hangs up in the middle; that reply counts, but never as clean.
            let early = early.lock().unwrap_or_else(PoisonError::into_inner);
            match meaning(&early) {
                Scanned::Failed(failure) if !early.is_empty() => Scanned::Failed(failure),
                Scanned::Infected(name) => Scanned::Infected(name),
                _ => Scanned::Failed(failure_of(&error)),
            }
        }
    }
}

/// What a reply of clamd means (clamd(8), INSTREAM).
fn meaning(reply: &[u8]) -> Scanned {
    if reply.len() >= limits::SCAN_REPLY_BYTES_MAX {
        return Scanned::Failed(Failure::Malformed);
    }
    let Some(line) = reply.strip_suffix(b"\0").or_else(|| reply.strip_suffix(b"\n")) else {
        let failure = if reply.is_empty() { Failure::Interrupted } else { Failure::Malformed };
        return Scanned::Failed(failure);
    };
    if line == b"stream: OK" {
        return Scanned::Clean;
    }
    if line.contains(&0) || line.contains(&b'\n') {
        return Scanned::Failed(Failure::Malformed);
    }
    if let Some(name) = line.strip_prefix(b"stream: ").and_then(|rest| rest.strip_suffix(b" FOUND")) {
        return match name {
            b"" => Scanned::Failed(Failure::Malformed),
            // With AlertExceedsMax clamd reports its own limits this way: it has not seen all.
            limit if limit.starts_with(b"Heuristics.Limits.Exceeded") => Scanned::Failed(Failure::TooLarge),
            name => Scanned::Infected(signature(name)),
        };
    }
    if line.ends_with(b" ERROR") {
        let large = line.windows(b"size limit exceeded".len()).any(|window| window == b"size limit exceeded");
        return Scanned::Failed(if large { Failure::TooLarge } else { Failure::ServerFailure });
    }
    Scanned::Failed(Failure::Malformed)
}

/// The name of a signature as it may stand in a header field and a log line.
fn signature(name: &[u8]) -> String {
    let cut = name.get(..limits::SIGNATURE_NAME_BYTES_MAX).unwrap_or(name);
    cut.iter().map(|octet| if octet.is_ascii_graphic() { char::from(*octet) } else { '?' }).collect()
}

/// What an error of the socket means once the connection stood.
fn failure_of(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::TimedOut => Failure::Timeout,
        _ => Failure::Interrupted,
    }
}

async fn connect(place: &Place) -> Result<Wire, Failure> {
    let connected: io::Result<Pin<Box<dyn Socket>>> = match place {
        Place::Tcp(address) => TcpStream::connect(address).await.map(|socket| {
            // Chunks and their lengths go out in separate writes; failing to set this only costs time.
            let _slower = socket.set_nodelay(true);
            Box::pin(socket) as Pin<Box<dyn Socket>>
        }),
        Place::Unix(path) => UnixStream::connect(path).await.map(|socket| Box::pin(socket) as Pin<Box<dyn Socket>>),
    };
    match connected {
        Ok(socket) => Ok(Wire { socket, early: Arc::default(), over: None, read: 0 }),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Failure::Timeout),
        // Refused, no such socket, no permission, backlog full, unreachable: it would not talk to us.
        Err(_) => Err(Failure::Refused),
    }
}

trait Socket: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Socket for T {}

/// A connection that listens while it sends, and reads no more than a reply may have.
struct Wire {
    socket: Pin<Box<dyn Socket>>,
    /// What clamd said before it had the whole message.
    early: Arc<Mutex<Vec<u8>>>,
    /// Why sending is over, if it is over before its time.
    over: Option<io::Error>,
    /// Octets of the reply read in order.
    read: usize,
}

impl Wire {
    /// Reads what clamd says although it is our turn; ready when it has said all, or will say nothing more.
    fn overhear(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut space = [0_u8; 512];
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        while early.len() < limits::SCAN_REPLY_BYTES_MAX && !early.ends_with(b"\0") && !early.ends_with(b"\n") {
            let mut buffer = ReadBuf::new(&mut space);
            match ready!(self.socket.as_mut().poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => early.extend_from_slice(buffer.filled()),
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }

    fn has_heard(&self) -> bool {
        !self.early.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let heard = self.overhear(context);
        if self.over.is_none() {
            if heard.is_pending() && !self.has_heard() {
                match ready!(self.socket.as_mut().poll_write(context, bytes)) {
                    Ok(written) => return Poll::Ready(Ok(written)),
                    Err(error) => self.over = Some(error),
                }
            } else {
                self.over = Some(io::ErrorKind::ConnectionAborted.into());
            }
        }
        // clamd hung up, or speaks before its turn: its last words are on their way, and they say why.
        ready!(self.overhear(context));
        Poll::Ready(Err(self.over.take().unwrap_or_else(|| io::ErrorKind::ConnectionAborted.into())))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.as_mut().poll_shutdown(context)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // A reply without end is cut; so long a one is malformed anyway.
        if self.read >= limits::SCAN_REPLY_BYTES_MAX {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let result = ready!(self.socket.as_mut().poll_read(context, buffer));
        self.read += buffer.filled().len() - before;
        // Hanging up on unread octets resets the connection; what was said before is a reply if it has its end.
        Poll::Ready(if self.read > 0 { Ok(()) } else { result })
    }
}

/// A connection that stands already, for the crate asks for one to be made.
struct Connected(Mutex<Option<Wire>>);

impl Connected {
    fn new(wire: Wire) -> Self {
        Self(Mutex::new(Some(wire)))
    }
}

impl TransportProtocol for Connected {
    type Stream = BufWriter<Wire>;

    fn connect(&self) -> impl Future<Output = io::Result<Self::Stream>> {
        let wire = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stream = wire.map(|wire| BufWriter::with_capacity(START_BYTES, wire));
        std::future::ready(stream.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ok_is_clean() {
        assert_eq!(meaning(b"stream: OK\0"), Scanned::Clean);
        assert_eq!(meaning(b"stream: OK\n"), Scanned::Clean);
        assert_eq!(meaning(b"stream: Eicar-Test FOUND\0"), Scanned::Infected("Eicar-Test".into()));
        assert_eq!(meaning(b"stream: a b\xffc FOUND\0"), Scanned::Infected("a?b?c".into()));
        for (reply, failure) in [
            (&b""[..], Failure::Interrupted),
            (b"stream: OK", Failure::Malformed),
            (b"stream: OK\0stream: OK\0", Failure::Malformed),
            (b"stream: OK ERROR\0", Failure::ServerFailure),
            (b"stream: NOT OK\0", Failure::Malformed),
            (b"OK\0", Failure::Malformed),
            (b"1: stream: OK\0", Failure::Malformed),
            (b"stream:  FOUND\0", Failure::Malformed),
            (b"stream: FOUND\0", Failure::Malformed),
            (b"UNKNOWN COMMAND\0", Failure::Malformed),
            (b"INSTREAM size limit exceeded. ERROR\0", Failure::TooLarge),
            (b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0", Failure::TooLarge),
            (b"stream: Can't allocate memory ERROR\0", Failure::ServerFailure),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", Failure::Malformed),
        ] {
            assert_eq!(meaning(reply), Scanned::Failed(failure), "{}", reply.escape_ascii());
        }
        assert_eq!(meaning(&vec![b'x'; limits::SCAN_REPLY_BYTES_MAX]), Scanned::Failed(Failure::Malformed));
    }
}
