//! What a service manager is told of our state (sd_notify(3)); nobody is told where nobody asked.
//!
//! Sends datagrams to NOTIFY_SOCKET. A manager that does not listen is no trouble of ours.

use std::{
    env,
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
};

/// Takes mail.
pub const READY: &str = "READY=1";
/// Reads its configuration anew; READY follows, whatever came of it.
pub const RELOADING: &str = "RELOADING=1";
/// Lets mails under way end.
pub const STOPPING: &str = "STOPPING=1";

/// Tells the manager, if there is one.
pub fn tell(state: &str) {
    let Some(place) = env::var_os("NOTIFY_SOCKET").filter(|place| !place.is_empty()) else { return };
    if let Err(error) = send(&place, state) {
        tracing::debug!(%error, "the service manager cannot be told");
    }
}

fn send(place: &OsStr, state: &str) -> io::Result<()> {
    let address = match place.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(place)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manager_hears_by_path_and_by_abstract_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let abstract_name = format!("wehr-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let mut octets = [0; 64];
        for (manager, place) in [
            (UnixDatagram::bind(&path).unwrap(), path.into_os_string()),
            (UnixDatagram::bind_addr(&address).unwrap(), format!("@{abstract_name}").into()),
        ] {
            send(&place, READY).unwrap();
            let count = manager.recv(&mut octets).unwrap();
            assert_eq!(&octets[..count], b"READY=1");
        }
        assert!(send(OsStr::new("/nowhere/at/all"), READY).is_err());
    }
}
