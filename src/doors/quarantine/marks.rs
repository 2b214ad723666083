//! Marks on a mail set aside that change nobody's copy: whom a digest told, and that the model has learned it.
//!
//! Touches the folder. A mark is written after what it stands for: a crash between the two does it twice, never not at all.

use super::{Quarantine, State, blocking};
use crate::world::clock::now;
use std::io;

impl Quarantine {
    /// Notes that a digest told this recipient of the mail. A mail that is gone needs no mark.
    ///
    /// # Errors
    /// When the slip cannot be read or written.
    pub fn mark_told(&self, id: &str, recipient: &str) -> io::Result<()> {
        let marked = self.entry(id).and_then(|entry| {
            entry.lock()?;
            let (mut slip, now) = (entry.slip()?, now().to_string());
            let theirs = slip.recipients.iter_mut().filter(|it| it.address.eq_ignore_ascii_case(recipient));
            theirs.for_each(|it| now.clone_into(&mut it.told_at));
            entry.write_slip(&slip)
        });
        match marked {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            marked => marked,
        }
    }

    /// Gives the mail to `learn`, unless it was learned before; answers whether it was learned now. Nobody else
    /// changes the mail meanwhile.
    ///
    /// # Errors
    /// When the mail cannot be read or marked, and what `learn` says.
    pub async fn learn_once(
        &self,
        id: &str,
        learn: impl FnOnce(Vec<u8>) -> io::Result<bool> + Send + 'static,
    ) -> io::Result<bool> {
        let (quarantine, id) = (self.clone(), id.to_owned());
        blocking(move || {
            let entry = quarantine.entry(&id)?;
            entry.lock()?;
            let mut slip = entry.slip()?;
            if !slip.learned_at.is_empty() || !learn(entry.message()?)? {
                return Ok(false);
            }
            slip.learned_at = now().to_string();
            entry.write_slip(&slip).map(|()| true)
        })
        .await
    }
}

/// Does this recipient wait for the mail, and was not told of it?
#[must_use]
pub fn is_news(state: State, told_at: &str) -> bool {
    state == State::Held && told_at.is_empty()
}
