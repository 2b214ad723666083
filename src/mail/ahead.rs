//! The next place of a mark, for a reader that only goes on.
//!
//! Pure. A mark that was found, or that nothing more is of, is not searched for again: however often a reader asks, the
//! octets are looked at once.

use memchr::memmem::Finder;

/// A mark, and where it was found last.
#[derive(Debug)]
pub struct Ahead<'m> {
    mark: Finder<'m>,
    /// Not yet searched for.
    is_new: bool,
    next: Option<usize>,
}

impl<'m> Ahead<'m> {
    #[must_use]
    pub fn new(mark: &'m [u8]) -> Self {
        Self { mark: Finder::new(mark), is_new: true, next: None }
    }

    /// The first place from `from` on; the octets are always the same ones, and `from` never goes back.
    pub fn find(&mut self, octets: &[u8], from: usize) -> Option<usize> {
        if self.is_new || self.next.is_some_and(|next| next < from) {
            self.is_new = false;
            self.next = octets.get(from..).and_then(|rest| self.mark.find(rest)).map(|at| from + at);
        }
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_order() {
        let text = b"a--b--c";
        let mut mark = Ahead::new(b"--");
        let found = [0, 1, 2, 4, 5, 7, 9].map(|from| mark.find(text, from));
        assert_eq!(found, [Some(1), Some(1), Some(4), Some(4), None, None, None]);
    }
}
