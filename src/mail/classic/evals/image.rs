//! Sizes of attached pictures, read from their first octets.
//!
//! Pure.

use super::{Arguments, Kind, Run, run};
use crate::mail::classic::{Classic, node::Node};
use std::collections::BTreeSet;

/// Pictures by format: number, pixels, sizes.
#[derive(Debug, Default)]
pub struct ImageFacts {
    formats: [Format; 3],
    names: BTreeSet<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Format {
    count: u64,
    pixels: u64,
    /// Height and width.
    sizes: BTreeSet<(u64, u64)>,
}

/// Which format a function asks for.
fn selection(name: &str) -> Option<std::ops::Range<usize>> {
    Some(match name {
        "gif" => 0..1,
        "png" => 1..2,
        "jpeg" => 2..3,
        "all" => 0..3,
        _ => return None,
    })
}

/// The functions about pictures.
#[allow(clippy::cast_precision_loss, reason = "sizes of a mail are small")]
pub fn resolve(name: &str, args: &Arguments<'_>, kind: Kind) -> Option<Run> {
    if name == "image_named" {
        let name = args.text(0)?.as_bytes().to_vec();
        return Some(run(move |classic| facts(classic).names.contains(&name)));
    }
    if !matches!(
        name,
        "image_count" | "pixel_coverage" | "image_to_text_ratio" | "image_size_exact" | "image_size_range"
    ) {
        return None;
    }
    let formats = selection(args.text(0)?)?;
    let (first, second) = (args.number(1)?, args.bound(2));
    let pick = move |classic: &Classic| -> (u64, u64, BTreeSet<(u64, u64)>) {
        let chosen = facts(classic).formats.get(formats.clone()).unwrap_or_default();
        let sizes = chosen.iter().flat_map(|format| format.sizes.iter().copied()).collect();
        (chosen.iter().map(|format| format.count).sum(), chosen.iter().map(|format| format.pixels).sum(), sizes)
    };
    let in_range = move |value: f64| value >= first && second.is_none_or(|max| value <= max);
    Some(match name {
        "image_count" => run(move |classic| in_range(pick(classic).0 as f64)),
        "pixel_coverage" => run(move |classic| in_range(pick(classic).1 as f64)),
        "image_to_text_ratio" => {
            let max = second?;
            run(move |classic| {
                let text = match kind {
                    Kind::Rawbody => classic.rawbody(),
                    _ => classic.body(),
                };
                let length: usize = text.iter().map(Vec::len).sum();
                let pixels = pick(classic).1;
                let ratio = length as f64 / pixels as f64;
                length > 0 && pixels > 0 && ratio >= first && ratio < max
            })
        }
        "image_size_exact" => {
            let width = second?;
            run(move |classic| pick(classic).2.iter().any(|(h, w)| (*h as f64, *w as f64) == (first, width)))
        }
        _ => {
            let (width, height_max, width_max) = (second?, args.bound(3), args.bound(4));
            run(move |classic| {
                pick(classic).2.iter().any(|(h, w)| {
                    let (h, w) = (*h as f64, *w as f64);
                    h >= first
                        && w >= width
                        && height_max.is_none_or(|max| h <= max)
                        && width_max.is_none_or(|max| w <= max)
                })
            })
        }
    })
}

fn facts(classic: &Classic) -> &ImageFacts {
    classic.facts().images.get_or_init(|| ImageFacts::of(classic))
}

/// Reads height and width of a picture.
type Size = fn(&[u8]) -> Option<(u64, u64)>;

impl ImageFacts {
    fn of(classic: &Classic) -> Self {
        let mut facts = Self::default();
        for leaf in classic.tree().leaves() {
            facts.take(leaf);
        }
        facts
    }

    fn take(&mut self, leaf: &Node) {
        let (index, size): (usize, Size) = match leaf.kind.as_slice() {
            b"image/gif" => (0, gif),
            b"image/png" => (1, png),
            b"image/jpeg" | b"image/jpg" => (2, jpeg),
            _ => return,
        };
        let Some(format) = self.formats.get_mut(index).filter(|_| leaf.transfer_encoding() == b"base64") else {
            return;
        };
        format.count += 1;
        if let Some((height, width)) = size(leaf.decoded()).filter(|(height, width)| *height > 0 && *width > 0) {
            format.pixels += height * width;
            format.sizes.insert((height, width));
            self.names.extend(leaf.name.clone());
        }
    }
}

fn little(octets: &[u8]) -> Option<u64> {
    <[u8; 2]>::try_from(octets).ok().map(|octets| u64::from(u16::from_le_bytes(octets)))
}

fn big(octets: &[u8]) -> Option<u64> {
    match octets.len() {
        2 => <[u8; 2]>::try_from(octets).ok().map(|octets| u64::from(u16::from_be_bytes(octets))),
        _ => <[u8; 4]>::try_from(octets).ok().map(|octets| u64::from(u32::from_be_bytes(octets))),
    }
}

/// Height and width.
fn gif(data: &[u8]) -> Option<(u64, u64)> {
    let rest = data.strip_prefix(b"GIF87a").or_else(|| data.strip_prefix(b"GIF89a"))?;
    Some((little(rest.get(2..4)?)?, little(rest.get(..2)?)?))
}

fn png(data: &[u8]) -> Option<(u64, u64)> {
    let mut rest = data.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    // SpamAssassin goes on behind the head of a chunk, not behind the chunk; the first one is IHDR in a real picture.
    while let (Some(length), Some(kind)) = (rest.get(..4), rest.get(4..8)) {
        rest = rest.get(8..)?;
        if kind == b"IEND" {
            return None;
        }
        if kind == b"IHDR" && big(length) == Some(13) {
            return Some((big(rest.get(4..8)?)?, big(rest.get(..4)?)?));
        }
    }
    None
}

fn jpeg(data: &[u8]) -> Option<(u64, u64)> {
    let mut rest = data.strip_prefix(b"\xff\xd8")?;
    loop {
        let (mark, length) = match rest.get(..4)? {
            [0xff, mark, high, low] => (*mark, usize::from(u16::from_be_bytes([*high, *low]))),
            _ => return None,
        };
        if matches!(mark, 0xda | 0xd9) || length < 2 {
            return None;
        }
        rest = rest.get(4..)?;
        if matches!(mark, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf) {
            return Some((big(rest.get(1..3)?)?, big(rest.get(3..5)?)?));
        }
        rest = rest.get(length - 2..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_tell_their_size() {
        assert_eq!(gif(b"GIF89a\x02\x00\x03\x00"), Some((3, 2)));
        assert_eq!(png(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x03"), Some((3, 2)));
        assert_eq!(jpeg(b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\0\x03\0\x02"), Some((3, 2)));
        assert_eq!(jpeg(b"\xff\xd8\xff\xe0\0"), None);
    }
}
