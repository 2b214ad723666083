//! Archives of mails read as streams: tar (POSIX ustar, pax and GNU names), plain, gzip or zstd.
//!
//! Reads files; never more than one member is held, and that is bounded by `limits::MESSAGE_BYTES_MAX`.

use crate::limits;
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read},
};

type Source = Box<dyn BufRead + Send>;

/// A tar archive that is being read.
pub struct Archive {
    reader: Box<dyn Read + Send>,
}

/// A regular file of an archive.
pub struct Member {
    pub name: String,
    /// The file, or why it cannot be taken.
    pub octets: io::Result<Vec<u8>>,
}

impl Member {
    #[must_use]
    pub fn folder(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    #[must_use]
    pub fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
}

/// An archive with what has been read ahead of it.
pub struct Opened {
    pub path: String,
    /// Something was found in it.
    pub is_used: bool,
    archive: Archive,
    /// Files that are none of a case.
    plain: VecDeque<Member>,
    /// Read ahead, and not looked at yet.
    ahead: Option<Member>,
    /// The folder of the case that was found last: what else lies in it is no mail.
    case: Option<String>,
}

/// What stands next in an archive.
pub enum Found {
    File(Member),
    /// `message.eml` and `case.toml` of one folder, and `expect.toml` if it is there.
    Case {
        message: Member,
        text: Member,
        expected: Option<Member>,
    },
}

/// Files of a folder that are held to see whether it is a case: message, case, and what is expected of it.
const CASE_FILES_MAX: usize = 4;

impl Opened {
    #[must_use]
    pub fn new(path: String, archive: Archive) -> Self {
        Self { path, is_used: false, archive, plain: VecDeque::new(), ahead: None, case: None }
    }

    /// The next file or case; none at the end.
    ///
    /// # Errors
    /// When the archive is broken here.
    pub fn next_found(&mut self) -> io::Result<Option<Found>> {
        loop {
            if let Some(member) = self.plain.pop_front() {
                return Ok(Some(Found::File(member)));
            }
            let next = match self.ahead.take() {
                Some(member) => Some(member),
                None => self.archive.next_member()?,
            };
            let Some(member) = next else { return Ok(None) };
            if self.case.as_deref() == Some(member.folder()) {
                continue;
            }
            if !matches!(member.file_name(), "message.eml" | "case.toml" | "expect.toml") {
                return Ok(Some(Found::File(member)));
            }
            if let Some(case) = self.case_with(member)? {
                return Ok(Some(case));
            }
        }
    }

    /// The case whose folder begins with this file, in whatever order its files lie; if it is none, its files are plain.
    fn case_with(&mut self, first: Member) -> io::Result<Option<Found>> {
        let folder = first.folder().to_owned();
        let (mut message, mut text) = (None, None);
        let mut next = Some(first);
        for _ in 0..CASE_FILES_MAX {
            match next.take() {
                Some(member) if member.folder() != folder => {
                    self.ahead = Some(member);
                    break;
                }
                Some(member) if member.file_name() == "message.eml" => message = Some(member),
                Some(member) if member.file_name() == "case.toml" => text = Some(member),
                Some(member) => self.plain.push_back(member),
                None => break,
            }
            match (message.take(), text.take()) {
                (Some(message), Some(text)) => {
                    let expected = self.expected(&folder)?;
                    self.case = Some(folder);
                    return Ok(Some(Found::Case { message, text, expected }));
                }
                lonely => (message, text) = lonely,
            }
            next = self.archive.next_member()?;
        }
        self.ahead = self.ahead.take().or(next);
        self.plain.extend(message.into_iter().chain(text));
        Ok(None)
    }

    /// What is expected of the case just found: read with it, or the next file.
    fn expected(&mut self, folder: &str) -> io::Result<Option<Member>> {
        let is_expected = |member: &Member| member.folder() == folder && member.file_name() == "expect.toml";
        if let Some(expected) = self.plain.drain(..).find(is_expected) {
            return Ok(Some(expected));
        }
        self.ahead = self.archive.next_member()?;
        Ok(self.ahead.take_if(|member| is_expected(member)))
    }
}

const BLOCK_BYTES: u64 = 512;
/// Octets of a member that holds a longer name: more than any file system takes.
const NAME_BYTES_MAX: u64 = 1 << 20;

/// Is it an archive, by its name?
#[must_use]
pub fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst"].iter().any(|ending| name.ends_with(ending))
}

impl Archive {
    /// Opens an archive by what its octets begin with.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(mut source: Source) -> io::Result<Self> {
        let start = source.fill_buf()?;
        let reader: Box<dyn Read + Send> = if start.starts_with(&[0x1f, 0x8b]) {
            Box::new(MultiGzDecoder::new(source))
        } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Box::new(BufReader::new(Frames { state: State::Between(source) }))
        } else {
            Box::new(source)
        };
        Ok(Self { reader })
    }

    /// The next regular file; none at the end.
    ///
    /// # Errors
    /// When the archive is broken here; what follows cannot be found.
    pub fn next_member(&mut self) -> io::Result<Option<Member>> {
        let mut longer = None;
        loop {
            let mut block = [0; 512];
            if !fill(&mut self.reader, &mut block)? || block.iter().all(|octet| *octet == 0) {
                return Ok(None);
            }
            let header = Header::read(&block)?;
            match header.kind {
                b'L' => longer = Some(text(&self.content(header.size, NAME_BYTES_MAX)??)),
                b'x' => {
                    let records = self.content(header.size, NAME_BYTES_MAX)??;
                    longer = pax_path(&records).or(longer);
                }
                b'0' | b'7' | 0 => {
                    let name = longer.take().unwrap_or(header.name);
                    let octets = self.content(header.size, bound())?;
                    return Ok(Some(Member { name, octets }));
                }
                _ => {
                    longer = None;
                    self.skip(header.size)?;
                }
            }
        }
    }

    /// The octets of a member and, behind them, what fills its last block.
    fn content(&mut self, size: u64, most: u64) -> io::Result<io::Result<Vec<u8>>> {
        if size > most {
            self.skip(size)?;
            return Ok(Err(io::Error::other(format!("larger than a message may be ({most} octets)"))));
        }
        let mut octets = Vec::new();
        (&mut self.reader).take(size).read_to_end(&mut octets)?;
        if u64::try_from(octets.len()).unwrap_or(u64::MAX) < size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.pass(size.next_multiple_of(BLOCK_BYTES) - size)?;
        Ok(Ok(octets))
    }

    fn skip(&mut self, size: u64) -> io::Result<()> {
        self.pass(size.checked_next_multiple_of(BLOCK_BYTES).ok_or_else(broken)?)
    }

    fn pass(&mut self, octets: u64) -> io::Result<()> {
        let passed = io::copy(&mut (&mut self.reader).take(octets), &mut io::sink())?;
        if passed < octets { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

/// What a header block says.
struct Header {
    name: String,
    size: u64,
    kind: u8,
}

impl Header {
    fn read(block: &[u8; 512]) -> io::Result<Self> {
        let part = |from: usize, to: usize| block.get(from..to).unwrap_or_default();
        let sum: u64 = block.iter().map(|octet| u64::from(*octet)).sum();
        let own: u64 = part(148, 156).iter().map(|octet| u64::from(*octet)).sum();
        // The sum is over the block with spaces in place of the sum itself.
        if number(part(148, 156)) != Some(sum - own + 8 * u64::from(b' ')) {
            return Err(broken());
        }
        let size = number(part(124, 136)).ok_or_else(broken)?;
        let (name, prefix) = (text(part(0, 100)), text(part(345, 500)));
        let has_prefix = part(257, 263) == b"ustar\0" && !prefix.is_empty();
        let name = if has_prefix { format!("{prefix}/{name}") } else { name };
        Ok(Self { name, size, kind: block.get(156).copied().unwrap_or_default() })
    }
}

/// Octal digits, or GNU's form for large numbers.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((0x80, rest)) = field.split_first() {
        return rest.iter().try_fold(0_u64, |sum, octet| sum.checked_mul(256)?.checked_add(u64::from(*octet)));
    }
    let digits: Vec<u8> = field.iter().copied().filter(|octet| !matches!(octet, b' ' | 0)).collect();
    digits.iter().try_fold(0_u64, |sum, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 8)?;
        sum.checked_mul(8)?.checked_add(u64::from(digit))
    })
}

/// The path among pax records `LENGTH KEY=VALUE<LF>`.
fn pax_path(records: &[u8]) -> Option<String> {
    let mut rest = records;
    while let Some(space) = rest.iter().position(|octet| *octet == b' ') {
        let length: usize = text(rest.get(..space)?).parse().ok()?;
        let record = rest.get(space + 1..length.checked_sub(1)?)?;
        if let Some(path) = record.strip_prefix(b"path=") {
            return Some(text(path));
        }
        rest = rest.get(length..)?;
    }
    None
}

/// Up to the first NUL.
fn text(octets: &[u8]) -> String {
    let octets = octets.split(|octet| *octet == 0).next().unwrap_or_default();
    String::from_utf8_lossy(octets).into_owned()
}

/// Fills the block; false if nothing was left.
fn fill(reader: &mut impl Read, block: &mut [u8; 512]) -> io::Result<bool> {
    let mut octets = Vec::with_capacity(block.len());
    reader.take(BLOCK_BYTES).read_to_end(&mut octets)?;
    if octets.is_empty() {
        return Ok(false);
    }
    if octets.len() < block.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    block.copy_from_slice(&octets);
    Ok(true)
}

fn bound() -> u64 {
    u64::try_from(limits::MESSAGE_BYTES_MAX).unwrap_or(u64::MAX)
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no tar archive, or a broken one")
}

/// The content of zstd frames, one after the other.
struct Frames {
    state: State,
}

enum State {
    Between(Source),
    Within(Box<StreamingDecoder<Source, ruzstd::decoding::FrameDecoder>>),
    Over,
}

impl Read for Frames {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Ok(0),
                State::Between(mut source) => {
                    if source.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    let opened = StreamingDecoder::new_with_max_window_size(source, limits::REPLAY_WINDOW_BYTES_MAX);
                    self.state = State::Within(Box::new(opened.map_err(io::Error::other)?));
                }
                State::Within(mut decoder) => {
                    let read = decoder.read(out)?;
                    if read > 0 || out.is_empty() {
                        self.state = State::Within(decoder);
                        return Ok(read);
                    }
                    self.state = State::Between(decoder.into_inner());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    /// A header block and the file's blocks.
    fn member(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut block = vec![0_u8; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        block[156] = kind;
        block[257..263].copy_from_slice(b"ustar\0");
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|octet| u32::from(*octet)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block.extend_from_slice(content);
        block.resize(block.len().next_multiple_of(512), 0);
        block
    }

    fn names(octets: Vec<u8>) -> Vec<(String, usize)> {
        let mut archive = Archive::open(Box::new(Cursor::new(octets))).unwrap();
        let mut found = Vec::new();
        while let Some(member) = archive.next_member().unwrap() {
            found.push((member.name, member.octets.unwrap().len()));
        }
        found
    }

    #[test]
    fn files_of_an_archive_come_one_after_the_other() {
        let mut tar = member("ham/", b'5', b"");
        tar.extend(member("ham/1.eml", b'0', b"A: 1\n"));
        tar.extend(member("long", b'L', b"spam/a-long-name.eml\0"));
        tar.extend(member("cut", b'0', &[b'x'; 600]));
        tar.extend(member("pax", b'x', b"21 path=phish/3.eml\n\n"));
        tar.extend(member("cut", b'0', b"y"));
        tar.extend([0; 1024]);
        let wanted = [("ham/1.eml".to_owned(), 5), ("spam/a-long-name.eml".to_owned(), 600)];
        assert_eq!(names(tar.clone())[..2], wanted);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&tar).unwrap();
        assert_eq!(names(packed.finish().unwrap())[..2], wanted);
    }

    #[test]
    fn a_broken_archive_is_told() {
        let tar = member("a", b'0', b"12345");
        let mut cut = Archive::open(Box::new(Cursor::new(tar[..514].to_vec()))).unwrap();
        assert!(cut.next_member().is_err());
        let mut other = Archive::open(Box::new(Cursor::new(vec![b'x'; 600]))).unwrap();
        assert!(other.next_member().is_err());
    }
}
