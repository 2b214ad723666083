//! Listener: accepts connections for a door over TCP and unix sockets, bounded, and stops when told to.

use crate::{
    telemetry::metrics::{Door, Metrics},
    world::place::Place,
};
use socket2::{Domain, Protocol, Socket as RawSocket, Type};
use std::{
    fmt::Display,
    fs,
    future::Future,
    io,
    net::IpAddr,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

/// Connections that wait to be accepted; a burst on the first day of term fits in.
const BACKLOG: i32 = 4096;
/// Access to a unix socket: owner and group, so that the MTA's user is let in by group.
const SOCKET_MODE: u32 = 0o660;
/// Pause after accept failed (no file descriptors left): the connections wait in the backlog meanwhile.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// A bound socket.
pub struct Listener {
    socket: Socket,
    place: Place,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection of either kind.
#[derive(Debug)]
pub enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Who connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    Address(IpAddr),
    /// Over a unix socket: whoever may open the file.
    Local,
}

/// What every connection of a door needs besides its stream.
pub struct Connection {
    pub peer: Peer,
    /// Becomes true when the door closes: end the mail under way, then hang up.
    pub drain: watch::Receiver<bool>,
    /// `None` when there are too many connections: say so and hang up.
    pub permit: Option<OwnedSemaphorePermit>,
}

/// Why a place cannot be listened on, and what to do.
pub fn unbound(place: &impl Display, error: &io::Error) -> io::Error {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => "; another program listens there (or a file is in the place of the socket)",
        io::ErrorKind::AddrNotAvailable => "; this machine has no such address",
        io::ErrorKind::NotFound => "; make the folder of the socket first",
        io::ErrorKind::PermissionDenied => "; ports below 1024 and foreign folders need more rights",
        _ => "",
    };
    io::Error::new(error.kind(), format!("{place}: cannot listen: {error}{advice}"))
}

impl Listener {
    /// Binds a socket. A stale unix socket file is replaced; any other file in its place is an error.
    ///
    /// # Errors
    /// When the place cannot be bound; the text names it.
    pub async fn bind(place: &Place) -> io::Result<Self> {
        let named = |error| unbound(place, &error);
        match place {
            Place::Tcp(address) => {
                let socket =
                    RawSocket::new(Domain::for_address(*address), Type::STREAM, Some(Protocol::TCP)).map_err(named)?;
                socket.set_reuse_address(true).map_err(named)?;
                socket.set_nonblocking(true).map_err(named)?;
                socket.bind(&(*address).into()).map_err(named)?;
                socket.listen(BACKLOG).map_err(named)?;
                let listener = TcpListener::from_std(socket.into()).map_err(named)?;
                let place = Place::Tcp(listener.local_addr().map_err(named)?);
                Ok(Self { socket: Socket::Tcp(listener), place })
            }
            Place::Unix(path) => {
                let is_stale = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
                    && UnixStream::connect(path).await.is_err();
                if is_stale {
                    fs::remove_file(path).map_err(named)?;
                }
                let listener = UnixListener::bind(path).map_err(named)?;
                fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE)).map_err(named)?;
                Ok(Self { socket: Socket::Unix(listener), place: place.clone() })
            }
        }
    }

    /// A TCP socket that listens already.
    ///
    /// # Errors
    /// The runtime does not take it.
    pub fn of_tcp(socket: std::net::TcpListener) -> io::Result<Self> {
        let listener = TcpListener::from_std(socket)?;
        let place = Place::Tcp(listener.local_addr()?);
        Ok(Self { socket: Socket::Tcp(listener), place })
    }

    /// A unix socket that listens already.
    ///
    /// # Errors
    /// The runtime does not take it.
    pub fn of_unix(socket: std::os::unix::net::UnixListener) -> io::Result<Self> {
        let path = socket.local_addr()?.as_pathname().map(Path::to_owned).unwrap_or_default();
        Ok(Self { socket: Socket::Unix(UnixListener::from_std(socket)?), place: Place::Unix(path) })
    }

    /// Where it listens, the port that was chosen included.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Accepts until `drain` becomes true; returns when the last connection of this listener has ended.
    pub async fn run<H, F>(
        self,
        door: Door,
        metrics: Arc<Metrics>,
        connections: Arc<Semaphore>,
        mut drain: watch::Receiver<bool>,
        handle: H,
    ) where
        H: Fn(Stream, Connection) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let mut open = tokio::task::JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = drain.wait_for(|is_draining| *is_draining) => break,
                Some(_) = open.join_next(), if !open.is_empty() => continue,
                accepted = self.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::error!(place = %self.place, %error, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let permit = Arc::clone(&connections).try_acquire_owned().ok();
            if permit.is_none() {
                metrics.connection_refused(door);
            }
            metrics.connection_opened(door);
            let closed = Closed { metrics: Arc::clone(&metrics), door };
            let connection = handle(stream, Connection { peer, drain: drain.clone(), permit });
            open.spawn(async move {
                connection.await;
                drop(closed);
            });
        }
        // Close the socket first, so that the next process may bind it while these connections end. A unix socket's
        // file stays: whoever binds it next replaces it.
        drop(self);
        while open.join_next().await.is_some() {}
    }

    async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((Stream::Tcp(stream), Peer::Address(address.ip())))
            }
            Socket::Unix(listener) => Ok((Stream::Unix(listener.accept().await?.0), Peer::Local)),
        }
    }
}

/// Counts a connection as closed even when its task panics.
struct Closed {
    metrics: Arc<Metrics>,
    door: Door,
}

impl Drop for Closed {
    fn drop(&mut self) {
        self.metrics.connection_closed(self.door);
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, into),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, from),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, from),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
