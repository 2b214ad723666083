//! The decoded octets of one part (RFC 2045 6): their number, digest, first octets and text, in one pass.
//!
//! Pure. Large bodies are decoded in pieces, so that a mail takes little more memory than itself.

use super::{filetype, hex::hex};
use aws_lc_rs::digest;
use mail_parser::Encoding;
use std::borrow::Cow;

/// What one pass over a body tells.
#[derive(Debug)]
pub struct Body<'a> {
    /// Decoded octets.
    pub bytes: usize,
    /// SHA-256 in hex.
    pub sha256: String,
    /// The first octets: at least `filetype::PREFIX_BYTES`, of text as many as were asked for, where there are so many;
    /// all of a file that is opened.
    pub prefix: Cow<'a, [u8]>,
    /// The transfer encoding is broken somewhere.
    pub malformed: bool,
}

impl<'a> Body<'a> {
    /// Decodes `raw`. Of a large body that `is_text`, by its first octets, `text_bytes` are kept.
    #[must_use]
    pub fn read(encoding: Encoding, raw: &'a [u8], text_bytes: usize, is_text: impl Fn(&[u8]) -> bool) -> Self {
        if encoding == Encoding::None || raw.len() <= PIECE_BYTES {
            let (decoded, malformed) = encoding.decode_checked(raw);
            let sha256 = hex(digest::digest(&digest::SHA256, &decoded).as_ref());
            return Self { bytes: decoded.len(), sha256, prefix: decoded, malformed };
        }
        let mut keep = filetype::PREFIX_BYTES;
        let mut context = digest::Context::new(&digest::SHA256);
        let mut bytes = 0;
        let mut prefix = Vec::new();
        let malformed = in_pieces(encoding, raw, &mut |piece| {
            if bytes == 0 && is_text(piece) {
                keep = keep.max(text_bytes);
            }
            let kind = if bytes == 0 { filetype::detect(piece) } else { "text/plain" };
            if kind != "text/plain" && filetype::has_inside(kind) {
                keep = usize::MAX;
            }
            context.update(piece);
            bytes += piece.len();
            let room = keep.saturating_sub(prefix.len());
            prefix.extend_from_slice(piece.get(..room).unwrap_or(piece));
        });
        Self { bytes, sha256: hex(context.finish().as_ref()), prefix: Cow::Owned(prefix), malformed }
    }
}

/// Hands out the decoded octets piece by piece. Says whether the encoding was malformed.
fn in_pieces(encoding: Encoding, raw: &[u8], take: &mut dyn FnMut(&[u8])) -> bool {
    let mut rest = raw;
    let mut malformed = false;
    let mut padded = false;
    while !rest.is_empty() {
        let end = match encoding {
            Encoding::Base64 => base64_cut(rest),
            Encoding::QuotedPrintable => line_cut(rest),
            Encoding::None => rest.len(),
        };
        let (piece, tail) = rest.split_at(end.clamp(1, rest.len()));
        let (decoded, problem) = encoding.decode_checked(piece);
        // Padding ends the data: octets behind it are for readers that go on.
        malformed |= problem || (padded && !decoded.is_empty());
        padded |= encoding == Encoding::Base64 && piece.contains(&b'=');
        take(&decoded);
        rest = tail;
    }
    malformed
}

/// Where quoted-printable may be cut: behind a line end, or anywhere but in an escape if the line is endless.
fn line_cut(rest: &[u8]) -> usize {
    let Some(piece) = rest.get(..PIECE_BYTES) else { return rest.len() };
    if let Some(newline) = memchr::memrchr(b'\n', piece) {
        return newline + 1;
    }
    let tail = piece.get(PIECE_BYTES - 3..).unwrap_or_default();
    tail.iter().position(|byte| matches!(byte, b'=' | b' ' | b'\t')).map_or(PIECE_BYTES, |at| PIECE_BYTES - 3 + at)
}

/// Where base64 may be cut without changing what it decodes to: between groups of four, or behind padding.
fn base64_cut(rest: &[u8]) -> usize {
    let piece = rest.get(..PIECE_BYTES).unwrap_or(rest);
    if let Some(padding) = memchr::memchr(b'=', piece) {
        let run = rest.get(padding..).unwrap_or_default();
        return padding + run.iter().position(|byte| *byte != b'=').unwrap_or(run.len());
    }
    if piece.len() == rest.len() {
        return rest.len();
    }
    let is_symbol = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut excess = piece.iter().filter(|byte| is_symbol(byte)).count() % 4;
    let mut end = piece.len();
    while excess > 0 && end > 0 {
        end -= 1;
        excess -= usize::from(piece.get(end).is_some_and(is_symbol));
    }
    end
}

/// Encoded octets decoded at a time; bodies up to this size are decoded at once.
const PIECE_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(encoding: Encoding, raw: &[u8]) -> (Vec<u8>, bool) {
        let (decoded, malformed) = encoding.decode_checked(raw);
        (decoded.into_owned(), malformed)
    }

    fn pieces(encoding: Encoding, raw: &[u8]) -> (Vec<u8>, bool) {
        let mut all = Vec::new();
        let malformed = in_pieces(encoding, raw, &mut |piece| all.extend_from_slice(piece));
        (all, malformed)
    }

    #[test]
    fn pieces_make_the_whole() {
        let line = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3\r\n";
        let regular = line.repeat(3000);
        let uneven = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJz\r\nQ\r\n".repeat(4001);
        let endless = b"QUJDREVG".repeat(30_000);
        let mut ended = endless.clone();
        ended.extend_from_slice(b"QQ==\r\n\r\n");
        let foreign = b"QUJD!REVG\r\n".repeat(20_000);
        for raw in [&regular, &uneven, &endless, &ended, &foreign] {
            assert_eq!(pieces(Encoding::Base64, raw), whole(Encoding::Base64, raw));
        }
        let soft = b"Gr=C3=BC=C3=9Fe aus der Schule=\r\n und  \r\nmehr =\r\n".repeat(5000);
        let endless = b"=C3=BC".repeat(40_000);
        for raw in [&soft, &endless] {
            assert_eq!(pieces(Encoding::QuotedPrintable, raw), whole(Encoding::QuotedPrintable, raw));
        }
    }

    #[test]
    fn a_large_body_keeps_a_prefix_only() {
        let raw = b"QUJD".repeat(100_000);
        let body = Body::read(Encoding::Base64, &raw, 100_000, |_| false);
        assert_eq!(body.bytes, 300_000);
        assert_eq!(body.prefix.len(), filetype::PREFIX_BYTES);
        assert_eq!(Body::read(Encoding::Base64, &raw, 100_000, |_| true).prefix.len(), 100_000);
        let small = Body::read(Encoding::None, b"abc", 0, |_| true);
        assert_eq!(small.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
