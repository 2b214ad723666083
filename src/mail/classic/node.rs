//! The MIME tree as SpamAssassin's own reader builds it, with every leaf decoded and typed its way.
//!
//! Pure. Line ends are LF, as SpamAssassin gets mail on a Unix host. A queue instead of recursion, as there.

use super::{
    encoding,
    lines::{self, Line},
    types, words,
};
use crate::limits;
use std::{cell::OnceCell, collections::VecDeque};

/// A header field of a part.
#[derive(Clone, Debug)]
pub struct Field {
    /// As written, white space before the colon left out.
    pub name: Vec<u8>,
    /// What follows the colon, folds and the final LF included.
    pub raw: Vec<u8>,
    /// Unfolded, trimmed, decoded.
    pub value: Vec<u8>,
}

impl Field {
    /// A field of that name and raw body.
    #[must_use]
    pub fn new(name: &[u8], raw: &[u8]) -> Self {
        Self { name: name.to_vec(), raw: raw.to_vec(), value: words::field(name, raw) }
    }

    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// One part of a message, or a message.
#[derive(Debug, Default)]
pub struct Node {
    pub fields: Vec<Field>,
    /// Media type, lower case.
    pub kind: Vec<u8>,
    pub charset: Option<Vec<u8>>,
    pub name: Option<Vec<u8>>,
    pub boundary: Option<Vec<u8>>,
    /// Indices of what is inside; `None` for a leaf.
    pub children: Option<Vec<usize>>,
    /// The body of a leaf as it came.
    pub raw: Vec<u8>,
    decoded: OnceCell<Vec<u8>>,
}

impl Node {
    /// The last field of that name, decoded.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().rev().find(|field| field.is(name)).map(|field| field.value.as_slice())
    }

    /// Content-Transfer-Encoding, lower case.
    #[must_use]
    pub fn transfer_encoding(&self) -> Vec<u8> {
        self.value("content-transfer-encoding").unwrap_or_default().to_ascii_lowercase()
    }

    /// The body without its transfer encoding.
    #[must_use]
    pub fn decoded(&self) -> &[u8] {
        self.decoded.get_or_init(|| match self.transfer_encoding().as_slice() {
            b"quoted-printable" => unix(encoding::quoted_printable(&self.raw)),
            b"base64" => {
                let decoded = encoding::base64(&self.raw);
                if self.is_text_or_message() { unix(decoded) } else { decoded }
            }
            _ => self.raw.clone(),
        })
    }

    fn is_text_or_message(&self) -> bool {
        self.kind.starts_with(b"text/") || self.kind.starts_with(b"message/")
    }

    /// The type that counts for rendering: a file name that looks like HTML makes it HTML.
    #[must_use]
    pub fn effective_kind(&self) -> &[u8] {
        let name = self.name.as_deref().unwrap_or_default().to_ascii_lowercase();
        let name = name.strip_suffix(b"\n").unwrap_or(&name);
        let is_page = [&b".htm"[..], b".html", b".shtm", b".shtml"].iter().any(|ending| name.ends_with(ending));
        if is_page { b"text/html" } else { &self.kind }
    }

    #[must_use]
    pub fn is_leaf(&self) -> bool {
        self.children.is_none()
    }
}

/// CRLF to LF.
#[must_use]
pub fn unix(octets: Vec<u8>) -> Vec<u8> {
    if memchr::memmem::find(&octets, b"\r\n").is_none() {
        return octets;
    }
    let mut kept = Vec::with_capacity(octets.len());
    let mut rest = octets.as_slice();
    while let Some(at) = memchr::memmem::find(rest, b"\r\n") {
        kept.extend_from_slice(rest.get(..at).unwrap_or_default());
        kept.push(b'\n');
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    kept.extend_from_slice(rest);
    kept
}

/// What is odd about the MIME structure.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own that some rule asks for")]
pub struct Oddities {
    pub missing_head_body_separator: bool,
    pub missing_mime_head_body_separator: bool,
    pub missing_mime_headers: bool,
    pub mime_epilogue_exists: bool,
    pub truncated_header: bool,
    pub mimepart_limit_exceeded: bool,
}

/// A message with all its parts.
#[derive(Debug, Default)]
pub struct Tree {
    /// The message itself is the first.
    pub nodes: Vec<Node>,
    pub oddities: Oddities,
    /// The header section as it came, its empty line included.
    pub pristine_head: Vec<u8>,
    /// The body as it came.
    pub pristine_body: Vec<u8>,
}

/// Where a body lies: in the message, or in octets that were decoded.
type Body<'a> = Vec<Line<'a>>;

struct Task<'a> {
    node: usize,
    boundary: Option<Vec<u8>>,
    body: Body<'a>,
    depth_left: usize,
}

impl Tree {
    /// Reads a message with LF line ends.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Self {
        let mut tree = Self::default();
        let nested = tree.message(raw, limits::CLASSIC_MIME_DEPTH_MAX, true);
        // Messages inside messages are read from octets of their own, one after the other.
        let mut waiting: VecDeque<Nested> = nested.into();
        while let Some(Nested { node, octets, depth_left }) = waiting.pop_front() {
            if tree.nodes.len() >= limits::PARTS_MAX {
                break;
            }
            let inner = tree.nodes.len();
            waiting.extend(tree.message(&octets, depth_left, false));
            if let Some(outer) = tree.nodes.get_mut(node) {
                outer.children = Some(vec![inner]);
                outer.raw = Vec::new();
                outer.decoded = OnceCell::new();
            }
        }
        tree
    }

    /// Reads one message into new nodes. Hands back the messages found inside.
    fn message(&mut self, raw: &[u8], depth_left: usize, is_outermost: bool) -> Vec<Nested> {
        let top = self.nodes.len();
        let (head, all) = super::head::parse(raw);
        let mut body = all;
        if is_outermost {
            self.pristine_head = head.pristine;
            self.pristine_body = lines::join(&body);
            self.oddities.missing_head_body_separator = head.missing_separator;
            self.oddities.truncated_header = head.truncated;
        }
        lines::squeeze(&mut body);
        let mut node = Node { fields: head.fields, ..Node::default() };
        let read = types::parse(node.value("content-type"));
        node.kind = read.kind;
        if node.kind.starts_with(b"multipart/") && body.len() > 1 && body.first().is_some_and(|line| !line.is_blank()) {
            let starts = |boundary: &Vec<u8>| {
                let first = body.first().map(|line| line.text).unwrap_or_default();
                first.strip_prefix(b"--").is_some_and(|rest| rest.starts_with(boundary))
            };
            if !read.boundary.as_ref().is_some_and(starts) {
                body.insert(0, Line { text: b"", ended: true });
            }
        }
        self.nodes.push(node);
        let mut queue = VecDeque::from([Task { node: top, boundary: read.boundary, body, depth_left }]);
        let mut nested = Vec::new();
        while let Some(task) = queue.pop_front() {
            let kind = self.nodes.get(task.node).map(|node| node.kind.clone()).unwrap_or_default();
            if kind.starts_with(b"multipart/") && task.boundary.is_some() && task.depth_left > 0 {
                let parts = super::multipart::split(
                    &task.body,
                    task.boundary.as_deref().unwrap_or_default(),
                    &kind,
                    &mut self.oddities,
                );
                self.adopt(&task, parts, &mut queue);
            } else {
                nested.extend(self.leaf(task));
            }
        }
        nested
    }

    /// Makes the parts of a multipart its children.
    fn adopt<'a>(&mut self, task: &Task<'a>, parts: Vec<super::multipart::Part<'a>>, queue: &mut VecDeque<Task<'a>>) {
        let mut children = Vec::new();
        for part in parts {
            if self.nodes.len() >= limits::PARTS_MAX {
                self.oddities.mimepart_limit_exceeded = true;
                break;
            }
            children.push(self.nodes.len());
            let boundary = part.boundary.or_else(|| task.boundary.clone());
            let depth_left = task.depth_left - 1;
            queue.push_back(Task { node: self.nodes.len(), boundary, body: part.body, depth_left });
            self.nodes.push(Node { fields: part.fields, kind: part.kind, ..Node::default() });
        }
        if let Some(node) = self.nodes.get_mut(task.node) {
            node.children = Some(children);
        }
    }

    /// Completes a leaf; a message inside is handed back.
    fn leaf(&mut self, task: Task<'_>) -> Option<Nested> {
        let node = self.nodes.get_mut(task.node)?;
        let read = types::parse(node.value("content-type"));
        if !read.missing {
            let is_plain = read.kind.starts_with(b"multipart/") && task.boundary.is_none();
            node.kind = if is_plain { b"text/plain".to_vec() } else { read.kind };
        }
        node.charset = read.charset;
        let disposition = node.value("content-disposition").unwrap_or_default();
        let named = DISPOSITION_NAME.groups(disposition, 0).and_then(|found| found.get(1).map(<[u8]>::to_vec));
        node.name = named.or_else(|| read.name.filter(|name| !name.is_empty() && name != b"0"));
        node.boundary = task.boundary;
        node.raw = lines::join(&task.body);
        let is_message = matches!(node.kind.as_slice(), b"message/rfc822" | b"message/global");
        if !is_message || task.depth_left == 0 || node.decoded().is_empty() {
            return None;
        }
        Some(Nested { node: task.node, octets: node.decoded().to_vec(), depth_left: task.depth_left - 1 })
    }

    /// Every leaf that has a type, depth first.
    #[must_use]
    pub fn leaves(&self) -> Vec<&Node> {
        self.below(0).into_iter().filter_map(|index| self.nodes.get(index)).filter(|node| node.is_leaf()).collect()
    }

    /// Every part, the message itself first, depth first.
    #[must_use]
    pub fn parts(&self) -> Vec<&Node> {
        self.below(0).into_iter().filter_map(|index| self.nodes.get(index)).collect()
    }

    /// Indices of a part and of everything in it, depth first; parts without a type are left out.
    #[must_use]
    pub fn below(&self, index: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut stack = vec![index];
        while let Some(index) = stack.pop() {
            let Some(node) = self.nodes.get(index) else { continue };
            if !node.kind.is_empty() {
                found.push(index);
            }
            stack.extend(node.children.iter().flatten().rev());
        }
        found
    }

    /// The message itself.
    #[must_use]
    pub fn top(&self) -> Option<&Node> {
        self.nodes.first()
    }
}

/// A message inside a part.
struct Nested {
    node: usize,
    octets: Vec<u8>,
    depth_left: usize,
}

static DISPOSITION_NAME: std::sync::LazyLock<super::expression::Expression> =
    std::sync::LazyLock::new(|| super::expression::Expression::new(r#"(?i)name=\s*"?([^";]+)"?"#));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_has_every_part() {
        let raw = b"Subject: x\nContent-Type: multipart/mixed; boundary=a\n\npre\n--a\n\none\n--a\nContent-Type: message/rfc822\n\nSubject: y\n\ntwo\n--a--\npost\n";
        let tree = Tree::parse(raw);
        let texts: Vec<&[u8]> = tree.leaves().iter().map(|leaf| leaf.decoded()).collect();
        assert_eq!(texts, [&b"one"[..], b"two"]);
        assert!(tree.oddities.mime_epilogue_exists);
        assert_eq!(tree.parts().len(), 4);
        assert_eq!(tree.pristine_head.len() + tree.pristine_body.len(), raw.len());
    }
}
