//! A mail over LMTP, as an MTA hands it over.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

/// Hands a mail for one recipient over; the reply to its end. An error before that means: not taken.
pub fn send(address: &str, id: &str) -> io::Result<String> {
    let stream = TcpStream::connect(address).map_err(|error| io::Error::other(format!("connect: {error}")))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut stream = BufReader::new(stream);
    let mut reply = String::new();
    let mail = format!(
        "From: a@sender.example\r\nTo: b@school.example\r\nSubject: {id}\r\nMessage-ID: <{id}@sender.example>\r\n\r\nhello\r\n.\r\n"
    );
    for line in [
        "",
        "LHLO mta.example\r\n",
        "MAIL FROM:<a@sender.example>\r\n",
        "RCPT TO:<b@school.example>\r\n",
        "DATA\r\n",
        &mail,
    ] {
        stream.get_mut().write_all(line.as_bytes())?;
        loop {
            reply.clear();
            if stream.read_line(&mut reply)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if reply.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
        if !reply.starts_with(['2', '3']) {
            break;
        }
    }
    Ok(reply)
}
