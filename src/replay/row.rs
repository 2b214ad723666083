//! Row: what a replay keeps of one judged mail; also the JSON object of `wehr replay --mails`.
//!
//! Pure.

use super::label::Label;
use crate::judge::{findings::Score, policy::verdict::Action};
use serde::{Deserialize, Serialize};

/// One judged mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub path: String,
    /// Position in an mbox, from 1.
    pub index: usize,
    pub label: Label,
    /// Octets of the message.
    pub bytes: usize,
    /// Of the octets of the message: 32 hex digits; empty if nobody wants it.
    #[serde(default)]
    pub digest: String,
    #[serde(flatten)]
    pub side: Side,
    /// Questions that nobody had recorded the answer of, by kind, each once.
    pub not_recorded: Vec<String>,
    /// Digest of the whole verdict, for comparing runs bit for bit.
    pub verdict: String,
    /// Reading and judging, in microseconds.
    #[serde(default)]
    pub micros: u64,
}

/// What one set of rules made of a mail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Side {
    #[serde(with = "points")]
    pub score: Score,
    #[serde(with = "word")]
    pub action: Action,
    /// Sorted by name, each once.
    pub symbols: Vec<Hit>,
}

/// A symbol that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    pub name: String,
    /// What it weighed, before its group was capped.
    #[serde(with = "points")]
    pub score: Score,
    #[serde(with = "word")]
    pub least_action: Action,
    /// Without it the action would have been another.
    pub decided: bool,
}

impl Row {
    /// The name of the mail: its path, and its place in an mbox.
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.path, self.index)
    }
}

/// `PATH`, or `PATH#INDEX` from the second message of an mbox on.
#[must_use]
pub fn name(path: &str, index: usize) -> String {
    if index > 1 { format!("{path}#{index}") } else { path.to_owned() }
}

impl Side {
    /// Would the recipient find it marked, or not at all?
    #[must_use]
    pub fn is_caught(&self) -> bool {
        self.action >= Action::Tag
    }
}

/// Scores as points.
mod points {
    use super::Score;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub fn serialize<S: Serializer>(score: &Score, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_f64(score.points())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Score, D::Error> {
        format!("{:.2}", f64::deserialize(from)?).parse().map_err(|()| D::Error::custom("not a score"))
    }
}

/// Actions as words.
mod word {
    use super::Action;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub fn serialize<S: Serializer>(action: &Action, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(action.word())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Action, D::Error> {
        let word = String::deserialize(from)?;
        Action::parse(&word).ok_or_else(|| D::Error::custom(format!("{word} is no action")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_survives_its_json() {
        let hit =
            Hit { name: "A".into(), score: Score::from_hundredths(-120), least_action: Action::Accept, decided: true };
        let side = Side { score: Score::from_hundredths(625), action: Action::Tag, symbols: vec![hit] };
        let row = Row {
            path: "a".into(),
            index: 2,
            label: Label::Phish,
            bytes: 9,
            digest: String::new(),
            side,
            not_recorded: vec!["txt".into()],
            verdict: "00".into(),
            micros: 7,
        };
        let text = serde_json::to_string(&row).unwrap();
        assert!(text.contains(r#""score":6.25,"action":"tag""#), "{text}");
        assert_eq!(serde_json::from_str::<Row>(&text).unwrap(), row);
        assert_eq!(row.name(), "a#2");
    }
}
