//! Sockets that a service manager bound for us and keeps over a restart (sd_listen_fds(3)).
//!
//! Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES. The name of a socket is the door it is for.

use listenfd::ListenFd;
use std::{env, io, net::TcpListener, os::unix::net::UnixListener};

/// What a socket can be for, as its FileDescriptorName= says.
const DOORS: [&str; 7] = ["milter", "lmtp", "http", "admin", "mailbox", "check", "spamd"];

/// A socket that listens already.
#[derive(Debug)]
pub enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Sockets by door.
#[derive(Debug, Default)]
pub struct Handed(Vec<(String, Socket)>);

impl Handed {
    /// Takes the sockets; none are there where nobody handed any to this process.
    ///
    /// # Errors
    /// A socket without the name of a door, or of a kind that no door takes.
    pub fn take() -> io::Result<Self> {
        let mut handed = ListenFd::from_env();
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut sockets = Vec::new();
        for index in 0..handed.len() {
            let name = names.next().unwrap_or_default();
            if !DOORS.contains(&name) {
                let doors = DOORS.join(", ");
                return Err(io::Error::other(format!(
                    "socket {} that was handed over is named `{name}`; FileDescriptorName= has to be one of {doors}",
                    index + 1
                )));
            }
            let tcp = handed.take_tcp_listener(index).ok().flatten().map(Socket::Tcp);
            let socket = match tcp {
                Some(socket) => Some(socket),
                None => handed.take_unix_listener(index)?.map(Socket::Unix),
            };
            sockets.extend(socket.map(|socket| (name.to_owned(), socket)));
        }
        for (_, socket) in &sockets {
            match socket {
                Socket::Tcp(socket) => socket.set_nonblocking(true)?,
                Socket::Unix(socket) => socket.set_nonblocking(true)?,
            }
        }
        Ok(Self(sockets))
    }

    /// Takes those for one door.
    pub fn door(&mut self, door: &str) -> Vec<Socket> {
        let (found, others) = std::mem::take(&mut self.0).into_iter().partition(|(name, _)| name == door);
        self.0 = others;
        found.into_iter().map(|(_, socket): (String, Socket)| socket).collect()
    }
}

impl Socket {
    /// The socket, where only TCP is spoken.
    ///
    /// # Errors
    /// It is none of TCP.
    pub fn tcp(self, door: &str) -> io::Result<TcpListener> {
        match self {
            Self::Tcp(socket) => Ok(socket),
            Self::Unix(_) => {
                Err(io::Error::other(format!("the socket handed over for {door} is a unix socket; TCP is needed")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_taken_by_door() {
        let socket = || Socket::Tcp(TcpListener::bind("127.0.0.1:0").unwrap());
        let names = ["lmtp", "milter", "lmtp"];
        let mut handed = Handed(names.iter().map(|name| ((*name).to_owned(), socket())).collect());
        assert_eq!((handed.door("lmtp").len(), handed.door("lmtp").len(), handed.door("milter").len()), (2, 0, 1));
        let folder = tempfile::tempdir().unwrap();
        let unix = Socket::Unix(UnixListener::bind(folder.path().join("s")).unwrap());
        assert!(unix.tcp("http").is_err() && socket().tcp("http").is_ok());
    }
}
