//! Fields of the people named in the header: From, Reply-To, To, Cc, Sender.
//!
//! Pure.

use super::{Field, Type, Value};
use crate::mail::{address::Domain, parties::Party};

/// Fields of the people in the header.
pub const FIELDS: &[Field] = &[
    Field {
        name: "from.name",
        kind: Type::Text,
        is_many: true,
        about: "display names of From",
        read: |scene, out| {
            out.extend(names(&scene.parties().from));
            Some(())
        },
    },
    Field {
        name: "from.address",
        kind: Type::Address,
        is_many: true,
        about: "addresses of From",
        read: |scene, out| {
            out.extend(addresses(&scene.parties().from));
            Some(())
        },
    },
    Field {
        name: "from.domain",
        kind: Type::Domain,
        is_many: true,
        about: "domains of the addresses of From",
        read: |scene, out| {
            out.extend(domains(&scene.parties().from));
            Some(())
        },
    },
    Field {
        name: "from.registrable",
        kind: Type::Domain,
        is_many: true,
        about: "registrable domains of the addresses of From",
        read: |scene, out| {
            out.extend(registrables(&scene.parties().from));
            Some(())
        },
    },
    Field {
        name: "reply_to.name",
        kind: Type::Text,
        is_many: true,
        about: "display names of Reply-To",
        read: |scene, out| {
            out.extend(names(&scene.parties().reply_to));
            Some(())
        },
    },
    Field {
        name: "reply_to.address",
        kind: Type::Address,
        is_many: true,
        about: "addresses of Reply-To",
        read: |scene, out| {
            out.extend(addresses(&scene.parties().reply_to));
            Some(())
        },
    },
    Field {
        name: "reply_to.domain",
        kind: Type::Domain,
        is_many: true,
        about: "domains of the addresses of Reply-To",
        read: |scene, out| {
            out.extend(domains(&scene.parties().reply_to));
            Some(())
        },
    },
    Field {
        name: "reply_to.registrable",
        kind: Type::Domain,
        is_many: true,
        about: "registrable domains of the addresses of Reply-To",
        read: |scene, out| {
            out.extend(registrables(&scene.parties().reply_to));
            Some(())
        },
    },
    Field {
        name: "to.name",
        kind: Type::Text,
        is_many: true,
        about: "display names of To",
        read: |scene, out| {
            out.extend(names(&scene.parties().to));
            Some(())
        },
    },
    Field {
        name: "to.address",
        kind: Type::Address,
        is_many: true,
        about: "addresses of To",
        read: |scene, out| {
            out.extend(addresses(&scene.parties().to));
            Some(())
        },
    },
    Field {
        name: "to.domain",
        kind: Type::Domain,
        is_many: true,
        about: "domains of the addresses of To",
        read: |scene, out| {
            out.extend(domains(&scene.parties().to));
            Some(())
        },
    },
    Field {
        name: "to.registrable",
        kind: Type::Domain,
        is_many: true,
        about: "registrable domains of the addresses of To",
        read: |scene, out| {
            out.extend(registrables(&scene.parties().to));
            Some(())
        },
    },
    Field {
        name: "cc.name",
        kind: Type::Text,
        is_many: true,
        about: "display names of Cc",
        read: |scene, out| {
            out.extend(names(&scene.parties().cc));
            Some(())
        },
    },
    Field {
        name: "cc.address",
        kind: Type::Address,
        is_many: true,
        about: "addresses of Cc",
        read: |scene, out| {
            out.extend(addresses(&scene.parties().cc));
            Some(())
        },
    },
    Field {
        name: "cc.domain",
        kind: Type::Domain,
        is_many: true,
        about: "domains of the addresses of Cc",
        read: |scene, out| {
            out.extend(domains(&scene.parties().cc));
            Some(())
        },
    },
    Field {
        name: "cc.registrable",
        kind: Type::Domain,
        is_many: true,
        about: "registrable domains of the addresses of Cc",
        read: |scene, out| {
            out.extend(registrables(&scene.parties().cc));
            Some(())
        },
    },
    Field {
        name: "sender.name",
        kind: Type::Text,
        is_many: true,
        about: "display names of Sender",
        read: |scene, out| {
            out.extend(names(&scene.parties().sender));
            Some(())
        },
    },
    Field {
        name: "sender.address",
        kind: Type::Address,
        is_many: true,
        about: "addresses of Sender",
        read: |scene, out| {
            out.extend(addresses(&scene.parties().sender));
            Some(())
        },
    },
    Field {
        name: "sender.domain",
        kind: Type::Domain,
        is_many: true,
        about: "domains of the addresses of Sender",
        read: |scene, out| {
            out.extend(domains(&scene.parties().sender));
            Some(())
        },
    },
    Field {
        name: "sender.registrable",
        kind: Type::Domain,
        is_many: true,
        about: "registrable domains of the addresses of Sender",
        read: |scene, out| {
            out.extend(registrables(&scene.parties().sender));
            Some(())
        },
    },
    Field {
        name: "return_path.name",
        kind: Type::Text,
        is_many: true,
        about: "display names of Return-Path",
        read: |scene, out| {
            out.extend(names(&scene.parties().return_path));
            Some(())
        },
    },
    Field {
        name: "return_path.address",
        kind: Type::Address,
        is_many: true,
        about: "addresses of Return-Path",
        read: |scene, out| {
            out.extend(addresses(&scene.parties().return_path));
            Some(())
        },
    },
    Field {
        name: "return_path.domain",
        kind: Type::Domain,
        is_many: true,
        about: "domains of the addresses of Return-Path",
        read: |scene, out| {
            out.extend(domains(&scene.parties().return_path));
            Some(())
        },
    },
    Field {
        name: "return_path.registrable",
        kind: Type::Domain,
        is_many: true,
        about: "registrable domains of the addresses of Return-Path",
        read: |scene, out| {
            out.extend(registrables(&scene.parties().return_path));
            Some(())
        },
    },
    Field {
        name: "message_id",
        kind: Type::Text,
        is_many: false,
        about: "Message-ID without angle brackets; empty if there is none",
        read: |scene, out| {
            out.push(Value::text(&scene.parties().message_id));
            Some(())
        },
    },
    Field {
        name: "message_id.domain",
        kind: Type::Domain,
        is_many: true,
        about: "what stands behind its @",
        read: |scene, out| {
            out.extend(
                scene.parties().message_id.rsplit_once('@').map(|(_, host)| Value::owned(host.to_ascii_lowercase())),
            );
            Some(())
        },
    },
];

fn names(parties: &[Party]) -> impl Iterator<Item = Value<'_>> {
    parties.iter().filter(|party| !party.name.is_empty()).map(|party| Value::text(&party.name))
}

fn addresses(parties: &[Party]) -> impl Iterator<Item = Value<'_>> {
    parties.iter().filter(|party| !party.address.is_empty()).map(|party| Value::text(&party.address))
}

fn domains(parties: &[Party]) -> impl Iterator<Item = Value<'_>> {
    parties.iter().filter_map(|party| party.domain.as_ref()).map(|domain| Value::text(domain.as_str()))
}

fn registrables(parties: &[Party]) -> impl Iterator<Item = Value<'_>> {
    let own =
        |domain: &Domain| Value::owned(domain.registrable().unwrap_or_else(|| domain.clone()).as_str().to_owned());
    parties.iter().filter_map(|party| party.domain.as_ref()).map(own)
}
