//! OpenPGP messages that anybody can read (RFC 9580 5.6, 5.9): signed, compressed and literal data; others with a lent key.
//!
//! Pure.

use super::{
    budget::{Budget, Cost, DEPTH_LIMIT, ENCRYPTED, MALFORMED, UNSUPPORTED},
    contents::{Contents, Member},
    lent::{self, Lent, OPENED},
};
use crate::mail::{
    filetype,
    openpgp::{
        self, Kind,
        armor::{self, Label},
        packets::{self, Packets},
    },
};
use bzip2::read::BzDecoder;
use flate2::read::{DeflateDecoder, ZlibDecoder};

/// Opens a message, armoured or not: the files in it.
#[must_use]
pub fn open(bytes: &[u8], budget: &mut Budget) -> Contents {
    messages(bytes, &Lent::default(), budget)
}

/// Opens a message, or the messages in a text, with a lent key. None where it opens nothing.
#[must_use]
pub fn unseal(bytes: &[u8], lent: &Lent, budget: &mut Budget) -> Option<Contents> {
    let contents = messages(bytes, lent, budget);
    contents.traits.contains(OPENED).then_some(contents)
}

fn messages(bytes: &[u8], lent: &Lent, budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let mut is_armoured = false;
    for block in armor::blocks(bytes).filter(|block| block.label == Label::Message) {
        is_armoured = true;
        sealed_or_not(&block.octets(), lent, &mut contents, budget);
    }
    if !is_armoured {
        sealed_or_not(bytes, lent, &mut contents, budget);
    }
    contents
}

fn sealed_or_not(octets: &[u8], lent: &Lent, contents: &mut Contents, budget: &mut Budget) {
    if openpgp::kind(octets) == Some(Kind::Encrypted)
        && let Some(output) = lent::openpgp::open(octets, lent, budget)
    {
        contents.traits.insert(OPENED);
        contents.skipped.extend(output.cut);
        message(&output.bytes, DEPTH_MAX, contents, budget);
    } else {
        message(octets, DEPTH_MAX, contents, budget);
    }
}

fn message(octets: &[u8], depth: usize, contents: &mut Contents, budget: &mut Budget) {
    match openpgp::kind(octets) {
        Some(Kind::Readable) => {}
        Some(Kind::Encrypted) => return contents.skip(ENCRYPTED),
        Some(Kind::Signature | Kind::Key) => return,
        None => return contents.skip(UNSUPPORTED),
    }
    for packet in Packets::of(octets) {
        match packet.tag {
            packets::LITERAL => literal(&packet.body, contents, budget),
            packets::COMPRESSED if depth == 0 => contents.skip(DEPTH_LIMIT),
            packets::COMPRESSED => compressed(&packet.body, depth, contents, budget),
            packets::SIGNATURE | packets::ONE_PASS_SIGNATURE => _ = contents.traits.insert("signed"),
            _ => {}
        }
    }
}

/// Literal data: format, name, date, octets.
fn literal(body: &[u8], contents: &mut Contents, budget: &mut Budget) {
    let parts = body.get(1).and_then(|length| {
        let name = body.get(2..2 + usize::from(*length))?;
        Some((name, body.get(2 + name.len() + 4..)?))
    });
    let Some((name, data)) = parts else { return contents.skip(MALFORMED) };
    let names = contents.names(name);
    let output = budget.copy(data);
    let is_entity = contents.traits.contains(OPENED) && filetype::is_entity(&output.bytes);
    let member = Member { names, bytes: output.bytes, skipped: output.cut, is_entity, ..Member::default() };
    contents.push(member, budget);
}

/// Compressed data: algorithm, then packets.
fn compressed(body: &[u8], depth: usize, contents: &mut Contents, budget: &mut Budget) {
    let Some((algorithm, data)) = body.split_first() else { return contents.skip(MALFORMED) };
    let output = match algorithm {
        0 => budget.copy(data),
        1 => budget.read(&mut DeflateDecoder::new(data), data.len(), Cost::Inflate),
        2 => budget.read(&mut ZlibDecoder::new(data), data.len(), Cost::Inflate),
        3 => budget.read(&mut BzDecoder::new(data), data.len(), Cost::Sort),
        _ => return contents.skip(UNSUPPORTED),
    };
    if let Some(reason) = output.cut {
        contents.skip(reason);
    }
    message(&output.bytes, depth - 1, contents, budget);
}

/// Compressed data inside compressed data.
const DEPTH_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_readable_messages_come_out() {
        let plain = b"\xcb\x0fb\x04a.js\0\0\0\0alert".to_vec();
        let packed = [&[0xc8, 18, 0][..], &plain].concat();
        for octets in [&plain, &packed] {
            let contents = open(octets, &mut Budget::default());
            assert_eq!(contents.members.len(), 1, "{contents:?}");
            assert_eq!(
                (contents.members[0].names[0].as_str(), contents.members[0].bytes.as_slice()),
                ("a.js", &b"alert"[..])
            );
        }
    }
}
