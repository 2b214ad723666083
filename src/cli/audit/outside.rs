//! What leaves the house, and who can reach in.
//!
//! Pure: reads settings.

use super::{super::egress::questions, Section};
use crate::{
    config::{
        Settings,
        egress::{self, Contact},
    },
    web::tokens::Role,
    world::place::Place,
};
use std::net::SocketAddr;

/// Every destination, whether it is expected, and whether the way there is encrypted where mail goes.
#[must_use]
pub fn egress(settings: &Settings) -> Section {
    let mut section = Section::new("egress");
    let contacts = egress::contacts(settings, &questions());
    let is_outside = contacts.iter().any(|contact| !contact.target.is_local());
    let (mode, why) = match (settings.is_egress_denied, is_outside) {
        (true, _) => ("deny", "a destination that is neither here nor listed is refused at start and reload"),
        (false, false) => ("allow", "nobody outside is contacted now, but nothing holds a later configuration to it"),
        (false, true) => ("allow", "nothing holds the configuration to the destinations below: say deny and list them"),
    };
    section.tell(settings.is_egress_denied || !is_outside, format!("mode {mode}"), "egress.mode", why);
    for contact in &contacts {
        destination(&mut section, settings, contact);
    }
    if contacts.is_empty() {
        section.tell(true, "no destination", "deliver.to", "nobody is contacted");
    }
    section
}

fn destination(section: &mut Section, settings: &Settings, contact: &Contact) {
    let what = format!("{} over {}", contact.target, contact.protocol);
    let data: Vec<&str> = contact.data.iter().map(|data| data.kind).collect();
    let goes = format!("goes there: {}", data.join(", "));
    let has_content = data.iter().any(|kind| matches!(*kind, "mail" | "virus" | "virus_inner"));
    if contact.target.is_local() {
        section.tell(true, what, contact.key, format!("on this machine; {goes}"));
    } else if !egress::is_allowed(settings, &contact.target) {
        section.tell(false, what, contact.key, format!("not in egress.allowed; {goes}"));
    } else if has_content && contact.protocol.contains("not encrypted") {
        section.tell(false, what, contact.key, format!("whole mails cross a network in clear; {goes}"));
    } else {
        section.tell(true, what, contact.key, format!("listed; {goes}"));
    }
}

/// Every door, and who can reach it without encryption.
#[must_use]
pub fn listeners(settings: &Settings) -> Section {
    let mut section = Section::new("listeners");
    let tcp = |addresses: &[SocketAddr]| addresses.iter().copied().map(Place::Tcp).collect::<Vec<_>>();
    let doors: [(&str, Vec<Place>, &str); 6] = [
        (
            "milter.listen",
            settings.milter_listen.clone(),
            "the milter protocol has no TLS: mail crosses a network in clear",
        ),
        (
            "http.listen",
            tcp(&settings.http_listen),
            "whoever reaches it sees the metrics (no addresses in them), in clear",
        ),
        (
            "http.check_listen",
            settings.check_listen.clone(),
            "whoever reaches it may ask, and mail crosses a network in clear",
        ),
        (
            "spamd.listen",
            settings.spamd_listen.clone(),
            "whoever reaches it may ask, and mail crosses a network in clear",
        ),
        (
            "http.admin_listen",
            admin(settings),
            "the admin API has no TLS of its own: tokens and addresses cross a network in clear; put a proxy before it",
        ),
        (
            "http.mailbox_listen",
            tcp(&settings.mailbox_listen),
            "the page of recipients has no TLS of its own: links and subjects cross a network in clear; put a proxy before it",
        ),
    ];
    for (key, places, trouble) in doors {
        tell(&mut section, key, &places, trouble);
    }
    if settings.lmtp_keys.is_some() {
        section.tell(true, "STARTTLS is offered", "lmtp.certificate", "an MTA elsewhere can encrypt");
    } else {
        let why = "no lmtp.certificate: mail crosses a network in clear";
        tell(&mut section, "lmtp.listen", &settings.lmtp_listen, why);
    }
    match &settings.admin_tokens {
        None => section.tell(true, "the admin API is closed", "http.admin_tokens", "there is no file of tokens"),
        Some(tokens) => {
            let roles: Vec<String> =
                Role::ALL.iter().map(|role| format!("{} {}", tokens.count(*role), role.word())).collect();
            let why =
                "help_desk sees no addresses; operator sees senders and recipients of the last verdicts and reloads";
            section.tell(true, format!("tokens: {}", roles.join(", ")), "http.admin_tokens", why);
        }
    }
    section
}

fn admin(settings: &Settings) -> Vec<Place> {
    let addresses = settings.admin_tokens.iter().flat_map(|_| &settings.admin_listen);
    addresses.copied().map(Place::Tcp).collect()
}

fn tell(section: &mut Section, key: &str, places: &[Place], trouble: &str) {
    for place in places {
        let is_local = match place {
            Place::Unix(_) => true,
            Place::Tcp(address) => address.ip().to_canonical().is_loopback(),
        };
        section.tell(is_local, place.to_string(), key, if is_local { "on this machine" } else { trouble });
    }
}
