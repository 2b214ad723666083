//! Message content on its way in: dots unstuffed, line ends made CRLF (RFC 5321 4.5.2 and 2.3.8, RFC 3030).
//!
//! Pure. Only `CRLF . CRLF` ends DATA. What other servers could take for a line end is made harmless before anybody
//! reads it, as Postfix does (smtpd_forbid_bare_newline = normalize, cleanup_replace_stray_cr_lf = yes): a bare LF
//! becomes CRLF, a bare CR and NUL become a space. So judge, scanner and mailstore read the same lines, and
//! no reader further down finds an end of data that was not one here. Refusing was rejected: such mail
//! exists, and the MTA in front has accepted it already.

/// Where in the line grammar the last octet stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// After a CRLF, or before the first octet: the only place where a dot is special.
    LineStart,
    /// After the first dot of a line, which is not written yet.
    Dot,
    /// After a dot and a CR, neither of them written yet.
    DotCr,
    Text,
    /// After a CR that is not written yet.
    Cr,
    /// After a line that ended in a bare LF: nothing is special.
    LooseStart,
}

/// Content of one message while it comes in, in pieces of any size.
#[derive(Debug)]
pub struct Content {
    state: State,
    is_stuffed: bool,
}

impl Content {
    /// Content of DATA: dots are stuffed, and a lone dot ends it.
    #[must_use]
    pub fn of_data() -> Self {
        Self { state: State::LineStart, is_stuffed: true }
    }

    /// Content of BDAT chunks: octets are counted, dots mean nothing.
    #[must_use]
    pub fn of_chunks() -> Self {
        Self { state: State::LineStart, is_stuffed: false }
    }

    /// Appends what `input` means to `out`; returns the octets read and whether the content ended there.
    pub fn take(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, bool) {
        let mut read = 0;
        while let Some(rest) = input.get(read..).filter(|rest| !rest.is_empty()) {
            if self.state == State::Text {
                let plain = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0)).unwrap_or(rest.len());
                out.extend_from_slice(rest.get(..plain).unwrap_or_default());
                read += plain;
            }
            let Some(byte) = input.get(read) else { break };
            read += 1;
            if self.step(*byte, out) {
                return (read, true);
            }
        }
        (read, false)
    }

    /// One octet; is it the end?
    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        match (self.state, byte) {
            (State::DotCr, b'\n') => return true,
            (State::Cr, b'\n') => {
                out.extend_from_slice(b"\r\n");
                self.state = State::LineStart;
                return false;
            }
            (State::Cr | State::DotCr, _) => out.push(b' '),
            _ => {}
        }
        self.state = match byte {
            b'\r' if self.state == State::Dot => State::DotCr,
            b'\r' => State::Cr,
            b'\n' => {
                out.extend_from_slice(b"\r\n");
                State::LooseStart
            }
            b'.' if self.state == State::LineStart && self.is_stuffed => State::Dot,
            0 => {
                out.push(b' ');
                State::Text
            }
            _ => {
                out.push(byte);
                State::Text
            }
        };
        false
    }

    /// Ends the content of chunks: a last line without line end gets one, for DATA further down could not say it.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match self.state {
            State::LineStart | State::LooseStart => {}
            State::Cr | State::DotCr => out.extend_from_slice(b" \r\n"),
            State::Text | State::Dot => out.extend_from_slice(b"\r\n"),
        }
        self.state = State::LineStart;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Content of DATA and what was read, or `None` when it did not end.
    fn data(input: &[u8]) -> Option<(Vec<u8>, usize)> {
        let mut out = Vec::new();
        let (read, ended) = Content::of_data().take(input, &mut out);
        ended.then_some((out, read))
    }

    #[test]
    fn dots_are_unstuffed_and_only_a_lone_dot_ends() {
        assert_eq!(data(b".\r\n"), Some((Vec::new(), 3)));
        assert_eq!(data(b"..\r\n..x\r\n. y\r\n.z\r\n.\r\nQUIT").unwrap().0, b".\r\n.x\r\n y\r\nz\r\n");
        assert_eq!(data(b"a.\r\n.\r\n").unwrap().0, b"a.\r\n");
    }

    #[test]
    fn nothing_else_ends_the_content() {
        let middles: [&[u8]; 14] = [
            b"\n.\n",
            b"\n.\r",
            b"\r.\n",
            b"\r.\r",
            b"\r\n.\n",
            b"\r\n.\r",
            b"\n.\r\n",
            b"\r.\r\n",
            b"\r\n\0.\r\n",
            b"\r\n.\0\r\n",
            b"\r\0\n.\r\n",
            b"\r\n.\r\0\n",
            b"\r\n.\r\r\n",
            b"\r\r\n..\r\n",
        ];
        for middle in middles {
            let mut input = b"x".to_vec();
            input.extend_from_slice(middle);
            assert_eq!(data(&input), None, "{middle:?}");
            input.extend_from_slice(b"y\r\n.\r\n");
            let (out, read) = data(&input).unwrap();
            assert_eq!(read, input.len(), "{middle:?}");
            assert_lines(&out);
        }
    }

    /// Only CRLF line ends, no NUL.
    fn assert_lines(out: &[u8]) {
        let text: String = out.iter().map(|byte| char::from(*byte)).collect();
        let bare = text.replace("\r\n", "");
        assert!(!bare.contains(['\r', '\n', '\0']), "{text:?}");
        assert!(text.is_empty() || text.ends_with("\r\n"), "{text:?}");
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_content(
            input in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(0), Just(b'x')], 0..60),
            cuts in proptest::collection::vec(1_usize..7, 60),
            is_stuffed in any::<bool>(),
        ) {
            let new = || if is_stuffed { Content::of_data() } else { Content::of_chunks() };
            let (mut whole, mut content) = (Vec::new(), new());
            let (read, ended) = content.take(&input, &mut whole);
            if !ended {
                content.finish(&mut whole);
            }
            assert_lines(&whole);
            let (mut pieces, mut content, mut at, mut stopped) = (Vec::new(), new(), 0, false);
            for cut in cuts {
                let piece = &input[at..input.len().min(at + cut)];
                let (more, end) = content.take(piece, &mut pieces);
                at += more;
                stopped = end;
                if end {
                    break;
                }
            }
            if !stopped {
                content.finish(&mut pieces);
            }
            prop_assert_eq!(whole, pieces);
            prop_assert_eq!((read, ended), (at, stopped));
        }
    }
}
