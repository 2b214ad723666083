//! The page itself: HTML without script, for every width from 320 pixels, for keyboards and screen readers.
//!
//! Pure. All that is foreign is escaped; the one style is named in the policy by its digest.

use crate::{
    doors::{
        digest::{
            Settings,
            letter::{Item, help, told},
            text::{clean, escaped},
            words::{Language, fill, say},
        },
        quarantine::slip::State,
    },
    mail::timestamp::Timestamp,
    seal::base64,
};
use aws_lc_rs::digest::{SHA256, digest};
use std::sync::LazyLock;

const STYLE: &str = include_str!("page.css");

/// One mail on the page.
pub struct Row {
    pub item: Item,
    /// What its buttons send; `None`: it has none.
    pub token: Option<String>,
    /// Is there a model that learns?
    pub can_teach: bool,
    pub state: State,
    /// When the state changed last, RFC 3339.
    pub since: String,
}

/// What a page says.
pub enum Sheet {
    Mails {
        recipient: String,
        rows: Vec<Row>,
    },
    /// One sentence, by its name in `words`.
    Told {
        is_done: bool,
        what: &'static str,
    },
}

/// A page.
pub struct Page<'a> {
    pub settings: &'a Settings,
    pub language: Language,
    pub sheet: &'a Sheet,
}

/// The value of Content-Security-Policy: our style, our form, nothing else.
#[must_use]
pub fn policy() -> String {
    static SUM: LazyLock<String> = LazyLock::new(|| {
        let mut text = Vec::new();
        base64::lines(digest(&SHA256, STYLE.as_bytes()).as_ref(), &mut text);
        String::from_utf8_lossy(&text).trim_end().to_owned()
    });
    format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        *SUM
    )
}

impl Page<'_> {
    #[must_use]
    pub fn html(&self) -> String {
        let title = match self.sheet {
            Sheet::Mails { .. } => "page_title",
            Sheet::Told { is_done: true, .. } => "title_done",
            Sheet::Told { is_done: false, .. } => "title_fail",
        };
        let body = match self.sheet {
            Sheet::Mails { recipient, rows } => self.mails(recipient, rows),
            Sheet::Told { is_done, what } => self.told(*is_done, what),
        };
        format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main>\n<h1>{}</h1>\n{body}</main>\n</body>\n</html>\n",
            self.language.tag(),
            self.say(title),
            self.say(title),
        )
    }

    fn say(&self, name: &str) -> String {
        escaped(say(self.language, name))
    }

    fn fill(&self, name: &str, values: &[(&str, &str)]) -> String {
        escaped(&fill(self.language, name, values))
    }

    fn told(&self, is_done: bool, what: &str) -> String {
        let kind = if is_done { "done" } else { "failed" };
        let help = match self.settings.help.as_str() {
            "" => String::new(),
            help if !is_done => format!("<p class=\"help\">{}</p>\n", escaped(help)),
            _ => String::new(),
        };
        // The empty address is this page's own, asked for again.
        let back = match what {
            "fail_link" | "fail_expired" | "fail_busy" | "fail_method" => String::new(),
            _ => format!("<p><a href=\"\">{}</a></p>\n", self.say("back")),
        };
        format!("<p class=\"{kind}\" role=\"status\">{}</p>\n{help}{back}", self.say(what))
    }

    fn mails(&self, recipient: &str, rows: &[Row]) -> String {
        let to = self.fill("page_for", &[("to", &clean(recipient, 320))]);
        if rows.is_empty() {
            return format!("<p class=\"for\">{to}</p>\n<p class=\"done\">{}</p>\n", self.say("page_empty"));
        }
        let cards: String = rows.iter().enumerate().map(|(place, row)| self.card(place, row)).collect();
        format!(
            "<p class=\"for\">{to}</p>\n<p>{}</p>\n{cards}<p class=\"small\">{}</p>\n",
            self.say("page_intro"),
            self.say("confirm_hint"),
        )
    }

    fn card(&self, place: usize, row: &Row) -> String {
        let [(_, subject), rest @ ..] = told(self.settings, &row.item, self.language);
        let lines: String = rest
            .iter()
            .map(|(label, text)| format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(label), escaped(text)))
            .collect();
        format!(
            "<article aria-labelledby=\"m{place}\">\n<h2 id=\"m{place}\">{}</h2>\n<dl>\n{lines}</dl>\n{}</article>\n",
            escaped(&subject),
            self.acts(place, row),
        )
    }

    fn acts(&self, place: usize, row: &Row) -> String {
        let since = Timestamp::parse_rfc3339(&row.since).unwrap_or_default();
        let since = self.settings.schedule.zone.shown(since, self.language);
        match (row.state, &row.token) {
            (State::Released, _) => format!("<p>{}</p>\n", self.fill("state_released", &[("since", &since)])),
            (State::Deleted, _) => format!("<p>{}</p>\n", self.fill("state_deleted", &[("since", &since)])),
            (State::Held, None) => {
                let values = [("help", help(self.settings)), ("ref", row.item.reference.clone())];
                let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
                format!("<p class=\"ask\">{}</p>\n", self.fill("ask_page", &values))
            }
            (State::Held, Some(token)) => {
                let button = |act: &str, name: &str| {
                    format!(
                        "<button name=\"act\" value=\"{act}\" aria-describedby=\"m{place}\">{}</button>\n",
                        self.say(name)
                    )
                };
                let teach = if row.can_teach { button("not_spam", "button_not_spam") } else { String::new() };
                format!(
                    "<form method=\"post\">\n<input type=\"hidden\" name=\"pass\" value=\"{}\">\n{}{teach}</form>\n",
                    escaped(token),
                    button("release", "button_release"),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::policy::reason::Reason;

    fn row(subject: &str, token: Option<&str>) -> Row {
        let item = Item {
            subject: subject.to_owned(),
            from: "Bert <bert@other.example>".to_owned(),
            stored_at: Timestamp::from_seconds(1_772_356_447),
            reason: Reason::Spam,
            deleted_at: Timestamp::from_seconds(1_774_948_447),
            reference: "ref1".to_owned(),
            link: None,
        };
        Row { item, token: token.map(str::to_owned), can_teach: true, state: State::Held, since: String::new() }
    }

    #[test]
    fn a_page_has_no_script_and_no_foreign_markup() {
        let rows = vec![row("</h2><script>alert(1)</script>", Some("TOKEN")), row("x", None)];
        let sheet = Sheet::Mails { recipient: "<anna>@school.example".to_owned(), rows };
        let settings = Settings { help: "IT, Tel. 123".to_owned(), ..Settings::default() };
        let html = Page { settings: &settings, language: Language::English, sheet: &sheet }.html();
        assert!(!html.contains("<script") && !html.contains("<anna>") && html.contains("&lt;script&gt;"));
        assert!(html.contains("value=\"TOKEN\"") && html.matches("<form").count() == 1);
        assert!(html.contains("(IT, Tel. 123)") && html.contains("reference ref1"));
        assert!(policy().contains("style-src 'sha256-") && !policy().contains("unsafe"));
        assert_eq!(policy().split('\'').nth(3).map(str::len), Some("sha256-".len() + 44));
    }
}
