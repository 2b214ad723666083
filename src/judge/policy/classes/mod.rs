//! Classes of recipients: what each takes of attachments, and how much of a mail must have been looked at.
//!
//! Pure. The class of the subject whose address a recipient is counts for it, else the first class that names it; the last
//! one is everybody's.

pub mod read;
pub mod subjects;

use self::subjects::Subjects;
use super::{verdict::Action, whom::Whom};
use crate::{
    judge::{
        coverage::{self, Account, Engine},
        document::unknown,
    },
    mail::{address::Address, content::Part, defects, filetype, message::Message, names, readings::kinds},
};
use std::{collections::BTreeMap, sync::Arc};

/// All classes, in order; the last one has no recipients. And the subjects, whose classes somebody else names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    classes: Vec<Class>,
    subjects: Arc<Subjects>,
}

/// What one class of recipients takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Class {
    pub name: String,
    pub about: String,
    pub recipients: Vec<Whom>,
    /// May recipients release what was set aside for them because of its score?
    pub may_release: bool,
    /// For each kind of thing what happens, in the order of `KINDS`.
    actions: [Action; KINDS.len()],
    /// By extension of any reading of a name; `accept` takes it although it is executable.
    extensions: BTreeMap<String, Action>,
    /// By detected type, `video/*` for all of a kind.
    types: BTreeMap<String, Action>,
    /// Octets of one attachment, and what happens above.
    bytes_max: Option<usize>,
}

/// The keys whose value is an action.
const KINDS: [&str; 9] = [
    "executable",
    "hidden",
    "encrypted_archive",
    "encrypted_document",
    "auto_exec",
    "macro",
    "unread",
    "incomplete",
    "oversize",
];

/// What a class has against a mail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Objection {
    pub action: Action,
    /// For operators: class, part and kind.
    pub what: String,
}

impl Classes {
    fn new(classes: Vec<Class>) -> Self {
        Self { classes, subjects: Arc::default() }
    }

    /// The same with these subjects.
    ///
    /// # Errors
    /// The first subject whose class there is not.
    pub fn with_subjects(&self, subjects: Arc<Subjects>) -> Result<Self, String> {
        for (name, subject) in subjects.all() {
            self.named(&subject.class).map_err(|unknown| format!("subject `{name}`: {unknown}"))?;
        }
        Ok(Self { classes: self.classes.clone(), subjects })
    }

    #[must_use]
    pub fn subjects(&self) -> &Arc<Subjects> {
        &self.subjects
    }

    /// The class of that name.
    ///
    /// # Errors
    /// That there is none, with the nearest that there is.
    pub fn named(&self, name: &str) -> Result<&Class, String> {
        let known = || self.classes.iter().map(|class| class.name.as_str());
        self.classes.iter().find(|class| class.name == name).ok_or_else(|| unknown("class", name, known()))
    }

    /// The classes that are built in.
    #[must_use]
    pub fn embedded() -> Self {
        let text = include_str!("../../../../policy/recipients.toml");
        read::read("policy/recipients.toml", text).unwrap_or_else(|_| Self::new(vec![Class::default()]))
    }

    /// The class that counts for a recipient.
    #[must_use]
    pub fn of(&self, recipient: &Address) -> Option<&Class> {
        if let Some((_, subject)) = self.subjects.of(recipient)
            && let Ok(class) = self.named(&subject.class)
        {
            return Some(class);
        }
        let names =
            |class: &&Class| class.recipients.is_empty() || class.recipients.iter().any(|whom| whom.is(recipient));
        self.classes.iter().find(names)
    }

    /// Does the class of this address let its recipients release mail themselves?
    #[must_use]
    pub fn may_release(&self, address: &str) -> bool {
        self.of(&Address::new(address)).is_some_and(|class| class.may_release)
    }

    /// The class of those that no other one names, and of mail without recipients.
    #[must_use]
    pub fn everybody(&self) -> Option<&Class> {
        self.classes.last()
    }

    #[must_use]
    pub fn all(&self) -> &[Class] {
        &self.classes
    }
}

impl Class {
    fn action(&self, kind: &str) -> Action {
        KINDS.iter().zip(self.actions).find(|(known, _)| **known == kind).map(|(_, action)| action).unwrap_or_default()
    }

    /// The severest objection to a mail, if any.
    #[must_use]
    pub fn objection(&self, message: &Message, account: &Account) -> Option<Objection> {
        let mut objections: Vec<Objection> = Vec::new();
        let mut object = |action: Action, what: String| {
            if action > Action::Accept {
                objections.push(Objection { action, what: format!("{}: {what}, {action}", self.name) });
            }
        };
        for part in &message.parts {
            for (action, kind) in self.of_part(part) {
                object(action, format!("{} {} {kind}", part.path, part.name));
            }
        }
        if message.defects.contains(&defects::HIDDEN_BY_READING) {
            object(self.action("hidden"), "hidden".to_owned());
        }
        for gap in &account.gaps {
            let is_unread = coverage::is_bound(gap.reason) || gap.reason == "not_unpacked";
            if gap.engine == Engine::Reader && is_unread {
                object(self.action("unread"), format!("{} {} unread", gap.part, gap.reason));
            }
            object(self.action("incomplete"), format!("{} {} incomplete", gap.part, gap.reason));
        }
        objections.into_iter().max_by_key(|objection| objection.action)
    }

    /// What is said to one part.
    fn of_part<'a>(&'a self, part: &'a Part) -> Vec<(Action, &'a str)> {
        let mut found = Vec::new();
        let by_type = self.of_type(&part.detected);
        match by_type {
            Some(action) => found.push((action, part.detected.as_str())),
            None if kinds::is_executable_type(&part.detected) => found.push((self.action("executable"), "executable")),
            None => {}
        }
        for extension in part.extensions() {
            if let Some((known, action)) = self.extensions.get_key_value(&extension) {
                found.push((*action, known.as_str()));
            } else if kinds::is_executable_extension(&extension) {
                found.push((self.action("executable"), "executable"));
            }
        }
        if part.encrypted && filetype::is_opened(&part.detected) {
            let kind = if filetype::is_document(&part.detected) { "encrypted_document" } else { "encrypted_archive" };
            found.push((self.action(kind), kind));
        }
        for kind in ["auto_exec", "macro"] {
            if part.traits.iter().any(|mark| mark == kind) {
                found.push((self.action(kind), kind));
            }
        }
        if self.bytes_max.is_some_and(|most| part.bytes > most && !part.is_shown) {
            found.push((self.action("oversize").max(Action::Tag), "oversize"));
        }
        found
    }

    fn of_type(&self, detected: &str) -> Option<Action> {
        let kind = detected.split_once('/').map(|(kind, _)| format!("{kind}/*"));
        self.types.get(detected).or_else(|| self.types.get(&kind?)).copied()
    }
}

/// The extension that a key names: without its dot, in lower case.
fn extension(text: &str) -> Option<String> {
    names::extension(&format!("x.{}", text.trim_start_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, body: &str) -> Message {
        let text = format!(
            "From: a@a.example\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\r\n{body}\r\n"
        );
        Message::parse(text.into_bytes().into())
    }

    fn action(classes: &Classes, to: &str, name: &str) -> Action {
        let message = message(name, "x");
        let account = Account::of(&message, &crate::judge::facts::Facts::default());
        let class = classes.of(&Address::new(to)).unwrap();
        class.objection(&message, &account).map(|objection| objection.action).unwrap_or_default()
    }

    #[test]
    fn the_first_class_that_names_a_recipient_counts() {
        let text = "[[class]]\nname = 'labor'\nrecipients = ['it@amt.example', '@labor.example']\n\
                    executable = 'tag'\n[class.extensions]\nexe = 'accept'\npdf = 'quarantine'\n\
                    [[class]]\nname = 'alle'\nexecutable = 'reject'\n";
        let classes = read::read("recipients.toml", text).unwrap();
        for (to, name, expected) in [
            ("IT@amt.example", "a.exe", Action::Accept),
            ("x@labor.example", "a.scr", Action::Tag),
            ("x@labor.example", "a.pdf", Action::Quarantine),
            ("x@amt.example", "a.exe", Action::Reject),
            ("x@amt.example", "a.pdf", Action::Accept),
        ] {
            assert_eq!(action(&classes, to, name), expected, "{to} {name}");
        }
    }

    #[test]
    fn the_class_of_a_subject_counts_before_those_that_name_its_address() {
        let text = "[[class]]\nname = 'labor'\nrecipients = '@amt.example'\nexecutable = 'tag'\n\
                    [[class]]\nname = 'alle'\nexecutable = 'reject'\n";
        let classes = read::read("recipients.toml", text).unwrap();
        let mut subjects = Subjects::default();
        let subject = |class: &str| subjects::Subject {
            addresses: vec!["x@amt.example".to_owned()],
            class: class.to_owned(),
            since: String::new(),
        };
        subjects.put("p-1", subject("alle")).unwrap();
        let classes = classes.with_subjects(Arc::new(subjects.clone())).unwrap();
        assert_eq!(action(&classes, "X+y@amt.example", "a.exe"), Action::Reject);
        assert_eq!(action(&classes, "z@amt.example", "a.exe"), Action::Tag);
        subjects.put("p-1", subject("ale")).unwrap();
        assert!(classes.with_subjects(Arc::new(subjects)).unwrap_err().contains("did you mean `alle`"));
    }

    #[test]
    fn the_built_in_classes_refuse_what_runs() {
        let classes = Classes::embedded();
        assert_eq!(classes.all().len(), 1);
        assert_eq!(action(&classes, "x@amt.example", "a.pdf.js"), Action::Reject);
        assert_eq!(action(&classes, "x@amt.example", "a.pdf"), Action::Accept);
    }
}
