//! The keys of `[quarantine.digest]`, typed: when recipients are told, by whom, and what they may do.

use super::typing::{Typing, base, no_position};
use crate::{
    doors::digest::{
        Sender, Settings,
        schedule::{Schedule, Zone, minute_of_day},
        words::Language,
    },
    judge::{
        document::{Complaint, unknown},
        policy::{classes::Classes, reason::Reason},
    },
    mail::address::Address,
};
use std::{path::Path, time::Duration};
use url::Url;

impl Typing<'_> {
    /// How recipients are told; `None` where no link is configured, or where something about it is wrong.
    pub fn digest(&mut self, quarantine: &Path, host: &str) -> Option<Settings> {
        let schedule = self.schedule();
        let link = self.optional("quarantine.digest.link", link);
        let from = self.optional("quarantine.digest.from", sender);
        let languages = self.each("quarantine.digest.languages", |tag| {
            Language::parse(tag).ok_or_else(|| format!("`{tag}` is no language that is spoken here: de, en"))
        });
        let classes = self.each("quarantine.digest.classes", |name| Ok(name.to_owned()));
        let days = self.count("quarantine.digest.link_days", 1);
        let help = self.optional("quarantine.digest.help", |text| Ok(text.to_owned())).unwrap_or_default();
        let key = "quarantine.digest.secret_file";
        let folder = base(self.values.entry(key));
        let secret = self.optional(key, |text| Ok(folder.join(text)));
        let needs = |typing: &mut Self, key: &str, missing: &str| {
            let origin = typing.values.entry(key).origin.clone().unwrap_or_else(|| no_position(key));
            typing.complain(&origin, format!("{key} needs {missing} beside it"));
        };
        let (is_served, is_told) = (self.is_set("http.mailbox_listen"), self.is_set("quarantine.digest.link"));
        match (is_told, is_served) {
            (true, false) => needs(self, "quarantine.digest.link", "http.mailbox_listen, where the links lead,"),
            (false, true) => needs(self, "http.mailbox_listen", "quarantine.digest.link"),
            _ => {}
        }
        if is_told && !self.is_set("quarantine.digest.from") {
            needs(self, "quarantine.digest.link", "quarantine.digest.from");
        }
        if is_told && languages.is_empty() {
            needs(self, "quarantine.digest.link", "one of quarantine.digest.languages");
        }
        if !is_told && (!schedule.at.is_empty() || schedule.every_hours > 0) {
            let key = if schedule.at.is_empty() { "quarantine.digest.every_hours" } else { "quarantine.digest.at" };
            needs(self, key, "quarantine.digest.link");
        }
        Some(Settings {
            schedule,
            from: from?,
            link: link?,
            languages: Some(languages).filter(|languages| !languages.is_empty())?,
            classes,
            secret: secret.unwrap_or_else(|| quarantine.with_file_name("digest.key")),
            links_keep: Duration::from_secs(u64::try_from(days?).ok()?.saturating_mul(24 * 60 * 60)),
            help,
            host: host.to_owned(),
        })
    }

    /// Reasons whose mail a recipient may release, whether they are told of it or not.
    pub fn release(&mut self) -> Vec<Reason> {
        self.each("quarantine.digest.release", |word| {
            Reason::parse(word).ok_or_else(|| unknown("reason", word, Reason::ALL.map(Reason::word)))
        })
    }

    fn schedule(&mut self) -> Schedule {
        let at = self.each("quarantine.digest.at", |text| {
            minute_of_day(text).ok_or_else(|| format!("`{text}` is no time of day, such as 07:00"))
        });
        let every_hours = self.one("quarantine.digest.every_hours", |text| {
            let hours = text.parse().ok().filter(|hours| (0..=24).contains(hours));
            hours.ok_or_else(|| format!("`{text}` is not from 0 to 24"))
        });
        let zone = self.one("quarantine.digest.zone", |name| {
            let known = "Europe/Berlin, Europe/Vienna, Europe/Zurich, Europe/Luxembourg, UTC";
            Zone::parse(name).ok_or_else(|| format!("`{name}` is no time zone that is known here: {known}"))
        });
        Schedule { at, every_hours: every_hours.unwrap_or_default(), zone: zone.unwrap_or_default() }
    }

    pub(super) fn is_set(&self, key: &str) -> bool {
        self.values.entry(key).items.iter().any(|item| !item.text.is_empty())
    }
}

/// The classes that are to be told and that no policy names.
#[must_use]
pub fn unknown_class(settings: &super::Settings, classes: &Classes) -> Option<Complaint> {
    let told = settings.digest.as_ref()?;
    let known = || classes.all().iter().map(|class| class.name.as_str());
    let name = told.classes.iter().find(|name| known().all(|known| known != name.as_str()))?;
    let what = format!("quarantine.digest.classes: {}; policy.recipients names them", unknown("class", name, known()));
    Some(Complaint { position: no_position("quarantine.digest.classes"), what })
}

/// What links begin with: an address of the web, without query, fragment, user and trailing slash.
fn link(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is no address of a page, such as https://mail.school.example/quarantine");
    let url = Url::parse(text).map_err(|_| wrong())?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
    if is_plain && is_web { Ok(url.as_str().trim_end_matches('/').to_owned()) } else { Err(wrong()) }
}

/// `ADDRESS` or `NAME <ADDRESS>`.
fn sender(text: &str) -> Result<Sender, String> {
    let (name, address) = match text.trim().strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"'), address),
        None => ("", text.trim()),
    };
    let is_plain = address.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&octet));
    if !is_plain || address.split('@').count() != 2 || Address::new(address).domain().is_none() {
        return Err(format!("`{text}` is no sender: ADDRESS, or NAME <ADDRESS>"));
    }
    Ok(Sender { name: name.to_owned(), address: address.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_and_links_are_read() {
        let named = sender("Mailschutz <mailschutz@school.example>").unwrap();
        assert_eq!((named.name.as_str(), named.address.as_str()), ("Mailschutz", "mailschutz@school.example"));
        assert_eq!(sender("a@school.example").unwrap().name, "");
        for wrong in ["", "a", "a@b@c.example", "x <a@b.example", "a b@c.example", "a@b.example\r\nBcc: x@y.example"] {
            assert!(sender(wrong).is_err(), "{wrong}");
        }
        assert_eq!(link("https://mail.school.example/q/").unwrap(), "https://mail.school.example/q");
        for wrong in ["mail.school.example", "ftp://a/", "https://a/?q=1", "https://a/#x", "https://u@a/"] {
            assert!(link(wrong).is_err(), "{wrong}");
        }
    }
}
