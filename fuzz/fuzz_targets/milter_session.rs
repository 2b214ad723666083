//! The milter dialogue: whatever an MTA sends, every command gets what is due and no mail is answered twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::judge::policy::verdict::Action;

#[path = "../../tests/milter/play.rs"]
mod play;

fuzz_target!(|stream: &[u8]| {
    let [offer, cut, draw, stream @ ..] = stream else { return };
    let offer = play::OFFERS[usize::from(*offer) % play::OFFERS.len()];
    let refusals: Vec<bool> = (0..8).map(|bit| draw & (1 << bit) != 0).collect();
    let fate = || play::Fate { refusals: refusals.clone(), actions: Action::ALL.to_vec(), at: usize::from(*draw) };
    let whole = play::play(offer, stream, usize::MAX, &mut fate());
    let pieces = play::play(offer, stream, usize::from(*cut), &mut fate());
    assert_eq!(whole, pieces);
});
