//! Requests of spamd's clients: any octets give events or one fault, in any chunking alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::doors::spamd::session::{Event, Fault, Session};

/// Events and the fault that ended them; pieces of the mail are put together.
fn events(stream: &[u8], cut: usize) -> (Vec<Event>, Option<Fault>) {
    let (mut session, mut found) = (Session::default(), Vec::new());
    for octets in stream.chunks(cut) {
        match session.take(octets) {
            Ok(events) => events.into_iter().for_each(|event| push(&mut found, event)),
            Err(fault) => return (found, Some(fault)),
        }
    }
    match session.end() {
        Ok(events) => found.extend(events),
        Err(fault) => return (found, Some(fault)),
    }
    assert!(session.is_over());
    (found, None)
}

fn push(found: &mut Vec<Event>, event: Event) {
    match (found.last_mut(), event) {
        (Some(Event::Bytes(mail)), Event::Bytes(more)) => mail.extend(more),
        (_, event) => found.push(event),
    }
}

fuzz_target!(|stream: &[u8]| {
    let Some((cut, stream)) = stream.split_first() else { return };
    let (whole, fault) = events(stream, usize::MAX);
    let (pieces, piecewise) = events(stream, usize::from(*cut) + 1);
    assert_eq!(fault, piecewise);
    // A fault in a later line takes what came before it in the same piece with it.
    if fault.is_none() {
        assert_eq!(whole, pieces);
    }
});
