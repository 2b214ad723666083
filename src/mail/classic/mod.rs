//! What SpamAssassin 4 means by its fields: body, rawbody, full, uri, the forms of header, and its eval facts.
//!
//! Pure. Everything is computed from the message when it is asked for, and once. Line ends are LF and
//! `normalize_charset` is on, as they are on a Unix host with SpamAssassin's defaults. No trusted networks are known.

pub mod addresses;
pub mod body;
pub mod canonical;
pub mod characters;
pub mod colors;
pub mod encoding;
pub mod entities;
pub mod evals;
pub mod expression;
pub mod fields;
pub mod formats;
pub mod head;
pub mod hosts;
pub mod lines;
pub mod multipart;
pub mod node;
pub mod page;
pub mod received;
pub mod redirectors;
pub mod relays;
pub mod style;
pub mod target;
pub mod textual;
pub mod tokens;
pub mod types;
pub mod uris;
pub mod wide;
pub mod words;

use self::{
    body::Rendered,
    node::{Node, Tree},
    page::Page,
    relays::Relays,
    uris::{Detail, UriList},
    wide::Wide,
};
use super::{envelope::Envelope, message::Message, timestamp::Timestamp};
use std::cell::OnceCell;

/// What SpamAssassin cannot read from the message itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances<'a> {
    /// Sender and recipients, where they are known.
    pub envelope: Option<&'a Envelope>,
    /// When the mail arrived; some rules compare dates with it.
    pub received_at: Option<Timestamp>,
}

/// A message as SpamAssassin sees it.
#[derive(Debug)]
pub struct Classic {
    tree: Tree,
    sender: Option<Vec<u8>>,
    received_at: Option<Timestamp>,
    rendered: OnceCell<Vec<Option<Rendered>>>,
    body: OnceCell<Vec<Vec<u8>>>,
    rawbody: OnceCell<Vec<Vec<u8>>>,
    full: OnceCell<Vec<u8>>,
    uris: OnceCell<UriList>,
    relays: OnceCell<Relays>,
    facts: evals::Facts,
}

impl Classic {
    /// Reads a message with nothing known about its envelope.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        Self::with(message, &Circumstances::default())
    }

    /// Reads a message.
    #[must_use]
    pub fn with(message: &Message, circumstances: &Circumstances<'_>) -> Self {
        let raw = node::unix(message.raw.to_vec());
        let mut tree = Tree::parse(&raw);
        // What an earlier SpamAssassin wrote does not count.
        if let Some(top) = tree.nodes.first_mut() {
            top.fields.retain(|field| !field.name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"X-Spam-")));
        }
        let sender = circumstances.envelope.map(|envelope| envelope.sender.as_str().as_bytes().to_vec());
        Self {
            tree,
            sender,
            received_at: circumstances.received_at,
            rendered: OnceCell::new(),
            body: OnceCell::new(),
            rawbody: OnceCell::new(),
            full: OnceCell::new(),
            uris: OnceCell::new(),
            relays: OnceCell::new(),
            facts: evals::Facts::default(),
        }
    }

    /// Facts that functions of rules share.
    #[must_use]
    pub fn facts(&self) -> &evals::Facts {
        &self.facts
    }

    /// The MIME tree.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// When the mail arrived, if that is known.
    #[must_use]
    pub fn received_at(&self) -> Option<Timestamp> {
        self.received_at
    }

    /// The text of every part, by its index in the tree; `None` for one that is no text.
    #[must_use]
    pub fn rendered(&self) -> &[Option<Rendered>] {
        self.rendered.get_or_init(|| body::render_all(&self.tree))
    }

    /// The HTML parts.
    pub fn pages(&self) -> impl Iterator<Item = &Page> {
        self.rendered().iter().flatten().filter_map(|rendered| rendered.page.as_ref())
    }

    /// What `body` rules are run on: the Subject, then paragraphs of rendered text. One match never spans two.
    #[must_use]
    pub fn body(&self) -> &[Vec<u8>] {
        self.body.get_or_init(|| body::paragraphs(&self.tree, self.rendered()))
    }

    /// What `rawbody` rules are run on: decoded text parts in chunks of two to four KiB.
    #[must_use]
    pub fn rawbody(&self) -> &[Vec<u8>] {
        self.rawbody.get_or_init(|| body::chunks(&self.tree.leaves()))
    }

    /// What `full` rules are run on: the message as it came, with LF line ends.
    #[must_use]
    pub fn full(&self) -> &[u8] {
        self.full.get_or_init(|| [self.tree.pristine_head.as_slice(), &self.tree.pristine_body].concat())
    }

    /// What `uri` rules are run on: every variant of every URI, each once.
    pub fn uris(&self) -> impl Iterator<Item = &[u8]> {
        self.uri_list().cleaned.iter().map(Vec::as_slice)
    }

    /// The URIs as they were written, with how they were met.
    pub fn uri_details(&self) -> impl Iterator<Item = &(Wide, Detail)> {
        self.uri_list().details.iter()
    }

    /// A URI was cut because it was too long.
    #[must_use]
    pub fn uri_truncated(&self) -> bool {
        self.uri_list().truncated
    }

    fn uri_list(&self) -> &UriList {
        self.uris.get_or_init(|| UriList::of(self.body(), self.pages()))
    }

    /// The hosts the mail passed through, as its Received fields tell.
    #[must_use]
    pub fn relays(&self) -> &Relays {
        self.relays.get_or_init(|| Relays::of(self.tree.top()))
    }

    /// What a `header` rule matches: all values of `request` in one text, `None` if there is no such header.
    ///
    /// `request` is what stands before `=~` in a rule: `Subject`, `From:addr`, `ALL`, `X-Spam-Relays-External`.
    #[must_use]
    pub fn header(&self, request: &str) -> Option<Vec<u8>> {
        let values = self.header_values(request);
        let first = values.first()?;
        let between = if first.ends_with(b"\n") { &b""[..] } else { b"\n" };
        Some(values.join(between))
    }

    /// The values of `request`, one for each field or address.
    #[must_use]
    pub fn header_values(&self, request: &str) -> Vec<Vec<u8>> {
        fields::get(self, request)
    }

    /// What a `mimeheader` rule matches: the last field of that name of every part that has one, in document order.
    #[must_use]
    pub fn mime_headers(&self, name: &str) -> Vec<Option<Vec<u8>>> {
        self.tree.parts().into_iter().map(|part| fields::of_part(part, name)).collect()
    }

    /// The last field of that name in the header of the message, decoded.
    #[must_use]
    pub fn top(&self) -> Option<&Node> {
        self.tree.top()
    }

    /// The envelope sender as the door told it.
    #[must_use]
    pub fn sender(&self) -> Option<&[u8]> {
        self.sender.as_deref()
    }
}
