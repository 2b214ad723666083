//! Line ends and dots: the bytes of a mail as they go over the wire (RFC 5321 4.5.2) or into a Maildir file.
//!
//! Pure. One reading for both ways out, so that a mail cannot look different to the next hop than it did to the judge:
//! - CRLF and a bare LF end a line (the judge reads both so, and so do most mailstores). On the wire each becomes CRLF,
//!   in a file each becomes LF, as Maildirs have it; Dovecot gives CRLF back.
//! - A bare CR becomes a space, as Postfix has it since 3.9: taken for a line end by the next hop it could begin a
//!   field or a lone dot that nobody judged, and turned into a line end it would.
//! - On the wire a line that begins with a dot gets another one. Since no bare CR or LF is left, every reader agrees
//!   where lines begin, and only our own last line is a lone dot.
//!
//! The doors refuse or mend bare CR and LF before the judge sees a mail, so for them these rules change no byte.

/// Where the lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// CRLF, dots stuffed, a lone dot at the end.
    Wire,
    /// LF.
    File,
}

/// Rewrites a mail that comes in any chunks.
#[derive(Debug)]
pub struct Lines {
    form: Form,
    at_line_start: bool,
    /// The last byte was a CR; the next one tells what it meant.
    held_cr: bool,
}

impl Lines {
    #[must_use]
    pub fn new(form: Form) -> Self {
        Self { form, at_line_start: true, held_cr: false }
    }

    /// Rewrites the next bytes into `out`, which grows by twice their number at most, and two more.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.reserve(bytes.len() + bytes.len() / 32 + 2);
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            if self.held_cr {
                self.held_cr = false;
                if *first == b'\n' {
                    self.end_line(out);
                    rest = rest.get(1..).unwrap_or_default();
                } else {
                    self.text(b" ", out);
                }
                continue;
            }
            let stop = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
            let (text, after) = rest.split_at(stop);
            self.text(text, out);
            match after.first() {
                Some(b'\n') => self.end_line(out),
                Some(_) => self.held_cr = true,
                None => {}
            }
            rest = after.get(1..).unwrap_or_default();
        }
    }

    /// Ends the last line if it is open, and the mail (on the wire).
    pub fn finish(mut self, out: &mut Vec<u8>) {
        if self.held_cr {
            self.text(b" ", out);
        }
        if !self.at_line_start {
            self.end_line(out);
        }
        if self.form == Form::Wire {
            out.extend_from_slice(b".\r\n");
        }
    }

    fn text(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let Some(first) = text.first() else { return };
        if self.at_line_start && *first == b'.' && self.form == Form::Wire {
            out.push(b'.');
        }
        self.at_line_start = false;
        out.extend_from_slice(text);
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.form {
            Form::Wire => b"\r\n",
            Form::File => b"\n",
        });
        self.at_line_start = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rewritten(form: Form, chunks: &[&[u8]]) -> Vec<u8> {
        let (mut lines, mut out) = (Lines::new(form), Vec::new());
        for chunk in chunks {
            lines.push(chunk, &mut out);
        }
        lines.finish(&mut out);
        out
    }

    #[test]
    fn dots_and_line_ends() {
        let cases: [(&[u8], &[u8]); 9] = [
            (b"", b".\r\n"),
            (b"a", b"a\r\n.\r\n"),
            (b".\r\n", b"..\r\n.\r\n"),
            (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\n.\nb", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\r.\rb", b"a . b\r\n.\r\n"),
            (b"a\n.\r\nb", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\r\r\n", b"a \r\n.\r\n"),
            (b"a\r", b"a \r\n.\r\n"),
        ];
        for (input, expected) in cases {
            assert_eq!(rewritten(Form::Wire, &[input]), expected, "{}", input.escape_ascii());
            let bytewise: Vec<&[u8]> = input.chunks(1).collect();
            assert_eq!(rewritten(Form::Wire, &bytewise), expected, "{} bytewise", input.escape_ascii());
        }
        assert_eq!(rewritten(Form::File, &[b".a\r", b"\n.b\nc"]), b".a\n.b\nc\n");
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter_and_only_the_end_is_a_lone_dot(
            pieces in prop::collection::vec("[.ab\r\n]{0,6}", 0..12),
        ) {
            let whole = pieces.concat();
            let chunks: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
            let wire = rewritten(Form::Wire, &chunks);
            prop_assert_eq!(&wire, &rewritten(Form::Wire, &[whole.as_bytes()]));
            // However the next hop reads line ends, nothing but the end is a lone dot.
            let text = String::from_utf8(wire).unwrap();
            let lone = text.split(['\r', '\n']).filter(|line| *line == ".").count();
            prop_assert_eq!(lone, 1);
            prop_assert!(text.ends_with("\r\n.\r\n") || text == ".\r\n");
            let file = String::from_utf8(rewritten(Form::File, &chunks)).unwrap();
            let unstuffed: String = text.strip_suffix(".\r\n").unwrap().split_inclusive("\r\n")
                .map(|line| line.strip_prefix('.').unwrap_or(line).replace("\r\n", "\n")).collect();
            prop_assert_eq!(file, unstuffed);
        }
    }
}
