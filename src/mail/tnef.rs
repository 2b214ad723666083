//! TNEF (MS-OXTNEF), the `winmail.dat` of Outlook: the attachments and bodies in it.
//!
//! Pure. Reads both the old attributes and the MAPI properties of an attachment; where they name it differently, all
//! names are kept. Checksums are not looked at.

use crate::limits;

/// One attachment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Every name it has.
    pub names: Vec<String>,
    pub octets: Vec<u8>,
}

/// What a TNEF file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub attachments: Vec<Attachment>,
    /// Bodies: plain text, pages, compressed RTF, as they stand.
    pub bodies: Vec<Vec<u8>>,
    /// Cut short, or with lengths that lead nowhere.
    pub malformed: bool,
    /// More than the bounds allow.
    pub cut: bool,
}

/// How a TNEF file begins.
pub const SIGNATURE: &[u8] = b"\x78\x9f\x3e\x22";

/// Reads a file that begins with `SIGNATURE`.
#[must_use]
pub fn read(octets: &[u8]) -> Contents {
    let mut contents = Contents::default();
    attributes(octets, &mut contents, 0);
    contents
}

const MESSAGE_BODY: u32 = 0x0002_800c;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const ATTACH_START: u32 = 0x0006_9002;
const ATTACH_TITLE: u32 = 0x0001_8010;
const ATTACH_DATA: u32 = 0x0006_800f;
const ATTACH_PROPERTIES: u32 = 0x0006_9005;

/// Walks the attributes: level, identifier, length, data, checksum (MS-OXTNEF 2.1.3.1).
fn attributes(octets: &[u8], contents: &mut Contents, depth: usize) {
    let Some(mut rest) = octets.strip_prefix(SIGNATURE).and_then(|rest| rest.get(2..)) else {
        contents.malformed = true;
        return;
    };
    let mut open: Option<Attachment> = None;
    while let Some((_, tail)) = rest.split_first() {
        let Some((id, tail)) =
            number(tail).and_then(|(id, tail)| number(tail).map(|(length, tail)| (id, (length, tail))))
        else {
            contents.malformed = true;
            break;
        };
        let (length, tail) = tail;
        let length = length as usize;
        contents.malformed |= length > tail.len();
        let data = tail.get(..length).unwrap_or(tail);
        match id {
            ATTACH_START => keep(contents, open.replace(Attachment::default())),
            ATTACH_TITLE => add_name(open.get_or_insert_default(), &narrow(data)),
            ATTACH_DATA => open.get_or_insert_default().octets = data.to_vec(),
            ATTACH_PROPERTIES => properties(data, contents, Some(open.get_or_insert_default()), depth),
            MESSAGE_PROPERTIES => properties(data, contents, None, depth),
            MESSAGE_BODY => contents.bodies.push(data.to_vec()),
            _ => {}
        }
        rest = tail.get(length.saturating_add(2)..).unwrap_or_default();
    }
    keep(contents, open);
}

fn keep(contents: &mut Contents, attachment: Option<Attachment>) {
    let Some(attachment) = attachment.filter(|attachment| !attachment.octets.is_empty()) else { return };
    if contents.attachments.len() < limits::TNEF_FILES_MAX {
        contents.attachments.push(attachment);
    } else {
        contents.cut = true;
    }
}

/// Walks a table of MAPI properties (MS-OXTNEF 2.1.3.4).
fn properties(table: &[u8], contents: &mut Contents, mut attachment: Option<&mut Attachment>, depth: usize) {
    let Some((count, mut rest)) = number(table) else { return };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    contents.cut |= count > limits::TNEF_PROPERTIES_MAX;
    for _ in 0..count.min(limits::TNEF_PROPERTIES_MAX) {
        let Some((property, tail)) = property(rest) else {
            contents.malformed = true;
            return;
        };
        rest = tail;
        for value in property.values {
            match (property.id, attachment.as_deref_mut()) {
                (0x3704 | 0x3707 | 0x3001, Some(attachment)) => add_name(attachment, &property.kind.text(value)),
                (0x3701, Some(attachment)) => object(value, property.kind, contents, attachment, depth),
                (0x1000 | 0x1009 | 0x1013, None) => contents.bodies.push(property.kind.text(value).into_bytes()),
                _ => {}
            }
        }
    }
}

/// PR_ATTACH_DATA: octets, or behind an interface identifier a message or an object.
fn object(value: &[u8], kind: Kind, contents: &mut Contents, attachment: &mut Attachment, depth: usize) {
    let inner = if kind == Kind::Object { value.get(16..).unwrap_or_default() } else { value };
    if inner.starts_with(SIGNATURE) {
        if depth < limits::TNEF_DEPTH_MAX {
            attributes(inner, contents, depth + 1);
        } else {
            contents.cut = true;
        }
    } else if attachment.octets.len() < inner.len() {
        attachment.octets = inner.to_vec();
    }
}

/// How the octets of a property are meant (MS-OXCDATA 2.11.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Octets in a fixed width.
    Fixed(usize),
    Narrow,
    Wide,
    Binary,
    Object,
}

impl Kind {
    fn of(word: u16) -> Option<Self> {
        Some(match word & 0x0fff {
            0x0002 | 0x0003 | 0x0004 | 0x000a | 0x000b => Self::Fixed(4),
            0x0005..=0x0007 | 0x0014 | 0x0040 => Self::Fixed(8),
            0x0048 => Self::Fixed(16),
            0x001e => Self::Narrow,
            0x001f => Self::Wide,
            0x0102 => Self::Binary,
            0x000d => Self::Object,
            _ => return None,
        })
    }

    fn text(self, octets: &[u8]) -> String {
        match self {
            Self::Wide => {
                let units: Vec<u16> = octets
                    .as_chunks()
                    .0
                    .iter()
                    .map(|pair| u16::from_le_bytes(*pair))
                    .take_while(|unit| *unit != 0)
                    .collect();
                String::from_utf16_lossy(&units)
            }
            _ => narrow(octets),
        }
    }
}

struct Property<'a> {
    id: u16,
    kind: Kind,
    values: Vec<&'a [u8]>,
}

/// One property and what follows it.
fn property(table: &[u8]) -> Option<(Property<'_>, &[u8])> {
    let (tag, mut rest) = number(table)?;
    let word = u16::try_from(tag & 0xffff).ok()?;
    let id = u16::try_from(tag >> 16).ok()?;
    let kind = Kind::of(word)?;
    if id >= 0x8000 {
        // A named property: set, kind of name, then a number or a text.
        rest = rest.get(16..)?;
        let (is_text, tail) = number(rest)?;
        let (name, tail) = number(tail)?;
        rest = if is_text == 1 { tail.get(padded(name as usize)..)? } else { tail };
    }
    let is_many = word & 0x1000 != 0;
    let count = if is_many || !matches!(kind, Kind::Fixed(_)) {
        let (count, tail) = number(rest)?;
        rest = tail;
        count as usize
    } else {
        1
    };
    let mut values = Vec::new();
    for _ in 0..count.min(limits::TNEF_PROPERTIES_MAX) {
        let length = if let Kind::Fixed(length) = kind {
            length
        } else {
            let (length, tail) = number(rest)?;
            rest = tail;
            length as usize
        };
        values.push(rest.get(..length)?);
        rest = rest.get(padded(length)..).unwrap_or_default();
    }
    Some((Property { id, kind, values }, rest))
}

/// Lengths are padded to four octets.
fn padded(length: usize) -> usize {
    length.saturating_add(3) & !3
}

/// A number of four octets, little end first, and what follows it.
fn number(octets: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = octets.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

/// Text in the sender's code page up to a NUL.
fn narrow(octets: &[u8]) -> String {
    let end = memchr::memchr(0, octets).unwrap_or(octets.len());
    super::charset::guess(octets.get(..end).unwrap_or_default()).into_owned()
}

fn add_name(attachment: &mut Attachment, name: &str) {
    let name = name.get(..name.floor_char_boundary(limits::NAME_BYTES_MAX)).unwrap_or_default();
    let is_new = !attachment.names.iter().any(|known| known == name);
    if is_new && !name.is_empty() && attachment.names.len() < limits::NAMES_MAX {
        attachment.names.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(id: u32, data: &[u8]) -> Vec<u8> {
        let mut out = vec![2];
        out.extend_from_slice(&id.to_le_bytes());
        out.extend_from_slice(&u32::try_from(data.len()).unwrap_or_default().to_le_bytes());
        out.extend_from_slice(data);
        out.extend_from_slice(&[0, 0]);
        out
    }

    #[test]
    fn attachments_are_read_with_all_their_names() {
        let mut table = 1u32.to_le_bytes().to_vec();
        table.extend_from_slice(&0x3707_001fu32.to_le_bytes());
        table.extend_from_slice(&1u32.to_le_bytes());
        table.extend_from_slice(&12u32.to_le_bytes());
        table.extend_from_slice(b"b\0.\0e\0x\0e\0\0\0");
        let file = [
            [SIGNATURE, b"\x01\x00"].concat(),
            attribute(MESSAGE_BODY, b"Hello\0"),
            attribute(ATTACH_START, &[0; 14]),
            attribute(ATTACH_TITLE, b"A.EXE\0"),
            attribute(ATTACH_DATA, b"MZ"),
            attribute(ATTACH_PROPERTIES, &table),
        ]
        .concat();
        let contents = read(&file);
        assert_eq!(contents.bodies, [b"Hello\0"]);
        assert_eq!(contents.attachments.len(), 1);
        assert_eq!(contents.attachments[0].names, ["A.EXE", "b.exe"]);
        assert_eq!(contents.attachments[0].octets, b"MZ");
        assert!(!contents.malformed && !contents.cut);
        for end in 0..file.len() {
            let _ = read(&file[..end]);
        }
        assert!(read(b"\x78\x9f\x3e\x22\0\0\x01\x02").malformed);
    }
}
