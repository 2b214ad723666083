//! The filters of PDF streams (ISO 32000-1 7.4), and pixels out of their bits.
//!
//! Pure.

use crate::mail::unpack::{
    budget::{Budget, Cost, MALFORMED, Output, UNSUPPORTED},
    coded,
};
use flate2::bufread::{DeflateDecoder, ZlibDecoder};

/// Undoes the filters in their order; that of a picture format is left.
#[must_use]
pub fn decode(filters: &[Vec<u8>], stream: &[u8], budget: &mut Budget) -> Output {
    let mut output: Option<Output> = None;
    for filter in filters.iter().take(FILTERS_MAX) {
        let input = output.as_ref().map_or(stream, |output| &output.bytes);
        let next = match filter.as_slice() {
            b"FlateDecode" | b"Fl" => inflate(input, budget),
            b"ASCIIHexDecode" | b"AHx" => {
                budget.copy(&coded::hex(input.split(|octet| *octet == b'>').next().unwrap_or_default()))
            }
            b"ASCII85Decode" | b"A85" => budget.copy(&base85(input)),
            b"RunLengthDecode" | b"RL" => budget.copy(&runs(input)),
            b"DCTDecode" | b"DCT" | b"JPXDecode" | b"Crypt" => continue,
            _ => return Output { cut: Some(UNSUPPORTED), ..output.unwrap_or_default() },
        };
        output = Some(next);
    }
    output.unwrap_or_else(|| budget.copy(stream))
}

/// Data with a broken checksum or without header counts: readers take it too.
fn inflate(input: &[u8], budget: &mut Budget) -> Output {
    let mut output = budget.read(&mut ZlibDecoder::new(input), input.len(), Cost::Inflate);
    if output.bytes.is_empty() && output.cut == Some(MALFORMED) {
        output = budget.read(&mut DeflateDecoder::new(input.get(2..).unwrap_or_default()), input.len(), Cost::Inflate);
    } else if output.cut == Some(MALFORMED) {
        output.cut = None;
    }
    output
}

fn base85(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len() / 5 * 4);
    let (mut word, mut count) = (0u64, 0usize);
    for octet in text {
        match octet {
            b'z' if count == 0 => plain.extend([0; 4]),
            b'!'..=b'u' => {
                word = word * 85 + u64::from(octet - b'!');
                count += 1;
                if count == 5 {
                    plain.extend(word.to_be_bytes().iter().skip(4));
                    (word, count) = (0, 0);
                }
            }
            b'~' => break,
            _ => {}
        }
    }
    if count > 1 {
        for _ in count..5 {
            word = word * 85 + 84;
        }
        plain.extend(word.to_be_bytes().iter().skip(4).take(count - 1));
    }
    plain
}

fn runs(mut input: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    while let Some((length, rest)) = input.split_first() {
        let length = usize::from(*length);
        match (length, rest.first()) {
            (128, _) | (_, None) => break,
            (129.., Some(octet)) => {
                plain.extend(std::iter::repeat_n(*octet, 257 - length));
                input = rest.get(1..).unwrap_or_default();
            }
            _ => {
                plain.extend_from_slice(rest.get(..=length).unwrap_or(rest));
                input = rest.get(length + 1..).unwrap_or_default();
            }
        }
    }
    plain
}

/// Gray pixels out of lines of bits: one, or eight for gray, RGB or CMYK, by how many octets there are. A line may
/// begin with the number of a PNG predictor, of which only the plain one is undone.
#[must_use]
pub fn gray(octets: &[u8], width: usize, height: usize, bits: usize) -> Option<Vec<u8>> {
    if bits == 1 {
        let line = width.div_ceil(8);
        let lines = octets.chunks(if octets.len() >= (line + 1) * height { line + 1 } else { line });
        let mut pixels = Vec::with_capacity(width * height);
        for bytes in lines.take(height) {
            let bytes = bytes.get(bytes.len().saturating_sub(line)..)?;
            pixels.extend((0..width).map(|x| {
                let bit = bytes.get(x / 8).map_or(1, |octet| octet >> (7 - x % 8) & 1);
                if bit == 1 { 0xff } else { 0 }
            }));
        }
        return Some(pixels);
    }
    let components = octets.len().checked_div(width.checked_mul(height)?)?;
    if bits != 8 || !(1..=4).contains(&components) {
        return None;
    }
    let line = width * components;
    let has_predictor = octets.len() >= (line + 1) * height;
    let lines = if has_predictor { unpredicted(octets, line, components) } else { octets.to_vec() };
    let pixels = lines.chunks(components).take(width * height).map(|pixel| {
        let sum: usize = pixel.iter().take(3).map(|octet| usize::from(*octet)).sum();
        let mean = u8::try_from(sum / pixel.len().clamp(1, 3)).unwrap_or(0xff);
        if components == 4 { 0xff - mean } else { mean }
    });
    Some(pixels.collect())
}

/// Undoes the predictors of PNG (RFC 2083 6), which PDF shares.
fn unpredicted(octets: &[u8], line: usize, components: usize) -> Vec<u8> {
    let mut plain: Vec<u8> = Vec::with_capacity(octets.len());
    let mut before = vec![0; line];
    for row in octets.chunks(line + 1) {
        let Some((kind, row)) = row.split_first() else { break };
        let mut now: Vec<u8> = Vec::with_capacity(line);
        for (x, octet) in row.iter().enumerate() {
            let place = x.checked_sub(components);
            let left = place.and_then(|place| now.get(place)).copied().unwrap_or(0);
            let up = before.get(x).copied().unwrap_or(0);
            let corner = place.and_then(|place| before.get(place)).copied().unwrap_or(0);
            let guess = match kind {
                1 => left,
                2 => up,
                3 => u8::midpoint(left, up),
                4 => paeth(left, up, corner),
                _ => 0,
            };
            now.push(octet.wrapping_add(guess));
        }
        plain.extend_from_slice(&now);
        now.resize(line, 0);
        before = now;
    }
    plain
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let guess = a + b - c;
    let (by_left, by_up, by_corner) = ((guess - a).abs(), (guess - b).abs(), (guess - c).abs());
    if by_left <= by_up && by_left <= by_corner {
        left
    } else if by_up <= by_corner {
        up
    } else {
        corner
    }
}

const FILTERS_MAX: usize = 8;
