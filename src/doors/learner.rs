//! Learner: the file of the learned model, changed by one at a time.
//!
//! Touches files. Whoever changes a model holds the lock of a file beside it, so that `wehr learn` and a server that is
//! told "not spam" do not undo each other. The old file stays whole until the new one is.

use crate::{
    judge::learned::{
        file,
        model::{Class, Model},
    },
    mail::message::Message,
};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Waits until nobody else changes the model, as long as the answer lives.
///
/// # Errors
/// When the lock's file cannot be made.
pub fn lock(model: &Path) -> io::Result<File> {
    let mut place = model.as_os_str().to_owned();
    place.push(".lock");
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(PathBuf::from(place))?;
    file.lock().map(|()| file)
}

/// Reads a model.
///
/// # Errors
/// When the file cannot be read, or is no model.
pub fn read(path: &Path) -> Result<Model, String> {
    let told = |what: String| format!("{}: {what}", path.display());
    let bound = u64::try_from(file::FILE_BYTES_MAX).unwrap_or(u64::MAX - 1) + 1;
    let mut octets = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bound).read_to_end(&mut octets));
    read.map_err(|error| told(error.to_string()))?;
    Model::of_file(&octets).map_err(told)
}

/// Writes a model. The caller holds the lock.
///
/// # Errors
/// When the disk refuses.
pub fn write(path: &Path, model: &Model) -> Result<(), String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(&model.to_file())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map(|_| ()).map_err(|error| format!("{}: {error}", path.display()))
}

/// Teaches the model that a mail was wanted; answers whether it could be: what is encrypted has nothing to teach.
///
/// # Errors
/// When the model cannot be read or written.
pub fn learn_wanted(path: &Path, mail: Vec<u8>) -> Result<bool, String> {
    let message = Message::parse(mail.into());
    if message.protection.encrypted.is_some() {
        return Ok(false);
    }
    let _lock = lock(path).map_err(|error| format!("{}: cannot lock it: {error}", path.display()))?;
    let mut model = read(path)?;
    let vector = model.vector(&message);
    model.learn(&[(Class::Ham, vector)]);
    write(path, &model).map(|()| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn nobody_undoes_what_another_learned() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("school.model");
        write(&path, &Model::new([7; 16], 1)).unwrap();
        let mail = |number: usize| format!("From: a@b.example\r\nSubject: Ausflug {number}\r\n\r\nMorgen.\r\n");
        let teach = |number| {
            let path = path.clone();
            thread::spawn(move || learn_wanted(&path, mail(number).into_bytes()))
        };
        let taught: Vec<_> = (0..4).map(teach).collect();
        assert!(taught.into_iter().all(|one| one.join().unwrap() == Ok(true)));
        assert_eq!(read(&path).unwrap().known(), (4, 0));
        assert!(learn_wanted(&folder.path().join("none"), Vec::new()).unwrap_err().contains("none"));
    }
}
