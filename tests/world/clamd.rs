//! The virus scan against a scripted clamd, and against a real one where the package is installed.

use crate::scanner::{self, CLAMD};
use bytes::Bytes;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, UnixListener},
};
use wehr::{
    judge::facts::{Fact, Failure, Scanned},
    world::{
        Scan,
        clamd::{Clamd, Settings},
        place::Place,
    },
};

/// What a scripted clamd does on a connection.
#[derive(Clone, Copy)]
enum Script {
    /// Reads the whole message and says this.
    Reply(&'static [u8]),
    /// Reads so many octets of the connection, says this, hangs up.
    Early(usize, &'static [u8]),
    /// Reads the whole message and says nothing.
    Silent,
    /// Reads nothing.
    Deaf,
    /// Reads slowly: a pause after every chunk, then OK.
    Slow(Duration),
    /// Talks without end after the whole message.
    Endless,
}

const CLEAN: Script = Script::Reply(b"stream: OK\0");

/// Messages as they were received, unchunked.
type Heard = Arc<Mutex<Vec<Vec<u8>>>>;

async fn perform(script: Script, mut stream: impl AsyncRead + AsyncWrite + Unpin, heard: Heard) -> std::io::Result<()> {
    match script {
        Script::Deaf => std::future::pending().await,
        Script::Early(octets, reply) => {
            let mut read = vec![0; octets];
            stream.read_exact(&mut read).await?;
            stream.write_all(reply).await?;
            return Ok(());
        }
        _ => {}
    }
    let mut command = [0; 10];
    stream.read_exact(&mut command).await?;
    assert_eq!(&command, b"zINSTREAM\0");
    let mut message = Vec::new();
    loop {
        let size = stream.read_u32().await?;
        if size == 0 {
            break;
        }
        let mut chunk = vec![0; size as usize];
        stream.read_exact(&mut chunk).await?;
        message.extend(chunk);
        if let Script::Slow(pause) = script {
            tokio::time::sleep(pause).await;
        }
    }
    heard.lock().unwrap().push(message);
    match script {
        Script::Reply(reply) => stream.write_all(reply).await,
        Script::Slow(_) => stream.write_all(b"stream: OK\0").await,
        Script::Endless => loop {
            stream.write_all(&[b'x'; 4096]).await?;
        },
        _ => std::future::pending().await,
    }
}

/// A scripted clamd on a TCP port, or at a path.
async fn fake(script: Script, path: Option<&Path>) -> (Place, Heard) {
    let heard = Heard::default();
    let recorder = Arc::clone(&heard);
    if let Some(path) = path {
        let listener = UnixListener::bind(path).unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(perform(script, stream, Arc::clone(&recorder)));
            }
        });
        return (Place::Unix(path.to_owned()), heard);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(perform(script, stream, Arc::clone(&recorder)));
        }
    });
    (Place::Tcp(address), heard)
}

fn settings(place: Place) -> Settings {
    Settings { place, stream_bytes_max: None, connections_max: 10, timeout: Duration::from_secs(5) }
}

async fn scan(clamd: &Clamd, message: &[u8], chunk: usize) -> Scanned {
    let mut scan = clamd.scan();
    for chunk in message.chunks(chunk) {
        scan.feed(Bytes::copy_from_slice(chunk)).await;
    }
    match Box::new(scan).finish().await {
        Fact::Virus(scanned) => scanned,
        other => panic!("{other:?}"),
    }
}

fn message(octets: usize) -> Vec<u8> {
    (0..=250_u8).cycle().take(octets).collect()
}

#[tokio::test]
async fn every_octet_arrives_in_any_chunks_over_both_sockets() {
    let folder = tempfile::tempdir().unwrap();
    for path in [None, Some(folder.path().join("clamd.sock"))] {
        let (place, heard) = fake(CLEAN, path.as_deref()).await;
        let clamd = Clamd::new(settings(place));
        for (octets, chunk) in
            [(0, 1), (1, 1), (5000, 7), (32 << 10, 1000), (40_000, 40_000), (1 << 20, 8192), (3 << 20, 1 << 20)]
        {
            assert_eq!(scan(&clamd, &message(octets), chunk).await, Scanned::Clean);
            assert_eq!(heard.lock().unwrap().pop().unwrap(), message(octets), "{octets} in {chunk}");
        }
    }
}

#[tokio::test]
async fn empty_bytes_do_not_end_the_message() {
    let (place, heard) = fake(CLEAN, None).await;
    let clamd = Clamd::new(settings(place));
    let mut scan = clamd.scan();
    for bytes in [message(50_000), Vec::new(), b"end".to_vec(), Vec::new()] {
        scan.feed(Bytes::from(bytes)).await;
    }
    assert_eq!(Box::new(scan).finish().await, Fact::Virus(Scanned::Clean));
    assert_eq!(heard.lock().unwrap().pop().unwrap(), [message(50_000), b"end".to_vec()].concat());
}

#[tokio::test]
async fn replies_mean_what_they_say() {
    for (reply, want) in [
        (&b"stream: OK\0"[..], Scanned::Clean),
        (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", Scanned::Infected("Win.Test.EICAR_HDB-1".into())),
        (b"stream: Can't open file or directory ERROR\0", Scanned::Failed(Failure::ServerFailure)),
        (b"INSTREAM size limit exceeded. ERROR\0", Scanned::Failed(Failure::TooLarge)),
        (b"stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND\0", Scanned::Failed(Failure::TooLarge)),
        (b"", Scanned::Failed(Failure::Interrupted)),
        (b"stream: OK", Scanned::Failed(Failure::Malformed)),
        (b"220 mail.example ESMTP\r\n", Scanned::Failed(Failure::Malformed)),
        (b"stream: OK\0stream: X FOUND\0", Scanned::Failed(Failure::Malformed)),
    ] {
        let (place, _) = fake(Script::Reply(reply), None).await;
        for octets in [100, 100_000] {
            let got = scan(&Clamd::new(settings(place.clone())), &message(octets), 8192).await;
            assert_eq!(got, want, "{}", reply.escape_ascii());
        }
    }
}

#[tokio::test]
async fn no_clamd_there() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for place in [Place::Tcp(closed), Place::Unix(PathBuf::from("/nonexistent/clamd.sock"))] {
        let clamd = Clamd::new(settings(place));
        for octets in [10, 1 << 20] {
            assert_eq!(scan(&clamd, &message(octets), 8192).await, Scanned::Failed(Failure::Refused));
        }
    }
}

#[tokio::test]
async fn a_clamd_that_comes_back_is_met_by_the_retry() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clamd.sock");
    let clamd = Clamd::new(settings(Place::Unix(path.clone())));
    let scanning = tokio::spawn(async move { scan(&clamd, b"x", 1).await });
    tokio::time::sleep(Duration::from_millis(30)).await;
    let _running = fake(CLEAN, Some(&path)).await;
    assert_eq!(scanning.await.unwrap(), Scanned::Clean);
}

#[tokio::test]
async fn hung_up_in_the_middle() {
    for (octets, reply, want) in [
        (0, &b""[..], Failure::Interrupted),
        (10, b"", Failure::Interrupted),
        (50_000, b"", Failure::Interrupted),
        (50_000, b"INSTREAM size limit exceeded. ERROR\0", Failure::TooLarge),
        (50_000, b"stream: No memory ERROR\0", Failure::ServerFailure),
        // Whatever it says before it had everything, it is not clean.
        (50_000, b"stream: OK\0", Failure::Interrupted),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for path in [None, Some(folder.path().join("clamd.sock"))] {
            let (place, _) = fake(Script::Early(octets, reply), path.as_deref()).await;
            let got = scan(&Clamd::new(settings(place.clone())), &message(2 << 20), 8192).await;
            // Over TCP the reset that follows unread octets may swallow the reply.
            let lost = path.is_none() && got == Scanned::Failed(Failure::Interrupted);
            assert!(got == Scanned::Failed(want) || lost, "{octets} {} {place}: {got:?}", reply.escape_ascii());
        }
    }
}

#[tokio::test]
async fn a_silent_clamd_times_out() {
    for script in [Script::Silent, Script::Deaf] {
        let (place, _) = fake(script, None).await;
        let clamd = Clamd::new(Settings { timeout: Duration::from_millis(300), ..settings(place) });
        for octets in [10, 8 << 20] {
            let began = Instant::now();
            assert_eq!(scan(&clamd, &message(octets), 64 << 10).await, Scanned::Failed(Failure::Timeout));
            assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        }
    }
}

#[tokio::test]
async fn a_reply_without_end_is_cut() {
    let (place, _) = fake(Script::Endless, None).await;
    assert_eq!(scan(&Clamd::new(settings(place)), b"x", 1).await, Scanned::Failed(Failure::Malformed));
}

#[tokio::test]
async fn a_slow_clamd_slows_the_feeding() {
    let (place, _) = fake(Script::Slow(Duration::from_millis(20)), None).await;
    let clamd = Clamd::new(settings(place));
    let mut scan = clamd.scan();
    let began = Instant::now();
    for _ in 0..400 {
        scan.feed(Bytes::from(vec![0; 64 << 10])).await;
    }
    // 400 chunks at 20 ms, less what sockets hold: a few MiB of the 25.
    assert!(began.elapsed() > Duration::from_secs(2), "{:?}", began.elapsed());
    drop(scan);
}

#[tokio::test]
async fn too_large_for_clamd_is_not_sent_and_not_clean() {
    let (place, heard) = fake(CLEAN, None).await;
    let clamd = Clamd::new(Settings { stream_bytes_max: Some(100_000), ..settings(place) });
    assert_eq!(scan(&clamd, &message(100_000), 999).await, Scanned::Clean);
    assert_eq!(scan(&clamd, &message(100_001), 999).await, Scanned::Failed(Failure::TooLarge));
    assert_eq!(scan(&clamd, &message(5 << 20), 64 << 10).await, Scanned::Failed(Failure::TooLarge));
    assert_eq!(heard.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn feeding_that_was_given_up_is_never_clean() {
    let (place, _) = fake(Script::Slow(Duration::from_millis(50)), None).await;
    let clamd = Clamd::new(settings(place));
    let mut scan = clamd.scan();
    let mut given_up = false;
    for _ in 0..200 {
        let feeding = scan.feed(Bytes::from(vec![0; 256 << 10]));
        given_up |= tokio::time::timeout(Duration::from_millis(5), feeding).await.is_err();
        if given_up {
            break;
        }
    }
    assert!(given_up);
    assert_eq!(Box::new(scan).finish().await, Fact::Virus(Scanned::Failed(Failure::Interrupted)));
}

#[tokio::test]
async fn connections_are_bounded_and_waiting_counts() {
    let (place, _) = fake(Script::Silent, None).await;
    let clamd =
        Clamd::new(Settings { connections_max: 1, timeout: Duration::from_millis(400), ..settings(place.clone()) });
    let mut first = clamd.scan();
    first.feed(Bytes::from(message(64 << 10))).await;
    let began = Instant::now();
    assert_eq!(scan(&clamd, b"second", 6).await, Scanned::Failed(Failure::Timeout));
    assert!(began.elapsed() < Duration::from_millis(1500));
    // Dropping the first hangs up and makes room.
    drop(first);
    let (working, _) = fake(CLEAN, None).await;
    let clamd = Clamd::new(Settings { connections_max: 1, ..settings(working) });
    let mut first = clamd.scan();
    first.feed(Bytes::from(message(64 << 10))).await;
    drop(first);
    assert_eq!(scan(&clamd, b"second", 6).await, Scanned::Clean);
    let scans = (0..40).map(|_| scan(&clamd, b"many at once", 5));
    assert!(futures_util::future::join_all(scans).await.iter().all(|scanned| *scanned == Scanned::Clean));
}

/// A slow sender of a small mail must not hold one of clamd's few threads.
#[tokio::test]
async fn small_mails_take_no_connection_while_they_arrive() {
    let (place, _) = fake(CLEAN, None).await;
    let clamd = Clamd::new(Settings { connections_max: 1, ..settings(place) });
    let mut slow = clamd.scan();
    slow.feed(Bytes::from(message(20_000))).await;
    assert_eq!(scan(&clamd, b"another", 7).await, Scanned::Clean);
    assert_eq!(Box::new(slow).finish().await, Fact::Virus(Scanned::Clean));
}

const EICAR: &[u8] = br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

/// A real clamd with a database of one line, and the places where it listens.
struct Real {
    clamd: scanner::Clamd,
    unix: Place,
    tcp: Place,
}

impl Real {
    fn start(stream_max: &str) -> Self {
        // MD5 and size of the 68 octets of EICAR.
        let database = [("own.hdb", "44d88612fea8a8f36de82e1278abb02f:68:Wehr.Test.Eicar\n".to_owned())];
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = format!("TCPSocket {port}\nTCPAddr 127.0.0.1\nStreamMaxLength {stream_max}\n");
        let clamd = scanner::Clamd::start(&database, &settings);
        let unix = Place::Unix(clamd.socket.clone());
        Self { clamd, unix, tcp: Place::Tcp(SocketAddr::from(([127, 0, 0, 1], port))) }
    }
}

/// Whether there is a clamd; where the environment says that all parts are there, a missing one is a failure.
fn has_clamd() -> bool {
    let there = Path::new(CLAMD).exists();
    assert!(there || std::env::var_os("WEHR_REQUIRE_PARTS").is_none(), "{CLAMD} is missing: install clamav-daemon");
    if !there {
        eprintln!("LEFT OUT: {CLAMD} is not installed (apt-get install clamav-daemon)");
    }
    there
}

#[tokio::test]
async fn a_real_clamd_finds_eicar_and_keeps_its_limit() {
    if !has_clamd() {
        return;
    }
    let real = Real::start("1M");
    // The digest is that of the decoded attachment, so clamd has to read the mail to find it.
    let mail = b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
        Content-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: application/octet-stream\r\n\
        Content-Disposition: attachment; filename=eicar.com\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNU\r\nLUZJTEUhJEgrSCo=\r\n--b--\r\n";
    for place in [&real.unix, &real.tcp] {
        let clamd = Clamd::new(settings(place.clone()));
        let found = Scanned::Infected("Wehr.Test.Eicar.UNOFFICIAL".into());
        assert_eq!(scan(&clamd, EICAR, 10).await, found, "{place}");
        assert_eq!(scan(&clamd, mail, 4096).await, found, "{place}: in a mail");
        assert_eq!(scan(&clamd, &message(500_000), 8192).await, Scanned::Clean, "{place}");
        assert_eq!(scan(&clamd, b"", 1).await, Scanned::Clean, "{place}: nothing is clean");
        // Over clamd's own limit, with and without our knowing it.
        let got = scan(&clamd, &message(20 << 20), 64 << 10).await;
        let is_tcp = matches!(place, Place::Tcp(_));
        assert!(
            got == Scanned::Failed(Failure::TooLarge) || (is_tcp && got == Scanned::Failed(Failure::Interrupted)),
            "{place}: {got:?}"
        );
        let told = Clamd::new(Settings { stream_bytes_max: Some(1 << 20), ..settings(place.clone()) });
        assert_eq!(scan(&told, &message(20 << 20), 64 << 10).await, Scanned::Failed(Failure::TooLarge), "{place}");
    }
    // A whole mailstorm over few connections.
    let clamd = Clamd::new(Settings { connections_max: 3, ..settings(real.unix.clone()) });
    let scans = (0..60).map(|_| scan(&clamd, mail, 1000));
    for scanned in futures_util::future::join_all(scans).await {
        assert!(matches!(scanned, Scanned::Infected(_)), "{scanned:?}");
    }
}

#[tokio::test]
async fn a_real_clamd_killed_in_the_middle() {
    if !has_clamd() {
        return;
    }
    let mut real = Real::start("100M");
    let clamd = Clamd::new(settings(real.unix.clone()));
    let mut scan = clamd.scan();
    for round in 0..64 {
        scan.feed(Bytes::from(message(64 << 10))).await;
        if round == 10 {
            real.clamd.child.kill().unwrap();
            real.clamd.child.wait().unwrap();
        }
    }
    assert_eq!(Box::new(scan).finish().await, Fact::Virus(Scanned::Failed(Failure::Interrupted)));
    assert_eq!(clamd.ping().await, Err(Failure::Refused));
}
