//! The LMTP door (RFC 2033): sockets, and one task per connection.
//!
//! Touches sockets and, for a unix socket, its file.

pub mod certificate;
pub mod conversation;
pub mod data;
mod dialogue;
pub mod line;
pub mod path;
pub mod session;
pub mod trust;
pub mod xforward;

use self::{
    certificate::Certificate,
    trust::{Network, Peer},
};
use super::desk::Desk;
use crate::{
    limits,
    telemetry::metrics::{Door, Metrics},
    world::place::Place,
};
use std::{fs, io, os::unix::fs::FileTypeExt, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

/// What the operator decides about this door.
pub struct Settings {
    /// Our name in greeting and LHLO reply.
    pub hostname: String,
    /// Who may say XFORWARD; unix sockets always may.
    pub trusted_peers: Vec<Network>,
    /// `None`: STARTTLS is not offered.
    pub certificate: Option<Arc<Certificate>>,
    /// How long a client may be silent.
    pub idle_seconds_max: Duration,
}

impl Settings {
    /// Safe defaults: nobody but unix sockets is trusted, no STARTTLS.
    #[must_use]
    pub fn new(hostname: &str) -> Self {
        Self {
            hostname: hostname.to_owned(),
            trusted_peers: Vec::new(),
            certificate: None,
            idle_seconds_max: limits::IDLE_SECONDS_MAX,
        }
    }
}

/// A socket that listens.
pub struct Listener {
    socket: Socket,
    place: Place,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Binds; a unix socket left behind by a dead process is replaced.
    ///
    /// # Errors
    /// When the address is taken, not ours, or the path cannot be written.
    pub async fn bind(place: &Place) -> io::Result<Self> {
        match place {
            Place::Tcp(address) => {
                let socket = TcpListener::bind(address).await?;
                let place = Place::Tcp(socket.local_addr()?);
                Ok(Self { socket: Socket::Tcp(socket), place })
            }
            Place::Unix(path) => {
                remove_stale(path).await?;
                let socket = UnixListener::bind(path)?;
                // The MTA runs as another user; who may reach the socket is the folder's matter.
                fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
                Ok(Self { socket: Socket::Unix(socket), place: place.clone() })
            }
        }
    }

    /// Where it listens, with the port that the system chose.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Takes connections until `drain` is true, then waits for those under way. Dropping the future ends them all.
    pub async fn run(
        self,
        desk: Arc<Desk>,
        settings: Arc<Settings>,
        connections: Arc<Semaphore>,
        mut drain: watch::Receiver<bool>,
    ) {
        let mut open = JoinSet::new();
        let door = Arc::new(Open { desk, settings, drain: drain.clone() });
        loop {
            tokio::select! {
                biased;
                () = conversation::asked_to_drain(&mut drain) => break,
                Some(_) = open.join_next() => {}
                taken = self.accept() => match taken {
                    Ok((stream, peer)) => {
                        let permit = Arc::clone(&connections).try_acquire_owned().ok();
                        open.spawn(Arc::clone(&door).serve(stream, peer, permit));
                    }
                    Err(error) => {
                        tracing::warn!(%error, place = %self.place, "lmtp: cannot take a connection");
                        sleep(limits::ACCEPT_PAUSE_SECONDS).await;
                    }
                },
            }
        }
        if let Place::Unix(path) = &self.place {
            let _ = fs::remove_file(path);
        }
        drop(self.socket);
        while open.join_next().await.is_some() {}
    }

    async fn accept(&self) -> io::Result<(Box<dyn Stream>, Peer)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((Box::new(stream), Peer::Tcp(address.ip())))
            }
            Socket::Unix(listener) => Ok((Box::new(listener.accept().await?.0), Peer::Unix)),
        }
    }
}

/// TCP or unix, told apart no more.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What all connections of one listener share.
struct Open {
    desk: Arc<Desk>,
    settings: Arc<Settings>,
    drain: watch::Receiver<bool>,
}

impl Open {
    async fn serve(self: Arc<Self>, mut stream: Box<dyn Stream>, peer: Peer, permit: Option<OwnedSemaphorePermit>) {
        let metrics = self.desk.metrics();
        let Some(_permit) = permit else {
            metrics.connection_refused(Door::Lmtp);
            let refusal = format!("421 4.3.2 {} too many connections, try again later\r\n", self.settings.hostname);
            // A client that does not read it learns the same from the closed connection.
            let _ = timeout(limits::LINGER_SECONDS_MAX, stream.write_all(refusal.as_bytes())).await;
            return;
        };
        let _counted = Counted::new(Arc::clone(metrics));
        let ended = conversation::serve(stream, peer, &self.desk, &self.settings, self.drain.clone()).await;
        if let Err(error) = ended {
            tracing::debug!(%error, ?peer, "lmtp: connection lost");
        }
    }
}

/// Counts a connection as open while it lives, however it ends.
struct Counted(Arc<Metrics>);

impl Counted {
    fn new(metrics: Arc<Metrics>) -> Self {
        metrics.connection_opened(Door::Lmtp);
        Self(metrics)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connection_closed(Door::Lmtp);
    }
}

/// Removes a socket file that nobody listens on.
async fn remove_stale(path: &Path) -> io::Result<()> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    if is_socket && UnixStream::connect(path).await.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    {
        fs::remove_file(path)?;
    }
    Ok(())
}
