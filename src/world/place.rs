//! Where a door listens and where a peer is: TCP or unix sockets, one spelling for all of them. Touches nothing.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

/// A socket address of either kind, spelled `HOST:PORT` (or `inet:HOST:PORT`) or `unix:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() {
                return Err("unix: needs a path, for example unix:/run/wehr/milter.sock".to_owned());
            }
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        let plain = text.strip_prefix("inet:").unwrap_or(text);
        let plain =
            plain.strip_prefix("localhost:").map_or_else(|| plain.to_owned(), |port| format!("127.0.0.1:{port}"));
        plain.parse().map(Self::Tcp).map_err(|_| format!("`{text}` is neither ADDRESS:PORT nor unix:PATH"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(out, "{address}"),
            Self::Unix(path) => write!(out, "unix:{}", path.display()),
        }
    }
}
