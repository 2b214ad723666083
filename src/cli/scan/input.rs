//! Messages from PATHs: a message, a folder, an mbox (RFC 4155, mboxrd quoting), a case folder, a tar archive, or stdin.
//!
//! Reads files, one message at a time; each is bounded by `limits::MESSAGE_BYTES_MAX`.

use super::archive::{Archive, Found, Member, Opened, is_archive};
use crate::{config::read::text_file, judge::case::Case, limits};
use bytes::Bytes;
use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, BufRead, BufReader, Cursor, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// One message with where it was found.
#[derive(Clone, Debug)]
pub struct Input {
    /// As given, and what was found below it.
    pub path: String,
    /// Counts the messages of an mbox from 1; 1 otherwise.
    pub index: usize,
    pub raw: Bytes,
    /// Client, envelope, time and facts, if the message lies in a case folder.
    pub case: Option<Case>,
    /// The text of `expect.toml`, if that lies in the case folder as well.
    pub expected: Option<String>,
}

type Reader = Box<dyn BufRead + Send>;

/// What is still to be read.
enum Pending {
    /// As given on the command line.
    Given(PathBuf),
    /// Found in a folder.
    Path(PathBuf),
    Mbox {
        path: String,
        reader: Reader,
        index: usize,
    },
    Archive(Box<Opened>),
}

/// A file whose octets are counted as they are read.
struct Counted {
    file: File,
    counter: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(out)?;
        self.counter.fetch_add(u64::try_from(read).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(read)
    }
}

/// All messages of some paths, in the order given, folders sorted by name.
pub struct Inputs {
    pending: VecDeque<Pending>,
    /// Octets read of files.
    counter: Arc<AtomicU64>,
}

impl Inputs {
    #[must_use]
    pub fn new(paths: &[PathBuf]) -> Self {
        Self::counted(paths, Arc::default())
    }

    /// Counts the octets that are read of files.
    #[must_use]
    pub fn counted(paths: &[PathBuf], counter: Arc<AtomicU64>) -> Self {
        Self { pending: paths.iter().cloned().map(Pending::Given).collect(), counter }
    }

    fn open(&self, path: &Path) -> io::Result<BufReader<Counted>> {
        Ok(BufReader::new(Counted { file: File::open(path)?, counter: Arc::clone(&self.counter) }))
    }
}

impl Iterator for Inputs {
    /// A message, or what could not be read and why.
    type Item = Result<Input, String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let found = match self.pending.pop_front()? {
                Pending::Given(path) => self.path(&path).or_else(|| self.complain_if_empty(&path)),
                Pending::Path(path) => self.path(&path),
                Pending::Mbox { path, reader, index } => self.mbox(path, reader, index),
                Pending::Archive(opened) => self.member(opened),
            };
            if let Some(found) = found {
                return Some(found);
            }
        }
    }
}

impl Inputs {
    fn path(&mut self, path: &Path) -> Option<Result<Input, String>> {
        let name = path.display().to_string();
        let told = |error: io::Error| format!("{name}: {error}");
        if path == Path::new("-") {
            return self.stream(name.clone(), Box::new(BufReader::new(io::stdin())), 0).map_err(told).transpose();
        }
        let kind = match fs::metadata(path) {
            Ok(kind) => kind,
            Err(error) => return Some(Err(told(error))),
        };
        if !kind.is_dir() && is_archive(&name) {
            let opened = self.open(path).and_then(|file| Archive::open(Box::new(file)));
            return match opened {
                Ok(archive) => {
                    let opened = Opened::new(name, archive);
                    self.pending.push_front(Pending::Archive(Box::new(opened)));
                    None
                }
                Err(error) => Some(Err(told(error))),
            };
        }
        if !kind.is_dir() {
            let opened = self.open(path).and_then(|file| self.stream(name.clone(), Box::new(file), kind.len()));
            return opened.map_err(told).transpose();
        }
        if path.join("message.eml").is_file() && path.join("case.toml").is_file() {
            return Some(case_folder(path));
        }
        match members(path) {
            Ok(found) => {
                for member in found.into_iter().rev() {
                    self.pending.push_front(Pending::Path(member));
                }
                None
            }
            Err(error) => Some(Err(told(error))),
        }
    }

    /// A folder without anything in it is no success: whoever named it expects messages there.
    fn complain_if_empty(&self, path: &Path) -> Option<Result<Input, String>> {
        let is_empty = path.is_dir() && !matches!(self.pending.front(), Some(Pending::Path(_)));
        is_empty.then(|| Err(format!("{}: no message in this folder", path.display())))
    }

    /// A message or an mbox, told apart by how the first line begins; so many octets are expected.
    fn stream(&mut self, path: String, mut reader: Reader, expected: u64) -> io::Result<Option<Input>> {
        let mut raw = Vec::new();
        (&mut reader).take(SEPARATOR_START_BYTES).read_to_end(&mut raw)?;
        if is_separator(&raw) {
            let reader = Box::new(Cursor::new(raw).chain(reader));
            self.pending.push_front(Pending::Mbox { path, reader, index: 0 });
            return Ok(None);
        }
        raw.reserve(usize::try_from(expected.min(bound())).unwrap_or_default());
        reader.take(bound() + 1 - SEPARATOR_START_BYTES).read_to_end(&mut raw)?;
        if raw.len() > limits::MESSAGE_BYTES_MAX {
            return Err(too_large());
        }
        Ok(Some(Input { path, index: 1, raw: wire_form(raw), case: None, expected: None }))
    }

    /// The next message of an archive: a file of it, the first message of an mbox in it, or the files of a case.
    fn member(&mut self, mut opened: Box<Opened>) -> Option<Result<Input, String>> {
        let found = opened.next_found();
        let archive = opened.path.clone();
        let is_used = std::mem::replace(&mut opened.is_used, true);
        let told = |path: &str, error: io::Error| format!("{path}: {error}");
        match found {
            Ok(None) if !is_used => Some(Err(format!("{archive}: no message in this archive"))),
            Ok(None) => None,
            // What follows a broken place cannot be found.
            Err(error) => Some(Err(told(&archive, error))),
            Ok(Some(Found::Case { message, text, expected })) => {
                self.pending.push_front(Pending::Archive(opened));
                Some(case_of(&format!("{archive}/{}", message.folder()), message, text, expected))
            }
            Ok(Some(Found::File(file))) => {
                self.pending.push_front(Pending::Archive(opened));
                if file.file_name().starts_with('.') {
                    return None;
                }
                let path = format!("{archive}/{}", file.name);
                let read = file.octets.and_then(|octets| self.stream(path.clone(), Box::new(Cursor::new(octets)), 0));
                read.map_err(|error| told(&path, error)).transpose()
            }
        }
    }

    /// The next message of an mbox; the reader stands at its `From ` line.
    fn mbox(&mut self, path: String, mut reader: Reader, index: usize) -> Option<Result<Input, String>> {
        let index = index + 1;
        match mbox_message(&mut reader) {
            Err(error) => Some(Err(format!("{path}: message {index}: {error}"))),
            Ok(MboxMessage { raw, is_last, is_too_large }) => {
                if !is_last {
                    self.pending.push_front(Pending::Mbox { path: path.clone(), reader, index });
                }
                if is_too_large {
                    return Some(Err(format!("{path}: message {index}: {}", too_large())));
                }
                Some(Ok(Input { path, index, raw: wire_form(raw), case: None, expected: None }))
            }
        }
    }
}

/// Octets that tell an mbox from a message.
const SEPARATOR_START_BYTES: u64 = 64;

/// Does an mbox separator begin here? `From : a@b` is none but a header field, written to be overlooked.
fn is_separator(line: &[u8]) -> bool {
    line.strip_prefix(b"From ").is_some_and(|rest| !rest.trim_ascii_start().starts_with(b":"))
}

struct MboxMessage {
    raw: Vec<u8>,
    is_last: bool,
    is_too_large: bool,
}

/// Reads up to the next `From ` line that follows an empty line. The first line, the separator, is left out.
///
/// The separator of the next message is read with this one, so what follows starts within its header section.
fn mbox_message(reader: &mut Reader) -> io::Result<MboxMessage> {
    let mut message = MboxMessage { raw: Vec::new(), is_last: false, is_too_large: false };
    let (mut line, mut is_after_empty, mut is_line_start, mut is_first) = (Vec::new(), true, true, true);
    loop {
        line.clear();
        // A line without end is read in pieces, so that no line is held beyond this bound.
        (&mut *reader).take(LINE_PIECE_BYTES).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            message.is_last = true;
            break;
        }
        let is_separator = is_line_start && is_after_empty && is_separator(&line);
        if is_separator && !is_first {
            break;
        }
        let is_empty = is_line_start && matches!(line.as_slice(), b"\n" | b"\r\n");
        if !(is_first && is_separator) {
            let quoted = line.iter().take_while(|octet| **octet == b'>').count();
            let is_quoted =
                is_line_start && quoted > 0 && line.get(quoted..).is_some_and(|rest| rest.starts_with(b"From "));
            if message.raw.len() + line.len() > limits::MESSAGE_BYTES_MAX {
                message.is_too_large = true;
                message.raw.clear();
            }
            if !message.is_too_large {
                message.raw.extend_from_slice(line.get(usize::from(is_quoted)..).unwrap_or_default());
            }
        }
        is_line_start = line.ends_with(b"\n");
        is_after_empty = is_empty;
        is_first = false;
    }
    // The empty line before a separator belongs to the mbox.
    for end in [&b"\r\n\r\n"[..], b"\n\n"] {
        if message.raw.ends_with(end) {
            message.raw.truncate(message.raw.len() - end.len() / 2);
        }
    }
    Ok(message)
}

const LINE_PIECE_BYTES: u64 = 1 << 20;

/// Reads `message.eml`, `case.toml` and, if it is there, `expect.toml`.
fn case_folder(folder: &Path) -> Result<Input, String> {
    let message = folder.join("message.eml");
    let told = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    let mut raw = Vec::new();
    let read = File::open(&message).and_then(|file| file.take(bound() + 1).read_to_end(&mut raw));
    read.map_err(|error| told(&message, error))?;
    if raw.len() > limits::MESSAGE_BYTES_MAX {
        return Err(told(&message, too_large()));
    }
    let file = folder.join("case.toml");
    let text = text_file(&file).map_err(|error| told(&file, error))?;
    let case = Case::parse(&file.display().to_string(), &text).map_err(|errors| errors.to_string())?;
    let file = folder.join("expect.toml");
    let expected = match text_file(&file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(told(&file, error)),
    };
    Ok(Input { path: folder.display().to_string(), index: 1, raw: wire_form(raw), case: Some(case), expected })
}

/// A case of an archive.
fn case_of(folder: &str, message: Member, text: Member, expected: Option<Member>) -> Result<Input, String> {
    let told = |error: io::Error| format!("{folder}: {error}");
    let text_of = |member: Member, name: &str| {
        String::from_utf8(member.octets.map_err(told)?).map_err(|_| format!("{folder}/{name}: not UTF-8"))
    };
    let raw = message.octets.map_err(told)?;
    let case = Case::parse(&format!("{folder}/case.toml"), &text_of(text, "case.toml")?);
    let case = case.map_err(|errors| errors.to_string())?;
    let expected = expected.map(|expected| text_of(expected, "expect.toml")).transpose()?;
    Ok(Input { path: folder.to_owned(), index: 1, raw: wire_form(raw), case: Some(case), expected })
}

/// Octets of the files of some paths, as far as they can be told before.
#[must_use]
pub fn size(paths: &[PathBuf]) -> u64 {
    let (mut sum, mut open) = (0, paths.to_vec());
    while let Some(path) = open.pop() {
        match fs::metadata(&path) {
            Ok(kind) if kind.is_dir() => open.extend(members(&path).unwrap_or_default()),
            Ok(kind) => sum += kind.len(),
            Err(_) => {}
        }
    }
    sum
}

/// What lies in a folder, sorted: regular files that are not hidden, and folders. Of a Maildir only what was delivered
/// (`new`, `cur`) and its subfolders (Maildir++ `.Name`). Links to folders are not followed, for they can form a circle.
fn members(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let is_maildir = folder.join("new").is_dir() && folder.join("cur").is_dir();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        let is_hidden = name.starts_with(b".");
        let path = entry.path();
        let kind = entry.file_type()?;
        let is_taken = if kind.is_dir() {
            if is_maildir { is_hidden || matches!(name, b"new" | b"cur") } else { !is_hidden }
        } else {
            !is_maildir && !is_hidden && path.is_file()
        };
        if is_taken {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A file whose first line ends in a bare LF was stored with local line ends: every bare LF becomes CRLF.
/// Any other file keeps its bytes.
#[must_use]
pub fn wire_form(raw: Vec<u8>) -> Bytes {
    let first = raw.iter().position(|octet| *octet == b'\n');
    let is_local = first.is_some_and(|newline| newline == 0 || raw.get(newline - 1) != Some(&b'\r'));
    if !is_local {
        return raw.into();
    }
    let mut wire = Vec::with_capacity(raw.len() + raw.len() / 32);
    let mut done = 0;
    for newline in memchr::memchr_iter(b'\n', &raw) {
        let line = raw.get(done..newline).unwrap_or_default();
        wire.extend_from_slice(line);
        if !line.ends_with(b"\r") {
            wire.push(b'\r');
        }
        done = newline;
    }
    wire.extend_from_slice(raw.get(done..).unwrap_or_default());
    wire.into()
}

fn bound() -> u64 {
    u64::try_from(limits::MESSAGE_BYTES_MAX).unwrap_or(u64::MAX - 1)
}

fn too_large() -> io::Error {
    io::Error::other(format!("larger than a message may be ({} octets)", limits::MESSAGE_BYTES_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &'static [u8]) -> Vec<Vec<u8>> {
        let mut inputs = Inputs::new(&[]);
        let first = inputs.stream("box".to_owned(), Box::new(text), 0).unwrap();
        first.into_iter().map(Ok).chain(inputs).map(|input| input.unwrap().raw.to_vec()).collect()
    }

    #[test]
    fn an_mbox_is_cut_at_its_separators_and_unquoted() {
        let found = messages(
            b"From a Sun Mar  1 09:14:07 2026\nA: 1\n\n>From here\n>>From there\nFrom inside\n\nFrom b now\nB: 2\n\nend\n",
        );
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], b"A: 1\r\n\r\nFrom here\r\n>From there\r\nFrom inside\r\n");
        assert_eq!(found[1], b"B: 2\r\n\r\nend\r\n");
    }

    #[test]
    fn line_ends_change_only_in_files_of_local_form() {
        assert_eq!(messages(b"A: 1\n\nx\r\ny\n"), [b"A: 1\r\n\r\nx\r\ny\r\n"]);
        assert_eq!(messages(b"A: 1\r\n\r\nbare\nlf\r\n"), [b"A: 1\r\n\r\nbare\nlf\r\n"]);
        assert_eq!(messages(b"no end"), [b"no end"]);
        assert_eq!(messages(b""), [b""]);
    }

    #[test]
    fn a_message_of_an_mbox_without_an_empty_line_between_is_one() {
        assert_eq!(messages(b"From a\nA: 1\nFrom b\nB: 2\n").len(), 1);
        assert_eq!(messages(b"From a\n").len(), 1);
        let found = messages(b"From : <a@b.example>\r\nFrom: c@d.example\r\n\r\nx\r\n\r\nFrom\t: y\r\n");
        assert!(found.len() == 1 && found[0].starts_with(b"From : <a@b.example>"));
    }
}
