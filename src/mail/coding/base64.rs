//! Base64 (RFC 2045 6.8) as readers take it that is not as it should be.
//!
//! Pure. Readers disagree about padding inside, octets outside of the alphabet, lines that are no groups of four, and
//! the alphabet of RFC 4648 5.

use super::lines;

/// What happens at `=`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Padding {
    /// It ends a chunk; another may follow.
    Chunk,
    /// It ends the data.
    Stop,
    /// It is junk.
    Skip,
}

/// What happens at octets outside of the alphabet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Foreign {
    Skip,
    /// They end the data.
    Stop,
    /// The line they stand in is no data.
    SkipLine,
}

#[derive(Clone, Copy)]
struct Rule {
    padding: Padding,
    foreign: Foreign,
    /// Each line is decoded by itself.
    by_line: bool,
}

const USUAL: Rule = Rule { padding: Padding::Chunk, foreign: Foreign::Skip, by_line: false };

/// What is odd about a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Data behind padding.
    pub padding_inside: bool,
    /// Octets that are neither of the alphabet nor white space.
    pub foreign: bool,
    /// Lines before the last whose data is no multiple of four characters.
    pub uneven_lines: bool,
}

/// Hands out every plausible decoding, the most usual first.
pub fn readings(raw: &[u8], take: &mut dyn FnMut(Vec<u8>)) {
    let odd = oddities(raw);
    take(decode(raw, USUAL));
    if odd.padding_inside {
        take(decode(raw, Rule { padding: Padding::Stop, ..USUAL }));
        take(decode(raw, Rule { padding: Padding::Skip, ..USUAL }));
    }
    if odd.foreign {
        take(decode(raw, Rule { foreign: Foreign::Stop, ..USUAL }));
        take(decode(raw, Rule { foreign: Foreign::SkipLine, ..USUAL }));
    }
    if odd.uneven_lines {
        take(decode(raw, Rule { by_line: true, ..USUAL }));
    }
}

/// The most usual decoding: chunks one behind the other, junk skipped.
#[must_use]
pub fn decoded(raw: &[u8]) -> Vec<u8> {
    decode(raw, USUAL)
}

/// What is odd about the body.
#[must_use]
pub fn oddities(raw: &[u8]) -> Oddities {
    let mut odd = Oddities::default();
    let mut is_padded = false;
    let mut symbols = 0usize;
    let mut is_uneven = false;
    for byte in raw {
        match byte {
            b'=' => {
                is_padded = true;
                symbols += 1;
            }
            b'\n' | b'\r' => {
                is_uneven |= !symbols.is_multiple_of(4);
                symbols = 0;
            }
            b' ' | b'\t' => {}
            byte if symbol(*byte).is_some() => {
                odd.padding_inside |= is_padded;
                odd.uneven_lines |= is_uneven;
                symbols += 1;
            }
            _ => odd.foreign = true,
        }
    }
    odd
}

/// Does it look like base64 of some length? Only its first lines are looked at.
#[must_use]
pub fn is_likely(raw: &[u8]) -> bool {
    let start = raw.trim_ascii_start();
    let start = start.get(..SAMPLE_BYTES).unwrap_or(start);
    let symbols = start.iter().filter(|byte| symbol(**byte).is_some() || **byte == b'=').count();
    let ends = start.iter().filter(|byte| matches!(byte, b'\r' | b'\n')).count();
    symbols >= SYMBOLS_MIN && symbols + ends == start.len()
}

fn decode(raw: &[u8], rule: Rule) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() / 4 * 3 + 3);
    let mut group = Group::default();
    if !rule.by_line && rule.foreign != Foreign::SkipLine {
        take(raw, rule, &mut group, &mut out);
        group.flush(&mut out);
        return out;
    }
    for line in lines::from(raw, 0) {
        let line = line.of(raw);
        if rule.foreign == Foreign::SkipLine && line.iter().any(|byte| is_foreign(*byte)) {
            continue;
        }
        if take(line, rule, &mut group, &mut out) {
            break;
        }
        if rule.by_line {
            group.flush(&mut out);
        }
    }
    group.flush(&mut out);
    out
}

/// Takes octets; says whether the data ended.
fn take(raw: &[u8], rule: Rule, group: &mut Group, out: &mut Vec<u8>) -> bool {
    for byte in raw {
        if let Some(value) = symbol(*byte) {
            group.push(value, out);
            continue;
        }
        match byte {
            b'=' if rule.padding == Padding::Skip => {}
            b'=' => {
                // A lone `=` between groups is no padding.
                let is_end = group.length > 0;
                group.flush(out);
                if is_end && rule.padding == Padding::Stop {
                    return true;
                }
            }
            byte if is_foreign(*byte) && rule.foreign == Foreign::Stop => return true,
            _ => {}
        }
    }
    false
}

/// Up to four characters of six bits.
#[derive(Default)]
struct Group {
    bits: u32,
    length: u32,
}

impl Group {
    fn push(&mut self, value: u8, out: &mut Vec<u8>) {
        self.bits = self.bits << 6 | u32::from(value);
        self.length += 1;
        if self.length == 4 {
            let [_, octets @ ..] = self.bits.to_be_bytes();
            out.extend_from_slice(&octets);
            *self = Self::default();
        }
    }

    /// Ends the data: two characters are one octet, three are two.
    fn flush(&mut self, out: &mut Vec<u8>) {
        let octets = match self.length {
            2 => 1,
            3 => 2,
            _ => 0,
        };
        let [_, rest @ ..] = (self.bits << (6 * (4 - self.length.min(4)))).to_be_bytes();
        out.extend(rest.into_iter().take(octets));
        *self = Self::default();
    }
}

fn is_foreign(byte: u8) -> bool {
    symbol(byte).is_none() && !matches!(byte, b'=' | b' ' | b'\t' | b'\r' | b'\n')
}

/// The value of a character in either alphabet of RFC 4648.
fn symbol(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Octets that are looked at to guess.
const SAMPLE_BYTES: usize = 512;
/// Characters of base64 that are no accident.
const SYMBOLS_MIN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(raw: &str) -> Vec<String> {
        let mut found = Vec::new();
        readings(raw.as_bytes(), &mut |octets| found.push(String::from_utf8_lossy(&octets).into_owned()));
        found
    }

    #[test]
    fn sound_data_has_one_reading() {
        assert_eq!(of("YWJj\r\nZGVm\r\nZw==\r\n"), ["abcdefg"]);
        assert_eq!(of("YWJjZA"), ["abcd"]);
        assert_eq!(of(""), [""]);
    }

    #[test]
    fn padding_inside_goes_on_or_stops() {
        let found = of("YWI=Y2Q=");
        assert!(found.contains(&"abcd".to_owned()) && found.contains(&"ab".to_owned()), "{found:?}");
    }

    #[test]
    fn junk_is_skipped_or_ends_the_data() {
        let found = of("X!YZ\r\nYWJj\r\nZGVm!YWJj\r\n");
        assert!(found.contains(&"abc".to_owned()), "{found:?}");
        assert!(of("YWJj!ZGVm").contains(&"abcdef".to_owned()));
        assert!(of("YWJj!ZGVm").contains(&"abc".to_owned()));
    }
}
