//! One LMTP session: any bytes, in two ways of cutting them, give the same replies and the same clean content.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use wehr::{
    doors::lmtp::session::{Event, Offers, Session},
    judge::policy::verdict::Reply,
};

fn drive(bytes: &[u8], piece_bytes: usize) -> (Vec<u8>, Vec<u8>) {
    let offers = Offers {
        hostname: "mx".to_owned(),
        message_bytes_max: 1 << 20,
        starttls: false,
        xforward: true,
        require_tls: false,
    };
    let (mut session, mut input) = (Session::new(offers), BytesMut::new());
    let (mut replies, mut content) = (Vec::new(), Vec::new());
    let mut pieces = bytes.chunks(piece_bytes);
    loop {
        match session.next(&mut input) {
            Event::Begin(_) | Event::Recipient(_) => session.answer(Ok(())),
            Event::Content => content.extend_from_slice(session.content()),
            Event::End => {
                assert!(session.recipients() > 0);
                let replies = vec![Reply::new(250, "2.0.0", "ok"); session.recipients()];
                session.conclude(replies);
            }
            Event::Read => match pieces.next() {
                Some(piece) => input.extend_from_slice(piece),
                None => break,
            },
            Event::Flush | Event::Abandon | Event::StartTls => {}
            Event::Close => break,
        }
        replies.extend(session.take_replies());
    }
    replies.extend(session.take_replies());
    (replies, content)
}

fuzz_target!(|bytes: &[u8]| {
    let (replies, content) = drive(bytes, bytes.len().max(1));
    assert_eq!(drive(bytes, 3), (replies, content.clone()));
    assert!(!content.contains(&0));
    let line_ends = content.windows(2).filter(|pair| pair == b"\r\n").count();
    assert_eq!(content.iter().filter(|byte| **byte == b'\n').count(), line_ends);
    assert_eq!(content.iter().filter(|byte| **byte == b'\r').count(), line_ends);
});
