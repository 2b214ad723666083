//! A small authoritative name server on loopback, fed by a zone file (RFC 1035 section 4), over UDP and TCP.
//!
//! The wire format is written out here and shares nothing with the DNS library that the filter asks with, so that
//! the two check each other. `TIMEOUT` in the zone is silence, `SERVFAIL` is that reply.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinHandle,
};
use wehr::{
    judge::facts::Failure,
    world::{
        labels::Labels,
        zone::{Node, Zone},
    },
};

const A: u16 = 1;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const PTR: u16 = 12;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const OPT: u16 = 41;

const SERVFAIL: u8 = 2;
const NXDOMAIN: u8 = 3;
const NOTIMP: u8 = 4;

/// Octets of a UDP reply at most, whatever the asker offers.
const UDP_BYTES_MAX: u16 = 1232;
/// Seconds of a record where the zone says none, and of "there is none".
pub const TTL: u32 = 60;

/// Queries remembered; a bench asks more than anybody reads.
const ASKED_MAX: usize = 10_000;

/// How the server behaves beyond its zone.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// Adds what an alias stands for, as a recursive resolver does.
    pub follows_aliases: bool,
    /// Seconds that "there is none" lasts.
    pub negative_ttl: u32,
}

impl Default for Manners {
    fn default() -> Self {
        Self { follows_aliases: true, negative_ttl: TTL }
    }
}

/// A running server; it stops with its handle.
pub struct NameServer {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    tasks: [JoinHandle<()>; 2],
}

impl NameServer {
    /// Listens on UDP and TCP at the same address; port 0 takes a free one.
    pub async fn start(zone: Zone, listen: SocketAddr, manners: Manners) -> io::Result<Self> {
        let (udp, tcp) = bind(listen).await?;
        let address = udp.local_addr()?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let server = Arc::new(Server { zone, manners, asked: Arc::clone(&asked) });
        let over_udp = tokio::spawn(serve_udp(Arc::clone(&server), udp));
        let over_tcp = tokio::spawn(serve_tcp(server, tcp));
        Ok(Self { address, asked, tasks: [over_udp, over_tcp] })
    }

    /// The first queries, ten thousand at most, each as `udp TXT name`, in order.
    #[allow(dead_code, reason = "the example does not look")]
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// A free UDP port may be taken in TCP, so a few are tried.
async fn bind(listen: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..20 {
        let udp = UdpSocket::bind(listen).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

struct Server {
    zone: Zone,
    manners: Manners,
    asked: Arc<Mutex<Vec<String>>>,
}

async fn serve_udp(server: Arc<Server>, socket: UdpSocket) {
    let mut buffer = [0; 4096];
    loop {
        // An asker that is gone shows as an error of the next receive.
        let Ok((size, peer)) = socket.recv_from(&mut buffer).await else { continue };
        if let Some(reply) = server.reply(buffer.get(..size).unwrap_or_default(), false) {
            let _lost = socket.send_to(&reply, peer).await;
        }
    }
}

async fn serve_tcp(server: Arc<Server>, listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let _closed = converse(&server, stream).await;
        });
    }
}

async fn converse(server: &Server, mut stream: TcpStream) -> io::Result<()> {
    loop {
        let size = stream.read_u16().await?;
        let mut query = vec![0; usize::from(size)];
        stream.read_exact(&mut query).await?;
        if let Some(reply) = server.reply(&query, true) {
            let mut framed = u16::try_from(reply.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
            framed.extend_from_slice(&reply);
            stream.write_all(&framed).await?;
        }
    }
}

/// The question of a query, and what is needed to answer it.
struct Asked {
    id: [u8; 2],
    recursion_desired: u8,
    /// The question section as it came.
    section: Vec<u8>,
    name: Option<Labels>,
    kind: u16,
    has_edns: bool,
    udp_bytes: usize,
}

/// `None` for what is no query; nobody replies to that.
fn read_query(query: &[u8]) -> Option<Asked> {
    // The identifier, the flags, one question.
    let [first, second, flags, _, 0, 1, ..] = *query else { return None };
    if flags & 0x80 != 0 {
        return None;
    }
    let mut at = 12;
    let mut labels: Vec<&[u8]> = Vec::new();
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        match length {
            0 => break,
            1..=63 => labels.push(query.get(at..at + length)?),
            _ => return None,
        }
        at += length;
    }
    let kind = u16::from_be_bytes(query.get(at..at + 2)?.try_into().ok()?);
    let section = query.get(12..at + 4)?.to_vec();
    // The only additional record a query has is OPT with the root as owner: 0, type, size.
    let edns = match query.get(at + 4..)? {
        [0, 0, 41, high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    };
    Some(Asked {
        id: [first, second],
        recursion_desired: flags & 1,
        section,
        name: Labels::from_left(labels.iter()).ok(),
        kind,
        has_edns: edns.is_some(),
        udp_bytes: usize::from(edns.unwrap_or(512).clamp(512, UDP_BYTES_MAX)),
    })
}

/// Response code, answer records, authority records.
type Reply = (u8, Vec<Vec<u8>>, Vec<Vec<u8>>);

impl Server {
    fn reply(&self, query: &[u8], over_tcp: bool) -> Option<Vec<u8>> {
        let asked = read_query(query)?;
        let (kind, way) = (kind_word(asked.kind), if over_tcp { "tcp" } else { "udp" });
        let name = asked.name.as_ref().map(|name| name.name().as_str().to_owned()).unwrap_or_default();
        let mut heard = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() < ASKED_MAX {
            heard.push(format!("{way} {kind} {name}"));
        }
        drop(heard);
        let (code, answers, authorities) = match &asked.name {
            Some(name) => self.look_up(name, asked.kind)?,
            None => (NOTIMP, Vec::new(), Vec::new()),
        };
        let whole = message(&asked, code, &answers, &authorities, false);
        let most = if over_tcp { usize::from(u16::MAX) } else { asked.udp_bytes };
        if whole.len() <= most {
            return Some(whole);
        }
        Some(message(&asked, if over_tcp { SERVFAIL } else { code }, &[], &[], !over_tcp))
    }

    /// `None` is silence.
    fn look_up(&self, name: &Labels, kind: u16) -> Option<Reply> {
        let mut answers = Vec::new();
        let mut name = name.clone();
        for _ in 0..20 {
            let Some(node) = self.zone.find(&name) else { return Some((NXDOMAIN, answers, vec![self.soa()])) };
            let ttl = node.ttl.unwrap_or(TTL);
            let found = data(node, kind);
            if !found.is_empty() {
                answers.extend(found.iter().map(|data| record(&name, kind, ttl, data)));
                return Some((0, answers, Vec::new()));
            }
            match (&node.cname, node.broken) {
                (Some(target), _) => {
                    answers.push(record(&name, CNAME, ttl, &wire_name(target)));
                    if !self.manners.follows_aliases || kind == CNAME {
                        return Some((0, answers, Vec::new()));
                    }
                    name = target.clone();
                }
                (None, Some(Failure::Timeout)) => return None,
                (None, Some(_)) => return Some((SERVFAIL, Vec::new(), Vec::new())),
                (None, None) => return Some((0, answers, vec![self.soa()])),
            }
        }
        Some((SERVFAIL, Vec::new(), Vec::new()))
    }

    fn soa(&self) -> Vec<u8> {
        let root = Labels::default();
        let mut data = [wire_name(&root), wire_name(&root)].concat();
        for number in [1, 3600, 600, 86_400, self.manners.negative_ttl] {
            data.extend(number.to_be_bytes());
        }
        record(&root, SOA, self.manners.negative_ttl, &data)
    }
}

fn kind_word(kind: u16) -> String {
    match kind {
        A => "A".to_owned(),
        AAAA => "AAAA".to_owned(),
        CNAME => "CNAME".to_owned(),
        MX => "MX".to_owned(),
        PTR => "PTR".to_owned(),
        TXT => "TXT".to_owned(),
        other => format!("TYPE{other}"),
    }
}

/// The data of every record of a type.
fn data(node: &Node, kind: u16) -> Vec<Vec<u8>> {
    match kind {
        A => node.ipv4.iter().map(|address| address.octets().to_vec()).collect(),
        AAAA => node.ipv6.iter().map(|address| address.octets().to_vec()).collect(),
        PTR => node.ptr.iter().map(wire_name).collect(),
        MX => node
            .mx
            .iter()
            .map(|(preference, host)| [&preference.to_be_bytes()[..], &wire_name(host)].concat())
            .collect(),
        TXT => node.txt.iter().map(|text| strings(text)).collect(),
        _ => Vec::new(),
    }
}

/// Character-strings of 255 octets at most; an empty text is one empty string.
fn strings(text: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    for chunk in text.chunks(255) {
        data.push(octet(chunk.len()));
        data.extend_from_slice(chunk);
    }
    if data.is_empty() { vec![0] } else { data }
}

/// A length of 255 at most; labels and strings have no more.
fn octet(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

fn wire_name(name: &Labels) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in name.leftmost_first() {
        wire.push(octet(label.len()));
        wire.extend_from_slice(label);
    }
    wire.push(0);
    wire
}

fn record(owner: &Labels, kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut record = wire_name(owner);
    record.extend(kind.to_be_bytes());
    record.extend([0, 1]);
    record.extend(ttl.to_be_bytes());
    record.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
    record.extend_from_slice(data);
    record
}

fn message(asked: &Asked, code: u8, answers: &[Vec<u8>], authorities: &[Vec<u8>], truncated: bool) -> Vec<u8> {
    let count = |records: &[Vec<u8>]| u16::try_from(records.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut reply = asked.id.to_vec();
    // QR and AA, TC if cut, RD as asked; RA, for askers that want recursion.
    reply.push(0x84 | if truncated { 2 } else { 0 } | asked.recursion_desired);
    reply.push(0x80 | code);
    reply.extend([0, 1]);
    reply.extend(count(answers));
    reply.extend(count(authorities));
    reply.extend([0, u8::from(asked.has_edns)]);
    reply.extend_from_slice(&asked.section);
    reply.extend(answers.concat());
    reply.extend(authorities.concat());
    if asked.has_edns {
        reply.push(0);
        reply.extend(OPT.to_be_bytes());
        reply.extend(UDP_BYTES_MAX.to_be_bytes());
        reply.extend([0; 6]);
    }
    reply
}
