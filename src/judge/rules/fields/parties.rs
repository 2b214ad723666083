//! Fields of the people named in the header: From, Reply-To, To, Cc, Sender.
//!
//! Pure.

use super::{Field, Type, Value};
use crate::{
    judge::rules::scene::Scene,
    mail::{
        address::Domain,
        parties::Party,
    },
};

/// Fields of the people in the header.
pub const FIELDS: &[Field] = &[
    Field { name: "from.name", kind: Type::Text, is_many: true, about: "display names of From", read: |scene, out| {
        out.extend(names(scene.parties("From")));
        Some(())
    } },
    Field { name: "from.address", kind: Type::Address, is_many: true, about: "addresses of From", read: |scene, out| {
        out.extend(addresses(scene.parties("From")));
        Some(())
    } },
    Field { name: "from.domain", kind: Type::Domain, is_many: true, about: "domains of the addresses of From", read: |scene, out| {
        out.extend(domains(scene.parties("From")));
        Some(())
    } },
    Field { name: "from.registrable", kind: Type::Domain, is_many: true, about: "registrable domains of the addresses of From", read: |scene, out| {
        out.extend(registrables(scene.parties("From")));
        Some(())
    } },
    Field { name: "reply_to.name", kind: Type::Text, is_many: true, about: "display names of Reply-To", read: |scene, out| {
        out.extend(names(scene.parties("Reply-To")));
        Some(())
    } },
    Field { name: "reply_to.address", kind: Type::Address, is_many: true, about: "addresses of Reply-To", read: |scene, out| {
        out.extend(addresses(scene.parties("Reply-To")));
        Some(())
    } },
    Field { name: "reply_to.domain", kind: Type::Domain, is_many: true, about: "domains of the addresses of Reply-To", read: |scene, out| {
        out.extend(domains(scene.parties("Reply-To")));
        Some(())
    } },
    Field { name: "reply_to.registrable", kind: Type::Domain, is_many: true, about: "registrable domains of the addresses of Reply-To", read: |scene, out| {
        out.extend(registrables(scene.parties("Reply-To")));
        Some(())
    } },
    Field { name: "to.name", kind: Type::Text, is_many: true, about: "display names of To", read: |scene, out| {
        out.extend(names(scene.parties("To")));
        Some(())
    } },
    Field { name: "to.address", kind: Type::Address, is_many: true, about: "addresses of To", read: |scene, out| {
        out.extend(addresses(scene.parties("To")));
        Some(())
    } },
    Field { name: "to.domain", kind: Type::Domain, is_many: true, about: "domains of the addresses of To", read: |scene, out| {
        out.extend(domains(scene.parties("To")));
        Some(())
    } },
    Field { name: "to.registrable", kind: Type::Domain, is_many: true, about: "registrable domains of the addresses of To", read: |scene, out| {
        out.extend(registrables(scene.parties("To")));
        Some(())
    } },
    Field { name: "cc.name", kind: Type::Text, is_many: true, about: "display names of Cc", read: |scene, out| {
        out.extend(names(scene.parties("Cc")));
        Some(())
    } },
    Field { name: "cc.address", kind: Type::Address, is_many: true, about: "addresses of Cc", read: |scene, out| {
        out.extend(addresses(scene.parties("Cc")));
        Some(())
    } },
    Field { name: "cc.domain", kind: Type::Domain, is_many: true, about: "domains of the addresses of Cc", read: |scene, out| {
        out.extend(domains(scene.parties("Cc")));
        Some(())
    } },
    Field { name: "cc.registrable", kind: Type::Domain, is_many: true, about: "registrable domains of the addresses of Cc", read: |scene, out| {
        out.extend(registrables(scene.parties("Cc")));
        Some(())
    } },
    Field { name: "sender.name", kind: Type::Text, is_many: true, about: "display names of Sender", read: |scene, out| {
        out.extend(names(scene.parties("Sender")));
        Some(())
    } },
    Field { name: "sender.address", kind: Type::Address, is_many: true, about: "addresses of Sender", read: |scene, out| {
        out.extend(addresses(scene.parties("Sender")));
        Some(())
    } },
    Field { name: "sender.domain", kind: Type::Domain, is_many: true, about: "domains of the addresses of Sender", read: |scene, out| {
        out.extend(domains(scene.parties("Sender")));
        Some(())
    } },
    Field { name: "sender.registrable", kind: Type::Domain, is_many: true, about: "registrable domains of the addresses of Sender", read: |scene, out| {
        out.extend(registrables(scene.parties("Sender")));
        Some(())
    } },
    Field { name: "return_path.name", kind: Type::Text, is_many: true, about: "display names of Return-Path", read: |scene, out| {
        out.extend(names(scene.parties("Return-Path")));
        Some(())
    } },
    Field { name: "return_path.address", kind: Type::Address, is_many: true, about: "addresses of Return-Path", read: |scene, out| {
        out.extend(addresses(scene.parties("Return-Path")));
        Some(())
    } },
    Field { name: "return_path.domain", kind: Type::Domain, is_many: true, about: "domains of the addresses of Return-Path", read: |scene, out| {
        out.extend(domains(scene.parties("Return-Path")));
        Some(())
    } },
    Field { name: "return_path.registrable", kind: Type::Domain, is_many: true, about: "registrable domains of the addresses of Return-Path", read: |scene, out| {
        out.extend(registrables(scene.parties("Return-Path")));
        Some(())
    } },
    Field { name: "message_id", kind: Type::Text, is_many: false, about: "Message-ID without angle brackets; empty if there is none", read: |scene, out| {
        out.push(Value::owned(message_id(scene)));
        Some(())
    } },
    Field { name: "message_id.domain", kind: Type::Domain, is_many: true, about: "what stands behind its @", read: |scene, out| {
        let id = message_id(scene);
        out.extend(id.rsplit_once('@').map(|(_, host)| Value::owned(host.to_ascii_lowercase())));
        Some(())
    } },
];

fn names(parties: &[Party]) -> impl Iterator<Item = Value<'_>> {
    parties.iter().filter(|party| !party.name.is_empty()).map(|party| Value::text(&party.name))
}

fn addresses(parties: &[Party]) -> impl Iterator<Item = Value<'_>> {
    parties.iter().map(|party| Value::text(&party.address))
}

fn domains(parties: &[Party]) -> impl Iterator<Item = Value<'_>> {
    parties.iter().filter_map(|party| party.domain.as_ref()).map(|domain| Value::text(domain.as_str()))
}

fn registrables(parties: &[Party]) -> impl Iterator<Item = Value<'_>> {
    let own = |domain: &Domain| Value::owned(domain.registrable().unwrap_or_else(|| domain.clone()).as_str().to_owned());
    parties.iter().filter_map(|party| party.domain.as_ref()).map(own)
}

fn message_id(scene: &Scene<'_>) -> String {
    let field = scene.mail.message.head.first("Message-ID");
    field.map(|field| field.text().trim_matches(['<', '>', ' ']).to_owned()).unwrap_or_default()
}
