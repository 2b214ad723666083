//! `wehr learn`: teaches a model what this house takes for unwanted, and makes it forget.
//!
//! Reads mails and a model, writes a model.

use super::{
    output::{self, Ending},
    progress::Progress,
    scan::input::Inputs,
};
use crate::{
    doors::{paper, teacher},
    judge::learned::{
        file,
        hash::Key,
        model::{Class, Model, Vector},
    },
    limits,
    mail::message::Message,
};
use clap::Args;
use serde_json::json;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Teach the model of this house: mails that were wanted, mails that were not.
///
/// PATHs are what scan reads: messages, folders, mboxes. Mails of both classes are learned in turn, in the order in which
/// they are found. The model holds weights of hashed marks, no text.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Learn {
    /// Mails that nobody wanted
    #[arg(long, value_name = "PATH", num_args = 1..)]
    spam: Vec<PathBuf>,
    /// Mails that were wanted
    #[arg(long, value_name = "PATH", num_args = 1..)]
    ham: Vec<PathBuf>,
    /// Model to begin with
    #[arg(long, value_name = "FILE", required_unless_present = "output")]
    model: Option<PathBuf>,
    /// Where the model is written; the file of --model if left out
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Mails to take back, before anything is learned
    #[arg(long, value_name = "PATH", num_args = 1.., requires = "was")]
    forget: Vec<PathBuf>,
    /// As what the mails of --forget were learned
    #[arg(long, value_name = "CLASS", value_parser = ["spam", "ham"])]
    was: Option<String>,
    /// How often each mail is learned; fixed when a model is begun
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100),
          conflicts_with = "model")]
    passes: u32,
    /// Key of a new model, 32 hex digits, for models that can be made again; random if left out
    #[arg(long, value_name = "HEX", conflicts_with = "model")]
    key: Option<String>,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Exit code: 0 learned; 2 wrong usage, or a model or mail could not be read (then nothing is written)

Example:
  wehr learn --spam Junk/ --ham Archive/ -o school.model
  wehr learn --model school.model --forget Archive/cur/17 --was ham";

impl Learn {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        match self.learned() {
            Ok((model, path)) => self.tell(&model, &path).map(|()| Ending::Fine),
            Err(error) => {
                output::trouble(error);
                Ok(Ending::Unreadable)
            }
        }
    }

    /// The model that was written, and where.
    fn learned(&self) -> Result<(Model, PathBuf), String> {
        let path = self.output.clone().or_else(|| self.model.clone()).unwrap_or_default();
        // A server that learns over its API may be at the same file.
        let _held = paper::lock(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut model = match &self.model {
            Some(path) => teacher::read(path)?,
            None => Model::new(self.key()?, self.passes),
        };
        let progress = Progress::counting("mails");
        let class = if self.was.as_deref() == Some("spam") { Class::Spam } else { Class::Ham };
        self.forget(&mut model, class, &progress)?;
        let mut spam = Mails::new(&self.spam, Class::Spam);
        let mut ham = Mails::new(&self.ham, Class::Ham);
        loop {
            let taken = in_turn(spam.some(&model, &progress)?, ham.some(&model, &progress)?);
            if taken.is_empty() {
                break;
            }
            model.learn(&taken);
        }
        paper::replace(&path, &model.to_file()).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok((model, path))
    }

    fn forget(&self, model: &mut Model, class: Class, progress: &Progress) -> Result<(), String> {
        let mut mails = Mails::new(&self.forget, class);
        loop {
            let taken = mails.some(model, progress)?;
            if taken.is_empty() {
                return Ok(());
            }
            model.forget(&taken);
        }
    }

    fn key(&self) -> Result<Key, String> {
        if let Some(text) = &self.key {
            return file::key(text).ok_or_else(|| format!("--key {text:?}: not 32 hex digits"));
        }
        let mut key = Key::default();
        aws_lc_rs::rand::fill(&mut key).map_err(|_| "this system gives no random numbers".to_owned())?;
        Ok(key)
    }

    fn tell(&self, model: &Model, path: &Path) -> io::Result<()> {
        let ((ham, spam), digest) = (model.known(), model.digest());
        let path = path.display().to_string();
        if self.json {
            return output::json(&json!({ "model": path, "ham": ham, "spam": spam, "digest": digest }));
        }
        output::line(format_args!("{}: knows {ham} ham, {spam} spam; digest {digest}", output::printable(&path)))
    }
}

/// The mails of one class, as vectors.
struct Mails {
    inputs: Inputs,
    class: Class,
}

impl Mails {
    fn new(paths: &[PathBuf], class: Class) -> Self {
        Self { inputs: Inputs::new(paths), class }
    }

    /// The next mails, up to `limits::LEARNED_AT_ONCE_MAX`.
    fn some(&mut self, model: &Model, progress: &Progress) -> Result<Vec<(Class, Vector)>, String> {
        let mut found = Vec::new();
        for input in self.inputs.by_ref().take(limits::LEARNED_AT_ONCE_MAX) {
            found.push((self.class, model.vector(&Message::parse(input?.raw))));
            progress.step();
        }
        Ok(found)
    }
}

/// Two lists as one, each spread evenly over the whole.
fn in_turn<T>(first: Vec<T>, second: Vec<T>) -> Vec<T> {
    let (all_first, all_second) = (first.len(), second.len());
    let mut out = Vec::with_capacity(all_first + all_second);
    let (mut first, mut second) = (first.into_iter().enumerate().peekable(), second.into_iter().enumerate().peekable());
    loop {
        let is_first = match (first.peek(), second.peek()) {
            (Some((done, _)), Some((other, _))) => done * all_second <= other * all_first,
            (left, _) => left.is_some(),
        };
        match if is_first { first.next() } else { second.next() } {
            Some((_, mail)) => out.push(mail),
            None => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_learned_in_turn() {
        assert_eq!(in_turn(vec![1, 2, 3, 4], vec![-1, -2]), [1, -1, 2, 3, -2, 4]);
        assert_eq!(in_turn(vec![1], vec![]), [1]);
        assert!(in_turn::<u8>(vec![], vec![]).is_empty());
    }
}
