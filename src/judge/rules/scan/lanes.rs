//! Several automata side by side over one segment: the steps of one do not wait for those of another.
//!
//! Pure.

use super::{automata::Memory, crowd::Crowd, lazy::Place};

/// Automata that run side by side at most.
const LANES: usize = 4;

/// Runs crowds over a segment and tells the patterns that are met, by the place of their crowd and their own in it, and
/// where they end; whether all came through.
pub fn run(crowds: &[&Crowd], segment: &[u8], memory: &Memory, tell: &mut dyn FnMut(usize, usize, &[u32])) -> bool {
    let mut first = 0;
    let (fours, rest) = crowds.as_chunks::<LANES>();
    for four in fours {
        if abreast(four, segment, memory, &mut |lane, at, ended| tell(first + lane, at, ended)).is_none() {
            return false;
        }
        first += LANES;
    }
    let tell = &mut |lane: usize, at: usize, ended: &[u32]| tell(first + lane, at, ended);
    let came_through = match rest {
        [] => Some(()),
        [one] => abreast(&[*one], segment, memory, tell),
        [one, two] => abreast(&[*one, *two], segment, memory, tell),
        [one, two, three, ..] => abreast(&[*one, *two, *three], segment, memory, tell),
    };
    came_through.is_some()
}

fn abreast<const N: usize>(
    crowds: &[&Crowd; N],
    segment: &[u8],
    memory: &Memory,
    tell: &mut dyn FnMut(usize, usize, &[u32]),
) -> Option<()> {
    let mut places = [Place::default(); N];
    for (crowd, place) in crowds.iter().zip(&mut places) {
        *place = crowd.begin(memory)?;
    }
    for (at, octet) in segment.iter().enumerate() {
        for (lane, (crowd, place)) in crowds.iter().zip(&mut places).enumerate() {
            if !crowd.step(place, *octet) {
                meet(crowd, place, Some(*octet), memory, &mut |ended| tell(lane, at, ended))?;
            }
        }
    }
    for (lane, (crowd, place)) in crowds.iter().zip(&mut places).enumerate() {
        meet(crowd, place, None, memory, &mut |ended| tell(lane, segment.len(), ended))?;
    }
    Some(())
}

/// Takes a step that is not plain; apart, so that the loop over plain ones is small.
#[cold]
#[inline(never)]
fn meet<'a>(
    crowd: &'a Crowd,
    place: &mut Place<'a>,
    octet: Option<u8>,
    memory: &Memory,
    tell: &mut dyn FnMut(&[u32]),
) -> Option<()> {
    let ended = crowd.meet(place, octet, memory)?;
    if !ended.is_empty() {
        tell(ended);
    }
    Some(())
}
