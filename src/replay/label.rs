//! Labels: what a mail is known to be.
//!
//! Pure.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What a mail is known to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    Ham,
    Spam,
    Phish,
    #[default]
    Unlabelled,
}

impl Label {
    pub const ALL: [Self; 4] = [Self::Ham, Self::Spam, Self::Phish, Self::Unlabelled];

    /// The word used in JSON and in files of labels.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ham => "ham",
            Self::Spam => "spam",
            Self::Phish => "phish",
            Self::Unlabelled => "unlabelled",
        }
    }

    /// The label that a word names, in letters of any case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.word().eq_ignore_ascii_case(word))
    }

    /// Which of two columns it counts in; none if nobody knows.
    #[must_use]
    pub fn class(self) -> Option<Class> {
        match self {
            Self::Ham => Some(Class::Ham),
            Self::Spam | Self::Phish => Some(Class::Unwanted),
            Self::Unlabelled => None,
        }
    }
}

/// Wanted mail, or spam and phishing together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Ham,
    Unwanted,
}

/// Where labels come from.
#[derive(Clone, Debug, Default)]
pub enum Labels {
    /// The innermost folder (or file name without ending) on a mail's path that is called ham, spam or phish.
    #[default]
    Folder,
    /// Paths as they are reported, with their labels.
    Listed(HashMap<String, Label>),
}

impl Labels {
    /// Reads lines `PATH<TAB>LABEL`; empty lines and those that begin with `#` say nothing.
    ///
    /// # Errors
    /// Every line that is not so, with its number.
    pub fn listed(text: &str) -> Result<Self, Vec<String>> {
        let (mut listed, mut wrong) = (HashMap::new(), Vec::new());
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            match line.rsplit_once('\t').and_then(|(path, word)| Some((path, Label::parse(word.trim())?))) {
                Some((path, label)) => drop(listed.insert(path.to_owned(), label)),
                None => wrong.push(format!("{}: not PATH, a tab, and ham, spam or phish", number + 1)),
            }
        }
        if wrong.is_empty() { Ok(Self::Listed(listed)) } else { Err(wrong) }
    }

    /// The label of a mail; one of an mbox is looked for as `PATH#INDEX` first.
    #[must_use]
    pub fn of(&self, path: &str, index: usize) -> Label {
        match self {
            Self::Listed(listed) => {
                let found = listed.get(&format!("{path}#{index}")).or_else(|| listed.get(path));
                found.copied().unwrap_or_default()
            }
            Self::Folder => {
                let stem = |name: &str| name.split('.').next().and_then(Label::parse);
                path.rsplit('/').find_map(stem).unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_folder_names_the_label() {
        let of = |path| Labels::Folder.of(path, 1);
        assert_eq!(of("dev/spam/x/ham/1.eml"), Label::Ham);
        assert_eq!(of("dev.tar.zst/a/Phish/1.eml"), Label::Phish);
        assert_eq!(of("spam.mbox"), Label::Spam);
        assert_eq!(of("hamburg/1.eml"), Label::Unlabelled);
    }

    #[test]
    fn a_file_names_paths_and_messages_of_an_mbox() {
        let labels = Labels::listed("# mine\nbox\tham\nbox#2\tspam\n").unwrap();
        assert_eq!((labels.of("box", 1), labels.of("box", 2)), (Label::Ham, Label::Spam));
        assert_eq!(labels.of("other", 1), Label::Unlabelled);
        assert_eq!(Labels::listed("a ham\n").unwrap_err(), ["1: not PATH, a tab, and ham, spam or phish"]);
    }
}
