//! Quoted-printable (RFC 2045 6.7) as readers take it that is not as it should be.
//!
//! Pure.

/// What becomes of `=` without two hexadecimal digits behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Broken {
    Keep,
    /// `=` is dropped, what follows stays.
    DropMark,
    /// `=` is dropped with so many octets behind it, up to the next `=`.
    Drop(usize),
}

/// Hands out every plausible decoding, the most usual first.
pub fn readings(raw: &[u8], take: &mut dyn FnMut(Vec<u8>)) {
    let (usual, is_broken) = decode(raw, Broken::Keep);
    let has_line_ends = memchr::memmem::find(&usual, b"\r\n").is_some();
    take(usual);
    if is_broken {
        take(decode(raw, Broken::DropMark).0);
        take(decode(raw, Broken::Drop(1)).0);
        take(decode(raw, Broken::Drop(2)).0);
    }
    if has_line_ends {
        // Line ends of the system: Unix readers write LF.
        let mut unix = decode(raw, Broken::Keep).0;
        let mut is_return = false;
        unix.reverse();
        unix.retain(|byte| {
            let is_dropped = *byte == b'\r' && std::mem::replace(&mut is_return, false);
            is_return = *byte == b'\n';
            !is_dropped
        });
        unix.reverse();
        take(unix);
    }
}

/// Does it look like quoted-printable? Only its first octets are looked at.
#[must_use]
pub fn is_likely(raw: &[u8]) -> bool {
    let sample = raw.get(..SAMPLE_BYTES).unwrap_or(raw);
    let escapes = sample
        .windows(3)
        .filter(|window| matches!(window, [b'=', high, low] if hex(*high).is_some() && hex(*low).is_some()))
        .count();
    escapes >= ESCAPES_MIN
}

/// Decodes, and says whether an escape is broken.
fn decode(raw: &[u8], broken: Broken) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(raw.len());
    let mut is_broken = false;
    let mut rest = raw;
    while let Some(at) = memchr::memchr2(b'=', b'\n', rest) {
        let (before, tail) = rest.split_at(at);
        let is_escape = tail.starts_with(b"=");
        out.extend_from_slice(if is_escape { before } else { without_blanks(before) });
        let tail = tail.get(1..).unwrap_or_default();
        if !is_escape {
            if before.ends_with(b"\r") {
                out.push(b'\r');
            }
            out.push(b'\n');
            rest = tail;
            continue;
        }
        if let Some(behind) = soft_break(tail) {
            rest = behind;
            continue;
        }
        if let [high, low, behind @ ..] = tail
            && let Some((high, low)) = hex(*high).zip(hex(*low))
        {
            out.push(high << 4 | low);
            rest = behind;
            continue;
        }
        is_broken = true;
        if broken == Broken::Keep {
            out.push(b'=');
        }
        let dropped = match broken {
            Broken::Drop(octets) => tail.iter().take(octets).take_while(|byte| **byte != b'=').count(),
            Broken::Keep | Broken::DropMark => 0,
        };
        rest = tail.get(dropped..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    (out, is_broken)
}

/// Blanks at the end of a line are not data (RFC 2045 6.7 rule 3); a CR before the line end is put back by the caller.
fn without_blanks(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let end = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
    line.get(..end).unwrap_or_default()
}

/// What follows a soft line break, if `tail`, behind `=`, begins with one.
fn soft_break(tail: &[u8]) -> Option<&[u8]> {
    let blanks = tail.iter().take(BLANKS_MAX).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match tail.get(blanks..)? {
        [] => Some(&[]),
        rest => {
            let mut endings = [&b"\r\r\n"[..], b"\r\n", b"\n", b"\r"].into_iter();
            endings.find_map(|ending| rest.strip_prefix(ending))
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Octets that are looked at to guess.
const SAMPLE_BYTES: usize = 1024;
/// Escapes that are no accident.
const ESCAPES_MIN: usize = 6;
/// Blanks between `=` and the line end that still make a soft line break.
const BLANKS_MAX: usize = 998;

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
        assert_eq!(of("a=3Db =\r\nc"), ["a=b c"]);
        assert_eq!(of("a \r\nb"), ["a\r\nb", "a\nb"]);
    }

    #[test]
    fn broken_escapes_are_kept_or_dropped() {
        assert_eq!(of("a=xyb="), ["a=xyb", "axyb", "ayb", "ab"]);
        assert_eq!(of("=4a=4A= \t\r\n="), ["JJ"]);
    }
}
