//! Fields of signed and encrypted mail. Results of signatures are open in samples.
//!
//! Pure.

use super::{Field, Type, Value};
use crate::mail::protection::Family;

const STANDINGS: &[&str] =
    &["none", "valid", "invalid", "untrusted", "expired", "wrong_address", "unknown_key", "unsupported"];

pub const FIELDS: &[Field] = &[
    Field {
        name: "signed.smime",
        kind: Type::Word(STANDINGS),
        is_many: false,
        about: "the S/MIME signature over the whole mail",
        read: |scene, out| {
            out.push(Value::text(scene.outside?.authentication.signatures.smime.result.word()));
            Some(())
        },
    },
    Field {
        name: "signed.openpgp",
        kind: Type::Word(STANDINGS),
        is_many: false,
        about: "the OpenPGP signature over the whole mail",
        read: |scene, out| {
            out.push(Value::text(scene.outside?.authentication.signatures.openpgp.result.word()));
            Some(())
        },
    },
    Field {
        name: "signed.by",
        kind: Type::Address,
        is_many: true,
        about: "addresses of who signed the whole mail validly, in lower case",
        read: |scene, out| {
            out.extend(scene.outside?.authentication.signatures.signers().map(Value::text));
            Some(())
        },
    },
    Field {
        name: "signed.part",
        kind: Type::Flag,
        is_many: false,
        about: "a part is signed, the mail as a whole is not",
        read: |scene, out| {
            out.push(Value::flag(scene.mail.message.protection.is_part_signed));
            Some(())
        },
    },
    Field {
        name: "encrypted.smime",
        kind: Type::Flag,
        is_many: false,
        about: "the whole mail is encrypted by S/MIME",
        read: |scene, out| {
            out.push(Value::flag(scene.mail.message.protection.encrypted == Some(Family::Smime)));
            Some(())
        },
    },
    Field {
        name: "encrypted.openpgp",
        kind: Type::Flag,
        is_many: false,
        about: "the whole mail is encrypted by OpenPGP",
        read: |scene, out| {
            out.push(Value::flag(scene.mail.message.protection.encrypted == Some(Family::Openpgp)));
            Some(())
        },
    },
];
