//! Facts about the MIME structure: encodings, charsets, line lengths.
//!
//! Pure.

use super::{Arguments, Run, run};
use crate::mail::classic::{Classic, expression::Expression, node::Node, types, wide::trim};
use std::sync::LazyLock;

/// What one walk over all parts finds.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own that some rule asks for")]
pub struct MimeFacts {
    base64_count: u64,
    base64_encoded_text: bool,
    html_count: u64,
    text_count: u64,
    attachment: bool,
    bad_iso_charset: bool,
    qp_parts: u64,
    qp_bytes: u64,
    qp_count: u64,
    qp_long_line: bool,
    has_alternative: bool,
    multipart_ratio: f64,
    ascii_text_illegal: u64,
    normal_chars: u64,
    unicode_chars: u64,
    charsets: Vec<String>,
    /// Octets and kind of every leaf that is not offered as a file.
    sizes: Vec<(Vec<u8>, u64)>,
}

/// The functions about parts.
pub fn resolve(name: &str, args: &Arguments<'_>) -> Option<Run> {
    let (min, max) = (args.number(0).unwrap_or(0.0), args.bound(1));
    Some(match name {
        "check_for_mime" => {
            let test = Test::named(args.text(0)?)?;
            run(move |classic| facts(classic).holds(test))
        }
        "check_for_mime_html" => run(|classic| is_page(classic) || facts(classic).html_count > 0),
        "check_for_mime_html_only" => {
            run(|classic| is_page(classic) || (facts(classic).html_count > 0 && facts(classic).text_count == 0))
        }
        "check_mime_multipart_ratio" => run(move |classic| {
            facts(classic).multipart_ratio >= min && max.is_none_or(|max| facts(classic).multipart_ratio < max)
        }),
        "check_qp_ratio" => run(move |classic| facts(classic).qp_ratio() >= min),
        "check_for_ascii_text_illegal" => run(|classic| facts(classic).ascii_text_illegal > 0),
        "check_abundant_unicode_ratio" => run(move |classic| facts(classic).unicode_ratio() >= min),
        "check_msg_parse_flags" => return parse_flag(args.text(0)?),
        "check_ma_non_text" => run(has_odd_alternative),
        "check_base64_length" => run(move |classic| {
            let length = base64_length(classic);
            length >= min && max.is_none_or(|max| length <= max)
        }),
        "check_for_uppercase" => {
            let max = args.number(1)?;
            run(move |classic| {
                let percent = *classic.facts().uppercase.get_or_init(|| uppercase(classic));
                percent > min && percent <= max
            })
        }
        _ => return None,
    })
}

#[derive(Clone, Copy)]
enum Test {
    Base64Count,
    Base64Text,
    HtmlCount,
    TextCount,
    Attachment,
    BadIsoCharset,
    QpCount,
    QpLongLine,
    QpRatio,
    Alternative,
    AsciiIllegal,
    Ratio,
    UnicodeRatio,
    Never,
}

impl Test {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "mime_base64_count" => Self::Base64Count,
            "mime_base64_encoded_text" => Self::Base64Text,
            "mime_body_html_count" => Self::HtmlCount,
            "mime_body_text_count" => Self::TextCount,
            "mime_attachment" => Self::Attachment,
            "mime_bad_iso_charset" => Self::BadIsoCharset,
            "mime_qp_count" => Self::QpCount,
            "mime_qp_long_line" => Self::QpLongLine,
            "mime_qp_ratio" => Self::QpRatio,
            "mime_multipart_alternative" => Self::Alternative,
            "mime_ascii_text_illegal" => Self::AsciiIllegal,
            "mime_multipart_ratio" => Self::Ratio,
            "mime_text_unicode_ratio" => Self::UnicodeRatio,
            // All locales are fine by default; the others are not computed by SpamAssassin any more.
            "mime_faraway_charset" | "mime_base64_blanks" | "mimepart_limit_exceeded" => Self::Never,
            _ => return None,
        })
    }
}

fn facts(classic: &Classic) -> &MimeFacts {
    classic.facts().mime.get_or_init(|| MimeFacts::of(classic))
}

fn is_page(classic: &Classic) -> bool {
    super::joined(classic, "Content-Type").get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"text/html"))
}

#[allow(clippy::cast_precision_loss, reason = "counts of a mail are small")]
impl MimeFacts {
    fn of(classic: &Classic) -> Self {
        let mut facts = Self { multipart_ratio: 1.0, ..Self::default() };
        for part in classic.tree().parts() {
            facts.take(part);
        }
        if facts.has_alternative {
            let last = |kind: &[u8]| facts.sizes.iter().rev().find(|(part, _)| part == kind).map(|(_, size)| *size);
            if let (Some(text), Some(html)) = (last(b"text/plain"), last(b"text/html").filter(|html| *html > 0)) {
                facts.multipart_ratio = text as f64 / html as f64;
            }
        }
        facts
    }

    fn holds(&self, test: Test) -> bool {
        match test {
            Test::Base64Count => self.base64_count > 0,
            Test::Base64Text => self.base64_encoded_text,
            Test::HtmlCount => self.html_count > 0,
            Test::TextCount => self.text_count > 0,
            Test::Attachment => self.attachment,
            Test::BadIsoCharset => self.bad_iso_charset,
            Test::QpCount => {
                if self.qp_bytes > 0 {
                    self.qp_count > 0
                } else {
                    self.qp_parts > 0
                }
            }
            Test::QpLongLine => self.qp_long_line,
            Test::QpRatio => self.qp_ratio() > 0.0,
            Test::Alternative => self.has_alternative,
            Test::AsciiIllegal => self.ascii_text_illegal > 0,
            Test::Ratio => self.multipart_ratio > 0.0,
            Test::UnicodeRatio => self.unicode_ratio() > 0.0,
            Test::Never => false,
        }
    }

    fn qp_ratio(&self) -> f64 {
        if self.qp_bytes > 0 { self.qp_count as f64 / self.qp_bytes as f64 } else { 0.0 }
    }

    fn unicode_ratio(&self) -> f64 {
        if self.normal_chars > 0 { self.unicode_chars as f64 / self.normal_chars as f64 } else { 0.0 }
    }

    fn take(&mut self, part: &Node) {
        let ended = |name: &str| part.value(name).map(|value| [value, b"\n"].concat());
        let read = types::parse(ended("content-type").as_deref());
        let transfer = part.transfer_encoding();
        let disposition = part.value("content-disposition").unwrap_or_default().to_ascii_lowercase();
        let charset = read.charset.as_deref().map(|charset| String::from_utf8_lossy(charset).to_lowercase());
        self.has_alternative |= read.kind == b"multipart/alternative";
        self.declared(&read.kind, &transfer, &disposition, charset.as_deref().unwrap_or_default());
        if !part.is_leaf() {
            return;
        }
        let is_file = contains(&disposition, b"attachment");
        let mut size = 0;
        let is_text = read.kind == b"text/plain";
        let counts = self.has_alternative && !is_file && (is_text || read.kind == b"text/html");
        let is_ascii = is_text && charset.as_deref().is_none_or(|charset| charset == "us-ascii");
        let is_plain = is_text && matches!(transfer.as_slice(), b"" | b"7bit" | b"8bit");
        for line in part.raw.split_inclusive(|octet| *octet == b'\n') {
            size += if counts { line.len() as u64 } else { 0 };
            if transfer == b"quoted-printable" && !line.starts_with(b"SPAM: ") {
                self.quoted(line);
            }
            let is_illegal = |octet: &u8| matches!(octet, 0 | b'\r' | 0x80..);
            self.ascii_text_illegal += u64::from(is_ascii && line.iter().any(is_illegal));
            if is_plain {
                let references = references(line);
                self.unicode_chars += references;
                self.normal_chars += (line.len() as u64).saturating_sub(references * 8);
            }
        }
        if !is_file || counts {
            self.sizes.push((read.kind, size));
        }
    }

    fn declared(&mut self, kind: &[u8], transfer: &[u8], disposition: &[u8], charset: &str) {
        static ODD_ISO: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"(?i)iso-\S+-\S+\b"));
        static KNOWN_ISO: LazyLock<Expression> =
            LazyLock::new(|| Expression::new(r"iso-(?:8859-\d{1,2}|2022-(?:jp|kr))\b"));
        const ASCII: [&str; 8] =
            ["ascii", "ansi_x3.4-1968", "iso-ir-6", "ansi_x3.4-1986", "iso_646.irv:1991", "us", "ibm367", "cp367"];
        let is_base64 = contains(transfer, b"base64");
        if kind == b"text/html" {
            self.html_count += 1;
        } else if kind.starts_with(b"text") {
            self.text_count += 1;
        }
        self.base64_count += u64::from(is_base64);
        self.qp_parts += u64::from(!is_base64 && contains(transfer, b"quoted-printable"));
        self.attachment |= contains(disposition, b"attachment");
        let is_ascii = charset.is_empty() || ASCII.iter().any(|name| charset.contains(name));
        let is_placed = disposition.starts_with(b"attachment") || disposition.starts_with(b"inline");
        self.base64_encoded_text |= kind.starts_with(b"text") && is_base64 && is_ascii && !is_placed;
        self.bad_iso_charset |= ODD_ISO.is_match(charset.as_bytes()) && !KNOWN_ISO.is_match(charset.as_bytes());
        if charset.contains(|letter: char| letter.is_ascii_alphabetic()) {
            self.charsets.push(charset.to_owned());
        }
    }

    /// One line of quoted-printable: its length, and escapes of what needs none.
    fn quoted(&mut self, line: &[u8]) {
        static NEEDLESS: LazyLock<Expression> =
            LazyLock::new(|| Expression::new(r"=(?:09|3[0-9ABCEF]|[2456][0-9A-F]|7[0-9A-E])"));
        static TRAILING: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"((?:=09|=20)+)\s*\z"));
        self.qp_long_line |= line.len() > QP_LINE_BYTES_MAX;
        self.qp_bytes += line.len() as u64;
        let mut count = 0;
        let mut at = 0;
        while let Some(found) = NEEDLESS.find(line, at) {
            count += 1;
            at = found.end;
        }
        let trailing = TRAILING.groups(line, 0).and_then(|found| found.get(1).map(<[u8]>::len)).unwrap_or(0) as u64 / 3;
        self.qp_count += if count > 0 { u64::saturating_sub(count, trailing) } else { 0 };
    }
}

/// A line of quoted-printable with its line end; RFC 5322 has 78 without.
const QP_LINE_BYTES_MAX: usize = 79;

fn contains(text: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(text, word).is_some()
}

/// Number of `&#xABCD;` in a line.
fn references(line: &[u8]) -> u64 {
    memchr::memmem::find_iter(line, b"&#x")
        .filter(|at| {
            let digits = line.get(at + 3..at + 7).unwrap_or_default();
            let is_digit = |octet: &u8| octet.is_ascii_digit() || (b'A'..=b'F').contains(octet);
            digits.len() == 4 && digits.iter().all(is_digit) && line.get(at + 7) == Some(&b';')
        })
        .count() as u64
}

fn parse_flag(name: &str) -> Option<Run> {
    Some(match name {
        "missing_head_body_separator" => run(|classic| classic.tree().oddities.missing_head_body_separator),
        "missing_mime_head_body_separator" => run(|classic| classic.tree().oddities.missing_mime_head_body_separator),
        "missing_mime_headers" => run(|classic| classic.tree().oddities.missing_mime_headers),
        "mime_epilogue_exists" => run(|classic| classic.tree().oddities.mime_epilogue_exists),
        "truncated_header" => run(|classic| classic.tree().oddities.truncated_header || is_head_long(classic)),
        "mimepart_limit_exceeded" => run(|classic| classic.tree().oddities.mimepart_limit_exceeded),
        _ => return None,
    })
}

/// More fields than SpamAssassin keeps.
fn is_head_long(classic: &Classic) -> bool {
    let fields = classic.top().map(|top| top.fields.as_slice()).unwrap_or_default();
    fields.iter().map(|field| field.name.len() + field.value.len() + 3).sum::<usize>() > 65_536
}

/// An alternative that is no text.
fn has_odd_alternative(classic: &Classic) -> bool {
    let nodes = &classic.tree().nodes;
    let alternatives = classic.tree().parts().into_iter().filter(|part| part.kind == b"multipart/alternative");
    alternatives.flat_map(|part| part.children.iter().flatten()).filter_map(|index| nodes.get(*index)).any(|part| {
        part.is_leaf()
            && !part.kind.is_empty()
            && !part.kind.starts_with(b"text/")
            && !matches!(part.kind.as_slice(), b"multipart/related" | b"application/rtf")
    })
}

/// The longest line of base64.
#[allow(clippy::cast_precision_loss, reason = "lengths of lines are small")]
fn base64_length(classic: &Classic) -> f64 {
    let mut longest = 0;
    for leaf in classic.tree().leaves() {
        if leaf.transfer_encoding() == b"base64" && types::parse(leaf.value("content-type")).kind != b"application/ics"
        {
            longest =
                leaf.raw.split_inclusive(|octet| *octet == b'\n').map(<[u8]>::len).chain([longest]).max().unwrap_or(0);
        }
    }
    longest as f64
}

/// Percentage of capital letters in a body of some length.
#[allow(clippy::cast_precision_loss, reason = "lengths of lines are small")]
fn uppercase(classic: &Classic) -> f64 {
    static SHIFTED: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"(?s)\x1b\$B.*\x1b\(B"));
    static ENCODED: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"^(?:[A-Za-z0-9+/=]{60,76} ){2}"));
    if has_capital_charset(classic) {
        return 0.0;
    }
    let (mut length, mut lower, mut upper) = (0, 0, 0);
    for line in classic.body() {
        let inked = trim(line);
        if !inked.iter().any(crate::mail::classic::wide::is_blank) || ENCODED.is_match(line) {
            continue;
        }
        let line = if contains(line, b"\x1b$B") { SHIFTED.replace(line, b"") } else { line.clone() };
        length += line.len();
        lower += line.iter().filter(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit()).count();
        upper += line.iter().filter(|octet| octet.is_ascii_uppercase()).count();
    }
    if length < 200 || upper + lower == 0 { 0.0 } else { upper as f64 / (upper + lower) as f64 * 100.0 }
}

/// Charsets whose encoded text is full of capitals.
const CAPITAL: &str =
    r"[-_a-z0-9]*(?:koi|jp|jis|euc|gb|big5|isoir|cp1251|windows-1251|georgianps|pt154|tis)[-_a-z0-9]*";

/// The expression for such a charset in an encoded word.
pub fn capital_word() -> String {
    format!(r"(?i)=\?{CAPITAL}\?")
}

fn has_capital_charset(classic: &Classic) -> bool {
    static WHOLE: LazyLock<Expression> = LazyLock::new(|| Expression::new(&format!(r"(?i)^{CAPITAL}\n?\z")));
    static CHARSET: LazyLock<Expression> =
        LazyLock::new(|| Expression::new(r#"(?i)charset=(?:"([^"]+)"|'([^']+)'|(\S+))"#));
    let kind = super::joined(classic, "Content-Type");
    let top = CHARSET.groups(&kind, 0).and_then(|found| (1..=3).find_map(|index| found.get(index)).map(<[u8]>::to_vec));
    let words = facts(classic)
        .charsets
        .iter()
        .flat_map(|charset| charset.split_whitespace())
        .map(|word| word.as_bytes().to_vec());
    top.into_iter().chain(words).any(|charset| WHOLE.is_match(&charset))
}
