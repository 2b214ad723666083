//! From `wehr.toml` and the files it includes to values with their places.
//!
//! Reads files. There are no layers: a key stands in one file only, or is the default.

use super::keys::{KEYS, Key, Shape};
use crate::{
    judge::{
        document::{Complaint, Document, Errors, Position, Value, nearest, unknown},
        rules::pack,
    },
    limits,
};
use std::{
    collections::BTreeMap,
    fs, io,
    io::Read,
    ops::Range,
    path::{Path, PathBuf},
};
use toml::de::DeTable;

/// Files that may be read for one configuration, included ones counted.
const FILES_MAX: usize = 100;

/// One string, number or `SYMBOL=action` pair of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub text: String,
    pub position: Position,
}

/// A key's value: its items and where the key stands; `None` for the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub items: Vec<Item>,
    pub origin: Option<Position>,
}

/// The value of every key.
#[derive(Clone, Debug, Default)]
pub struct Values {
    entries: BTreeMap<&'static str, Entry>,
    /// The files they were read from.
    pub files: Vec<PathBuf>,
}

impl Values {
    /// The embedded defaults.
    #[must_use]
    pub fn defaults() -> Self {
        let mut values = Self::default();
        for key in KEYS {
            let text = format!("value = {}", key.default);
            let document = Document::new("(default)", &text);
            let items = document.root().values().flat_map(|value| items(&document, key, value)).collect();
            values.entries.insert(key.name, Entry { items, origin: None });
        }
        values
    }

    /// Reads a file and what it includes over the defaults.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files.
    pub fn gather(path: &Path) -> Result<Self, Errors> {
        let mut gathering = Gathering { values: Self::defaults(), complaints: Vec::new(), seen: Vec::new() };
        gathering.file(path, None);
        let Gathering { mut values, mut complaints, seen } = gathering;
        values.files = seen;
        complaints.sort();
        if complaints.is_empty() { Ok(values) } else { Err(Errors(complaints)) }
    }

    /// Puts a value of the command line in the place of what stands in a file.
    pub fn set(&mut self, name: &'static str, text: &str) {
        let position = Position { file: "(command line)".to_owned(), line: 1, column: 1 };
        let item = Item { text: text.to_owned(), position };
        self.entries.insert(name, Entry { items: vec![item], origin: None });
    }

    /// The value of a key; every key of `KEYS` has one.
    #[must_use]
    pub fn entry(&self, name: &str) -> &Entry {
        static MISSING: Entry = Entry { items: Vec::new(), origin: None };
        self.entries.get(name).unwrap_or(&MISSING)
    }
}

/// Reads a text file of the operator, bounded.
///
/// # Errors
/// When it cannot be read, is larger than `limits::CONFIG_BYTES_MAX`, or is not UTF-8.
pub fn text_file(path: &Path) -> io::Result<String> {
    bounded(path, limits::CONFIG_BYTES_MAX)
}

/// Reads a text of at most so many octets.
///
/// # Errors
/// What the file system says, and texts that are too large or not UTF-8.
pub fn bounded(path: &Path, bytes_max: usize) -> io::Result<String> {
    let mut bytes = Vec::new();
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    fs::File::open(path)?.take(bound.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        return Err(io::Error::other(format!("larger than {bytes_max} octets")));
    }
    String::from_utf8(bytes).map_err(|error| {
        io::Error::new(io::ErrorKind::InvalidData, format!("not UTF-8 at octet {}", error.utf8_error().valid_up_to()))
    })
}

/// Files being read.
struct Gathering {
    values: Values,
    complaints: Vec<Complaint>,
    seen: Vec<PathBuf>,
}

impl Gathering {
    fn file(&mut self, path: &Path, included_at: Option<Position>) {
        let name = path.display().to_string();
        let whole = || Position { file: name.clone(), line: 1, column: 1 };
        let place = included_at.unwrap_or_else(whole);
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if self.seen.contains(&real) || self.seen.len() >= FILES_MAX {
            let what = format!("{name} is included twice, or more than {FILES_MAX} files are included");
            return self.complaints.push(Complaint { position: place, what });
        }
        self.seen.push(real);
        match text_file(path) {
            Err(error) => {
                let what = format!("cannot read {name}: {error}; is that its name, and may you read it?");
                self.complaints.push(Complaint { position: place, what });
            }
            Ok(text) => self.text(path, &name, &text),
        }
    }

    fn text(&mut self, path: &Path, name: &str, text: &str) {
        let document = Document::new(name, text);
        let mut includes = Vec::new();
        self.table(&document, "", &document.root(), &mut includes);
        if let Err(Errors(complaints)) = document.finish(()) {
            self.complaints.extend(complaints);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        for (include, position) in includes {
            self.file(&folder.join(include), Some(position));
        }
    }

    fn table(
        &mut self,
        document: &Document<'_>,
        prefix: &str,
        table: &DeTable<'_>,
        includes: &mut Vec<(String, Position)>,
    ) {
        for (word, value) in table {
            let name = format!("{prefix}{}", word.get_ref());
            if name == "include" {
                let files = document.texts(value).unwrap_or_default();
                includes.extend(files.into_iter().map(|(file, span)| (file, document.position(&span))));
            } else if let Some(key) = super::keys::find(&name) {
                self.entry(document, key, &word.span(), value);
            } else if KEYS.iter().any(|key| key.name.starts_with(&format!("{name}."))) {
                if let Some(table) = document.table(value) {
                    self.table(document, &format!("{name}."), table, includes);
                }
            } else {
                document.complain(word.span(), unknown_key(prefix, word.get_ref()));
            }
        }
    }

    fn entry(&mut self, document: &Document<'_>, key: &'static Key, span: &Range<usize>, value: &Value<'_>) {
        let origin = document.position(span);
        if let Some(Entry { origin: Some(first), .. }) = self.values.entries.get(key.name) {
            document.complain(span.clone(), format!("`{}` is set already, at {first}; keep one of them", key.name));
            return;
        }
        let entry = Entry { items: items(document, key, value), origin: Some(origin) };
        self.values.entries.insert(key.name, entry);
    }
}

/// Tables are suggested at the top, and keys that stand in another table are named with it.
fn unknown_key(prefix: &str, word: &str) -> String {
    let here = KEYS.iter().filter_map(|key| key.name.strip_prefix(prefix)).map(|rest| rest.split('.').next());
    let known = here.flatten().chain(prefix.is_empty().then_some("include"));
    let kind = if prefix.is_empty() { "key".to_owned() } else { format!("key of [{}]", prefix.trim_end_matches('.')) };
    let sentence = unknown(&kind, word, known);
    if sentence.contains("did you mean") {
        return sentence;
    }
    let last = |key: &Key| key.name.rsplit('.').next().unwrap_or(key.name);
    let elsewhere = nearest(word, KEYS.iter().map(last))
        .and_then(|near| KEYS.iter().find(|key| last(key) == near))
        .map(|key| format!("; did you mean `{}`?", key.name));
    sentence + &elsewhere.unwrap_or_else(|| "; `wehr config explain` lists all keys".to_owned())
}

/// A value of the wrong type has no items, and a complaint.
fn items(document: &Document<'_>, key: &Key, value: &Value<'_>) -> Vec<Item> {
    let item = |text: String, span: Range<usize>| Item { text, position: document.position(&span) };
    match key.shape {
        Shape::Text => document.text(value).map(|text| vec![item(text, value.span())]).unwrap_or_default(),
        Shape::Texts => {
            let texts = document.texts(value).unwrap_or_default();
            texts.into_iter().map(|(text, span)| item(text, span)).collect()
        }
        Shape::Score => {
            document.score(value).map(|score| vec![item(score.to_string(), value.span())]).unwrap_or_default()
        }
        Shape::Count => {
            document.count(value).map(|count| vec![item(count.to_string(), value.span())]).unwrap_or_default()
        }
        Shape::Actions => document.table(value).map(|table| actions(document, table)).unwrap_or_default(),
    }
}

fn actions(document: &Document<'_>, table: &DeTable<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for (symbol, value) in table {
        if let Some(action) = pack::action(document, value) {
            let text = format!("{}={action}", symbol.get_ref());
            items.push(Item { text, position: document.position(&symbol.span()) });
        }
    }
    items
}
