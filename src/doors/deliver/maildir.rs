//! Delivery into Maildirs, one mailbox a recipient: `<root>/<domain>/<local part>/new/<file>`.
//!
//! Touches files through `folder`, which holds the argument why no crash loses a mail. Each recipient gets a copy of
//! its own with `Return-Path` and `Delivered-To` on top (RFC 5321 4.4), so no copy tells of another recipient (Bcc).
//! Line ends are LF in the files, as every Maildir reader expects; Dovecot gives them back as CRLF.

use super::{folder::Folders, lines::Form, parcel::Parcel};
use crate::{judge::policy::verdict::Reply, limits, mail::address::Address};
use aws_lc_rs::digest::{SHA256, digest};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use std::{
    fmt::Write,
    io,
    path::{Path, PathBuf},
};

/// Octets of a folder name kept in front of the digest when the name is too long.
const NAME_PREFIX_BYTES: usize = 128;

/// Maildir delivery.
#[derive(Clone, Debug)]
pub struct Maildir {
    folders: Folders,
}

impl Maildir {
    /// `host` is this machine's name; it becomes part of every file name.
    #[must_use]
    pub fn new(root: PathBuf, host: &str) -> Self {
        Self { folders: Folders::new(root, host) }
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        self.folders.root()
    }

    /// Stores one copy a recipient; one reply per recipient, same order. One failure does not touch the others.
    pub async fn deliver(&self, parcel: &Parcel, recipients: &[Address]) -> Vec<Reply> {
        // Boxed: the compiler cannot see that a closure over borrowed recipients gives `Send` futures.
        let copies: Vec<BoxFuture<'_, Reply>> =
            recipients.iter().map(|recipient| self.deliver_one(parcel, recipient).boxed()).collect();
        stream::iter(copies).buffered(limits::MAILDIR_COPIES_AT_ONCE_MAX).collect().await
    }

    async fn deliver_one(&self, parcel: &Parcel, recipient: &Address) -> Reply {
        if recipient.is_null() {
            return Reply::new(553, "5.1.3", "the recipient address is empty");
        }
        let preface = format!("Return-Path: <{}>\nDelivered-To: {}\n", one_line(&parcel.sender), one_line(recipient))
            .into_bytes();
        match self.store(parcel, &mailbox(recipient), preface).await {
            Ok(_) => Reply::new(250, "2.0.0", "delivered"),
            Err(error) => refusal(self.root(), &error),
        }
    }

    async fn store(&self, parcel: &Parcel, folder: &Path, preface: Vec<u8>) -> io::Result<PathBuf> {
        let draft = self.folders.draft(folder).await?;
        draft.fill(preface, parcel, Some(Form::File)).await?.publish().await
    }
}

/// The reply that a failing disk becomes; always transient, since it is our disk and not the sender's mail.
fn refusal(root: &Path, error: &io::Error) -> Reply {
    tracing::error!(folder = %root.display(), %error, "the Maildir did not take a mail; it is deferred");
    match error.kind() {
        io::ErrorKind::StorageFull => Reply::new(452, "4.3.1", "mail system full, try again later"),
        io::ErrorKind::QuotaExceeded => Reply::new(452, "4.2.2", "mailbox full, try again later"),
        _ => Reply::new(451, "4.3.0", "mail system trouble, try again later"),
    }
}

/// An address for a header field: nothing in it can end the field.
fn one_line(address: &Address) -> String {
    address.as_str().replace(char::is_control, "")
}

/// The folder of a recipient below the root: `<domain>/<local part>`, both lower case and safe as file names.
#[must_use]
pub fn mailbox(recipient: &Address) -> PathBuf {
    let domain = match recipient.domain() {
        Some(domain) => domain.as_str().to_owned(),
        None => recipient.domain_text().unwrap_or_default().to_lowercase(),
    };
    let local = unquoted(recipient.local_part()).to_lowercase();
    Path::new(&file_name(&domain)).join(file_name(&local))
}

/// The local part without the quotes that are not part of it (RFC 5321 4.1.2: `"a"@x` and `a@x` are one mailbox).
fn unquoted(local: &str) -> String {
    let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return local.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.extend(characters.next()),
            _ => out.push(character),
        }
    }
    out
}

/// One path component: letters, digits and `._+-` stand for themselves, all else is `%` and two hex digits.
///
/// A leading dot is encoded too, so no name is hidden, `.` or `..`. Nothing at all is `%`, which no other name gives.
/// A name over `limits::MAILBOX_NAME_BYTES_MAX` is cut and ends in `%sha256-` and half of its digest.
fn file_name(text: &str) -> String {
    if text.is_empty() {
        return "%".to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'.' if at == 0 => out.push_str("%2e"),
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'+' | b'-' => out.push(char::from(byte)),
            _ => push_hex(&mut out, "%", byte),
        }
    }
    if out.len() > limits::MAILBOX_NAME_BYTES_MAX {
        out.truncate(NAME_PREFIX_BYTES);
        out.push_str("%sha256-");
        for byte in digest(&SHA256, text.as_bytes()).as_ref().iter().take(16) {
            push_hex(&mut out, "", *byte);
        }
    }
    out
}

fn push_hex(out: &mut String, prefix: &str, byte: u8) {
    // Writing into a String cannot fail.
    let _ = write!(out, "{prefix}{byte:02x}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mailboxes_have_safe_names() {
        let cases = [
            ("Erika.Muster@Schule.Example", "schule.example/erika.muster"),
            ("\"erika.muster\"@schule.example.", "schule.example/erika.muster"),
            ("\"a b\\\"c\"@x", "x/a%20b%22c"),
            ("../../etc/passwd@x", "x/%2e.%2f..%2fetc%2fpasswd"),
            ("a@../..", "%2e.%2f../a"),
            ("..@..", "%2e./%2e."),
            ("@x", "x/%"),
            ("postmaster", "%/postmaster"),
            ("a@[192.0.2.1]", "%5b192.0.2.1%5d/a"),
            ("j\u{f6}rg@b\u{fc}cher.example", "xn--bcher-kva.example/j%c3%b6rg"),
            ("a+b_c-d@x", "x/a+b_c-d"),
            ("a%b\0@x", "x/a%25b%00"),
        ];
        for (address, folder) in cases {
            assert_eq!(mailbox(&Address::new(address)), Path::new(folder), "{address}");
        }
    }

    #[test]
    fn a_full_disk_is_said() {
        assert_eq!(
            refusal(Path::new("x"), &io::ErrorKind::StorageFull.into()).to_string(),
            "452 4.3.1 mail system full, try again later"
        );
        assert_eq!(refusal(Path::new("x"), &io::ErrorKind::QuotaExceeded.into()).code, 452);
        assert_eq!(refusal(Path::new("x"), &io::ErrorKind::PermissionDenied.into()).code, 451);
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let (one, other) = (format!("{}1@x", "a".repeat(900)), format!("{}2@x", "a".repeat(900)));
        let (one, other) = (mailbox(&Address::new(&one)), mailbox(&Address::new(&other)));
        assert_ne!(one, other);
        assert!(one.file_name().unwrap().len() <= 255);
    }

    proptest! {
        #[test]
        fn no_address_leaves_the_root(text in ".{0,60}", dots in "[./@\"\\\\]{0,12}") {
            for address in [format!("{text}{dots}"), format!("{dots}{text}"), format!("{text}@{dots}")] {
                let path = mailbox(&Address::new(&address));
                let names: Vec<_> = path.components().collect();
                prop_assert_eq!(names.len(), 2);
                for name in names {
                    let std::path::Component::Normal(name) = name else { return Err(TestCaseError::fail("traversal")) };
                    let name = name.to_str().unwrap();
                    prop_assert!(!name.starts_with('.') && name.len() <= 255 && name.is_ascii());
                }
            }
        }
    }
}
