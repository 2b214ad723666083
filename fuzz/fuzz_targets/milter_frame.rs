//! Milter packets: any octets are read or refused, in any chunking alike, and nothing is held that was not sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::doors::milter::frame::{Command, Fault, Frames, decode};

/// Commands and the fault that ended them; pieces of one chunk of the body are put together.
fn commands(stream: &[u8], cut: usize) -> (Vec<Result<Command, Fault>>, Option<Fault>) {
    let mut frames = Frames::default();
    let mut found = Vec::new();
    let mut body = Vec::new();
    for octets in stream.chunks(cut) {
        frames.buffer.extend_from_slice(octets);
        loop {
            let frame = match frames.take() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(fault) => return (found, Some(fault)),
            };
            match decode(frame) {
                Ok(Command::Body { chunk, has_more }) => {
                    body.extend_from_slice(&chunk);
                    if !has_more {
                        let chunk = std::mem::take(&mut body).into();
                        found.push(Ok(Command::Body { chunk, has_more: false }));
                    }
                }
                other => found.push(other),
            }
        }
        assert!(frames.missing() != Ok(0), "a packet is there and is not taken");
    }
    (found, None)
}

fuzz_target!(|stream: &[u8]| {
    let Some((cut, stream)) = stream.split_first() else { return };
    let whole = commands(stream, usize::MAX);
    let pieces = commands(stream, usize::from(*cut) + 1);
    assert_eq!(whole, pieces);
});
