//! Replies of a mailstore: any bytes in any chunks give the same replies, within limits, and nothing foreign is relayed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::{
    doors::deliver::lmtp::{
        dialogue::Offers,
        reply::{Answer, Malformed, Replies},
    },
    limits,
};

/// The replies before the first malformed byte, and whether there was one.
fn read<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<Answer>, Option<Malformed>) {
    let (mut replies, mut answers) = (Replies::default(), Vec::new());
    for chunk in chunks {
        replies.buffer().extend_from_slice(chunk);
        loop {
            match replies.take() {
                Ok(Some(answer)) => answers.push(answer),
                Ok(None) => break,
                Err(malformed) => return (answers, Some(malformed)),
            }
        }
    }
    (answers, None)
}

fuzz_target!(|input: &[u8]| {
    let Some((size, bytes)) = input.split_first() else { return };
    let (answers, malformed) = read(std::iter::once(bytes));
    if bytes.len() <= limits::LINE_BYTES_MAX {
        // Longer lines may be found too long earlier or later, as the chunks have it.
        let chunked = read(bytes.chunks(usize::from(*size).max(1)));
        assert_eq!((&answers, malformed), (&chunked.0, chunked.1));
    }
    for answer in &answers {
        assert!(answer.lines.len() <= limits::MAILSTORE_REPLY_LINES_MAX);
        let _ = Offers::read(answer);
        for reply in [answer.relayed(), answer.relayed_command()] {
            let line = reply.to_string();
            assert!(line.len() <= limits::MAILSTORE_REPLY_TEXT_BYTES_MAX + 16);
            assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'%'));
            assert!(line.starts_with(&reply.code.to_string()) && reply.enhanced.starts_with(['2', '3', '4', '5']));
            assert!(answer.is_positive() || !reply.is_positive());
        }
    }
});
