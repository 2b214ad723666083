//! The name server of the lab.

use std::net::SocketAddr;

pub struct Nameserver {
    pub address: SocketAddr,
}

impl Nameserver {
    pub fn start(_zone: &str) -> Self {
        todo!()
    }
}
