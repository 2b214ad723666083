//! Letter: the digest mail of one recipient, as text and as a page (RFC 5322, RFC 2046 5.1.4, RFC 3834 5).
//!
//! Pure. It says what a recipient has to know, never a rule or a score; nothing of the held mails in it is a link.

use super::{
    Settings,
    text::{clean, defanged, escaped, header_text, quoted_printable},
    words::{Language, fill, say},
};
use crate::{judge::policy::reason::Reason, limits, mail::timestamp::Timestamp};

/// One mail that is held back.
#[derive(Clone, Debug)]
pub struct Item {
    pub subject: String,
    pub from: String,
    pub stored_at: Timestamp,
    pub reason: Reason,
    pub deleted_at: Timestamp,
    pub reference: String,
    /// Where it can be released; `None`: the help desk has to.
    pub link: Option<String>,
}

/// What a digest says.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    pub settings: &'a Settings,
    pub recipient: &'a str,
    pub items: &'a [Item],
    /// Mails beyond those.
    pub more: usize,
    /// Where all that waits is shown.
    pub link: &'a str,
    /// Until when the links are taken.
    pub until: Timestamp,
    pub now: Timestamp,
    /// Hex digits that name this digest; the same mails have the same.
    pub id: &'a str,
}

/// Labels and texts of an item, in this order.
#[must_use]
pub fn told(settings: &Settings, item: &Item, language: Language) -> [(&'static str, String); 5] {
    let or = |text: &str, otherwise| {
        let line = clean(text, limits::DIGEST_TEXT_CHARACTERS_MAX);
        if line.is_empty() { say(language, otherwise).to_owned() } else { line }
    };
    let zone = settings.schedule.zone;
    [
        (say(language, "label_subject"), or(&item.subject, "no_subject")),
        (say(language, "label_from"), or(&item.from, "no_sender")),
        (say(language, "label_at"), zone.shown(item.stored_at, language)),
        (say(language, "label_reason"), say(language, &format!("reason_{}", item.reason.word())).to_owned()),
        (say(language, "label_until"), zone.date(item.deleted_at, language)),
    ]
}

/// Who helps, in brackets; nothing where the house does not say.
#[must_use]
pub fn help(settings: &Settings) -> String {
    if settings.help.is_empty() { String::new() } else { format!(" ({})", settings.help) }
}

impl Letter<'_> {
    /// The whole message, with CRLF line ends and seven bits but in addresses.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let Settings { from, host, .. } = self.settings;
        let languages = &self.settings.languages;
        let subjects: Vec<&str> = languages.iter().map(|language| say(*language, "subject")).collect();
        let subject = format!("{}: {}", subjects.join(" / "), self.items.len() + self.more);
        let author = match from.name.as_str() {
            "" => from.address.clone(),
            name => format!("{} <{}>", header_name(name), from.address),
        };
        let tags: Vec<&str> = languages.iter().map(|language| language.tag()).collect();
        let (to, date) = (clean(self.recipient, 320), self.settings.schedule.zone.rfc5322(self.now));
        let (subject, tags, boundary) = (header_text(&subject), tags.join(", "), format!("=_{}", self.id));
        let head = format!(
            "From: {author}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: {date}\r\nMessage-ID: <digest.{}@{host}>\r\n\
             Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nContent-Language: {tags}\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"{boundary}\"\r\n\r\n",
            self.id
        );
        let part = |kind: &str, text: &str| {
            format!(
                "--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n\
                 Content-Transfer-Encoding: quoted-printable\r\n\r\n{}",
                quoted_printable(text)
            )
        };
        let end = format!("--{boundary}--\r\n");
        [head, part("plain", &self.plain()), part("html", &self.page()), end].concat().into_bytes()
    }

    fn plain(&self) -> String {
        let one = |language: &Language| self.plain_in(*language);
        self.settings.languages.iter().map(one).collect::<Vec<_>>().join("\n--------------------\n\n")
    }

    /// The sentence at the top.
    fn intro(&self, language: Language) -> String {
        let count = (self.items.len() + self.more).to_string();
        let name = if count == "1" { "intro_one" } else { "intro_many" };
        fill(language, name, &[("count", &count), ("to", &clean(self.recipient, 320))])
    }

    fn ask(&self, item: &Item, language: Language) -> String {
        fill(language, "ask", &[("help", &help(self.settings)), ("ref", &item.reference)])
    }

    fn warning(&self, language: Language) -> String {
        fill(language, "warning", &[("until", &self.settings.schedule.zone.shown(self.until, language))])
    }

    fn plain_in(&self, language: Language) -> String {
        let mut lines = vec![
            say(language, "hello").to_owned(),
            String::new(),
            self.intro(language),
            say(language, "nothing_to_do").to_owned(),
        ];
        for item in self.items {
            lines.push(String::new());
            lines.extend(
                told(self.settings, item, language)
                    .iter()
                    .map(|(label, text)| format!("  {label}: {}", defanged(text))),
            );
            lines.push(match &item.link {
                Some(link) => format!("  {}:\n  {link}", say(language, "view")),
                None => format!("  {}", self.ask(item, language)),
            });
        }
        lines.push(String::new());
        if self.more > 0 {
            lines.push(fill(language, "more", &[("count", &self.more.to_string())]));
        }
        lines.push(format!("{}:\n{}", say(language, "view_all"), self.link));
        lines.push(String::new());
        lines.push(self.warning(language));
        lines.push(say(language, "automatic").to_owned());
        lines.push(String::new());
        lines.join("\n")
    }

    fn page(&self) -> String {
        let sections: String = self.settings.languages.iter().map(|language| self.section(*language)).collect();
        let first = self.settings.languages.first().copied().unwrap_or(Language::German);
        format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n\
             <body style=\"margin:0;padding:16px;background:#f4f6f8;color:#1a2530;\
             font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif\">\n{sections}</body>\n</html>\n",
            first.tag(),
            escaped(say(first, "subject")),
        )
    }

    fn section(&self, language: Language) -> String {
        let say = |name: &str| escaped(say(language, name));
        let items: String = self.items.iter().map(|item| self.card(item, language)).collect();
        let more = match self.more {
            0 => String::new(),
            more => format!("<p>{}</p>\n", escaped(&fill(language, "more", &[("count", &more.to_string())]))),
        };
        format!(
            "<div lang=\"{}\" style=\"max-width:640px;margin:0 auto 32px\">\n<p>{}</p>\n<p>{}<br>{}</p>\n{items}{more}\
             <p><a href=\"{}\" style=\"color:#0b5cad\">{}</a></p>\n<p style=\"font-size:14px;color:#4a5763\">{}<br>{}</p>\n\
             </div>\n",
            language.tag(),
            say("hello"),
            escaped(&self.intro(language)),
            say("nothing_to_do"),
            escaped(self.link),
            say("view_all"),
            escaped(&self.warning(language)),
            say("automatic"),
        )
    }

    fn card(&self, item: &Item, language: Language) -> String {
        let [(_, subject), rest @ ..] = told(self.settings, item, language);
        let rows: String = rest
            .iter()
            .map(|(label, text)| format!("{}: {}<br>\n", escaped(label), escaped(&defanged(text))))
            .collect();
        let act = match &item.link {
            Some(link) => {
                format!("<a href=\"{}\" style=\"color:#0b5cad\">{}</a>", escaped(link), escaped(say(language, "view")))
            }
            None => escaped(&self.ask(item, language)),
        };
        format!(
            "<div style=\"background:#fff;border:1px solid #cfd7de;border-radius:8px;padding:12px 16px;margin:12px 0\">\n\
             <strong>{}</strong><br>\n{rows}{act}\n</div>\n",
            escaped(&defanged(&subject)),
        )
    }
}

/// A display name: quoted where it is plain, else in encoded-words.
fn header_name(name: &str) -> String {
    let line = clean(name, 100);
    let is_plain = line.bytes().all(|octet| matches!(octet, b' '..=b'~') && !matches!(octet, b'"' | b'\\'));
    if is_plain { format!("\"{line}\"") } else { header_text(&line) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::message::Message;

    fn settings() -> Settings {
        let from = super::super::Sender { name: "Schule \u{fc}".to_owned(), address: "post@school.example".to_owned() };
        Settings {
            from,
            host: "mx.school.example".to_owned(),
            languages: Language::ALL.to_vec(),
            ..Settings::default()
        }
    }

    fn item(subject: &str, link: Option<&str>) -> Item {
        Item {
            subject: subject.to_owned(),
            from: "\u{202e}Bert <bert@other.example>".to_owned(),
            stored_at: Timestamp::from_seconds(1_772_356_447),
            reason: Reason::Spam,
            deleted_at: Timestamp::from_seconds(1_774_948_447),
            reference: "ref1".to_owned(),
            link: link.map(str::to_owned),
        }
    }

    #[test]
    fn a_letter_is_a_mail_in_both_languages_without_foreign_links_or_markup() {
        let settings = settings();
        let items = [
            item("<b>Gewinn</b>\r\nBcc: x@y https://evil.example/a", Some("https://mail.school.example/q/TOKEN")),
            item("", None),
        ];
        let letter = Letter {
            settings: &settings,
            recipient: "anna@school.example",
            items: &items,
            more: 1,
            link: "https://mail.school.example/q/ALL",
            until: Timestamp::from_seconds(1_772_956_447),
            now: Timestamp::from_seconds(1_772_356_447),
            id: "00ff",
        };
        let raw = letter.message();
        assert!(raw.is_ascii());
        let message = Message::parse(raw.clone().into());
        assert!(message.defects.is_empty(), "{:?}", message.defects);
        let text = String::from_utf8(raw).unwrap();
        assert!(text.contains("\r\nAuto-Submitted: auto-generated\r\n") && !text.contains("\r\nBcc:"));
        assert!(text.lines().all(|line| line.len() <= 120));
        let texts: String = message.texts.iter().map(|text| text.text.clone()).collect();
        assert!(texts.contains("3 E-Mails an anna@school.example") && texts.contains("3 mails to anna@school.example"));
        assert!(texts.contains("https://mail.school.example/q/TOKEN") && texts.contains("Reference: ref1"));
        assert!(message.links.iter().all(|link| link.host == "mail.school.example"), "{:?}", message.links);
        assert!(!texts.contains("https://evil") && !texts.contains('\u{202e}'));
        assert!(texts.contains("(ohne Betreff)") && texts.contains("2026-03-31"));
    }
}
