//! Teacher: the file of the learned model, read, taught one mail and written back, as `wehr learn` does.
//!
//! Touches the file, under its lock.

use super::paper;
use crate::{
    judge::learned::{
        file,
        model::{Class, Model},
    },
    mail::message::Message,
};
use std::{fs::File, io::Read, path::Path};

/// Reads a model.
///
/// # Errors
/// In words: the file cannot be read, or is not as it was written.
pub fn read(path: &Path) -> Result<Model, String> {
    let told = |what: String| format!("{}: {what}", path.display());
    let bound = u64::try_from(file::FILE_BYTES_MAX).unwrap_or(u64::MAX - 1) + 1;
    let mut octets = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bound).read_to_end(&mut octets));
    read.map_err(|error| told(error.to_string()))?;
    Model::of_file(&octets).map_err(told)
}

/// Teaches the model one mail. Answers with the model that was written.
///
/// # Errors
/// In words: the file cannot be read or written; then the old one stands.
pub fn teach(path: &Path, class: Class, message: &Message) -> Result<Model, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let _held = paper::lock(path).map_err(told)?;
    let mut model = read(path)?;
    let vector = model.vector(message);
    model.learn(&[(class, vector)]);
    paper::replace(path, &model.to_file()).map_err(told)?;
    Ok(model)
}

/// Teaches the model that a mail was wanted; answers whether it could be: what is encrypted has nothing to teach.
///
/// # Errors
/// As those of `teach`.
pub fn teach_wanted(path: &Path, mail: Vec<u8>) -> Result<bool, String> {
    let message = Message::parse(mail.into());
    if message.protection.encrypted.is_some() {
        return Ok(false);
    }
    teach(path, Class::Ham, &message).map(|_| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn nobody_undoes_what_another_taught() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("school.model");
        paper::replace(&path, &Model::new([7; 16], 1).to_file()).unwrap();
        let mail = |number: usize| format!("From: a@b.example\r\nSubject: Ausflug {number}\r\n\r\nMorgen.\r\n");
        let voice = |number| {
            let path = path.clone();
            thread::spawn(move || teach_wanted(&path, mail(number).into_bytes()))
        };
        let taught: Vec<_> = (0..4).map(voice).collect();
        assert!(taught.into_iter().all(|one| one.join().unwrap() == Ok(true)));
        assert_eq!(read(&path).unwrap().known(), (4, 0));
        assert!(teach_wanted(&folder.path().join("none"), Vec::new()).unwrap_err().contains("none"));
    }
}
