//! Compressed RTF (MS-OXRTFCP), the body of a message in TNEF.
//!
//! Pure. Each reference gives at most 17 octets for two, so that the result is bounded by the input.

/// What the dictionary holds before the first octet (MS-OXRTFCP 2.1.2.1).
const START: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\
\\b\\i\\u\\tab\\tx";
/// Octets of the dictionary, which is a ring.
const RING: usize = 4096;
/// Length, raw length, kind and checksum.
const HEAD_BYTES: usize = 16;

/// The text of a body; `None` if it is none of either kind. What is cut short ends early.
#[must_use]
pub fn decoded(octets: &[u8]) -> Option<Vec<u8>> {
    let body = octets.get(HEAD_BYTES..)?;
    match octets.get(8..12)? {
        b"MELA" => Some(body.to_vec()),
        b"LZFu" => Some(unpacked(body)),
        _ => None,
    }
}

fn unpacked(body: &[u8]) -> Vec<u8> {
    let mut ring = [0; RING];
    for (place, octet) in ring.iter_mut().zip(START) {
        *place = *octet;
    }
    let mut write = START.len();
    let mut out = Vec::with_capacity(body.len().saturating_mul(2));
    let mut put = |ring: &mut [u8; RING], write: &mut usize, octet: u8| {
        if let Some(place) = ring.get_mut(*write) {
            *place = octet;
        }
        *write = (*write + 1) % RING;
        out.push(octet);
    };
    let mut rest = body.iter();
    'all: while let Some(control) = rest.next() {
        for bit in 0..8 {
            let Some(first) = rest.next() else { break 'all };
            if control >> bit & 1 == 0 {
                put(&mut ring, &mut write, *first);
                continue;
            }
            let Some(second) = rest.next() else { break 'all };
            let offset = usize::from(*first) << 4 | usize::from(*second) >> 4;
            if offset == write {
                break 'all;
            }
            for step in 0..usize::from(*second & 15) + 2 {
                let octet = ring.get((offset + step) % RING).copied().unwrap_or_default();
                put(&mut ring, &mut write, octet);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_is_read() {
        let packed = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125\x422\x0a\xf3 hel\x09\0\x20bw\x05\xb0ld}\x0a\x80\x0f\xa0";
        assert_eq!(decoded(packed).as_deref(), Some(&b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"[..]));
        assert_eq!(decoded(b"\0\0\0\0\0\0\0\0MELA\0\0\0\0abc").as_deref(), Some(&b"abc"[..]));
        assert_eq!(decoded(b"abc"), None);
    }
}
