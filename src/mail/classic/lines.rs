//! The lines of a message as SpamAssassin's MIME reader cuts them.
//!
//! Pure. Lines are slices of the message; only their ends are kept beside them.

use super::wide::is_blank;

/// A line: its octets without LF, and whether one follows.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub text: &'a [u8],
    pub ended: bool,
}

impl<'a> Line<'a> {
    /// Nothing but white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.iter().all(is_blank)
    }

    /// Begins like a header field: a name, then a colon, with white space between if `spaced`.
    #[must_use]
    pub fn is_field(&self, spaced: bool) -> bool {
        let name = self.text.iter().position(|octet| !matches!(octet, b'!'..=b'9' | b';'..=b'~')).unwrap_or(0);
        let rest = self.text.get(name..).unwrap_or_default();
        let colon = rest.iter().find(|octet| !spaced || !matches!(octet, b' ' | b'\t'));
        name > 0 && colon == Some(&b':')
    }

    /// Is this a delimiter line of `boundary`, and if so, is it the last one?
    #[must_use]
    pub fn delimiter(&self, boundary: &[u8]) -> Option<bool> {
        let rest = self.text.strip_prefix(b"--")?.strip_prefix(boundary)?;
        let (rest, is_last) = rest.strip_prefix(b"--").map_or((rest, false), |rest| (rest, true));
        rest.iter().all(is_blank).then_some(is_last)
    }

    /// Cuts the line into pieces of at most `LINE_BYTES_MAX` octets, each a line.
    pub fn cut_into(self, lines: &mut Vec<Line<'a>>) {
        let mut rest = self;
        while rest.text.len() + usize::from(rest.ended) > LINE_BYTES_MAX {
            let Some((piece, tail)) = rest.text.split_at_checked(LINE_BYTES_MAX) else { break };
            lines.push(Line { text: piece, ended: true });
            rest.text = tail;
        }
        lines.push(rest);
    }
}

/// Octets of the longest line in a part; the rest goes to the next line.
pub const LINE_BYTES_MAX: usize = 2048;

/// Splits behind every LF.
#[must_use]
pub fn split(octets: &[u8]) -> Vec<Line<'_>> {
    octets
        .split_inclusive(|octet| *octet == b'\n')
        .map(|line| match line {
            [text @ .., b'\n'] => Line { text, ended: true },
            text => Line { text, ended: false },
        })
        .collect()
}

/// Puts lines together again.
#[must_use]
pub fn join(lines: &[Line<'_>]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(lines.iter().map(|line| line.text.len() + 1).sum());
    for line in lines {
        octets.extend_from_slice(line.text);
        if line.ended {
            octets.push(b'\n');
        }
    }
    octets
}

/// Shortens every run of more than 20 blank lines to 20.
pub fn squeeze(lines: &mut Vec<Line<'_>>) {
    let mut kept: Vec<Line<'_>> = Vec::with_capacity(lines.len());
    let mut run: Vec<Line<'_>> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        // The first line never counts as part of a run.
        if line.is_blank() && index > 0 {
            run.push(*line);
            continue;
        }
        close(&mut run, &mut kept);
        kept.push(*line);
    }
    close(&mut run, &mut kept);
    *lines = kept;
}

fn close<'a>(run: &mut Vec<Line<'a>>, kept: &mut Vec<Line<'a>>) {
    let excess = run.len().saturating_sub(BLANK_LINES_MAX);
    for (index, line) in run.drain(..).enumerate() {
        if index == 0 || index > excess {
            kept.push(line);
        }
    }
}

const BLANK_LINES_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_together_again() {
        let text = b"a\r\n\nb";
        assert_eq!(join(&split(text)), text);
        let mut lines = split(b"x\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\ny");
        assert_eq!(lines.len(), 26);
        squeeze(&mut lines);
        assert_eq!(lines.len(), 22);
    }

    #[test]
    fn delimiters_and_fields() {
        let line = |text| Line { text, ended: true };
        assert_eq!(line(b"--ab \r").delimiter(b"ab"), Some(false));
        assert_eq!(line(b"--ab--").delimiter(b"ab"), Some(true));
        assert_eq!(line(b"--abc").delimiter(b"ab"), None);
        assert!(line(b"A-b: c").is_field(false) && line(b"A \t:").is_field(true));
        assert!(!line(b"A :").is_field(false) && !line(b": x").is_field(true) && !line(b"a b: c").is_field(true));
    }

    #[test]
    fn long_lines_are_cut() {
        let text = [b'x'; 5000];
        let mut lines = Vec::new();
        Line { text: &text, ended: true }.cut_into(&mut lines);
        assert_eq!(lines.iter().map(|line| line.text.len()).collect::<Vec<_>>(), [2048, 2048, 904]);
    }
}
