//! SpamAssassin's `eval:` functions that need nothing but the message: resolved by name when rules are loaded.
//!
//! Pure. Functions that ask the network, a database or a learner are not here; `resolve` does not know them.

pub mod dates;
pub mod freemail;
pub mod header;
pub mod image;
pub mod lists;
pub mod mime;
pub mod page;
pub mod relay;
pub mod text;

use super::{Classic, expression::Expression};
use crate::limits;
use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// What a rule is run on: some functions look at that text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Header,
    Body,
    Rawbody,
    Full,
}

/// What a rule file configures for such functions.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `freemail_domains`, lower case; `*` and `?` as wildcards.
    pub freemail_domains: BTreeSet<String>,
    /// `freemail_welcomelist`: addresses and domains that are not freemail after all.
    pub freemail_welcomelist: BTreeSet<String>,
    /// `enlist_addrlist`: globs in lower case, by the list's name in lower case.
    pub addresses: BTreeMap<String, BTreeSet<String>>,
    /// `enlist_uri_host`: hosts and domains in lower case, by the list's name in lower case.
    pub hosts: BTreeMap<String, BTreeSet<String>>,
}

/// What a function does with a mail.
pub type Run = Arc<dyn Fn(&Classic) -> bool + Send + Sync>;

/// A function with its arguments, ready to be asked about mails.
#[derive(Clone)]
pub struct Eval {
    name: String,
    run: Run,
}

impl fmt::Debug for Eval {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "eval:{}", self.name)
    }
}

impl Eval {
    /// Does it hold for the mail?
    #[must_use]
    pub fn holds(&self, classic: &Classic) -> bool {
        (self.run)(classic)
    }
}

/// Facts about a mail that several functions share, each computed once.
#[derive(Debug, Default)]
pub struct Facts {
    pub mime: OnceCell<mime::MimeFacts>,
    pub images: OnceCell<image::ImageFacts>,
    pub alternatives: OnceCell<text::AlternativeFacts>,
    pub dates: OnceCell<dates::DateFacts>,
    pub uppercase: OnceCell<f64>,
    pub body_addresses: OnceCell<Vec<String>>,
}

/// The arguments of a function as a rule file has them, quotes removed.
pub struct Arguments<'a>(&'a [String]);

impl<'a> Arguments<'a> {
    fn text(&self, index: usize) -> Option<&'a str> {
        self.0.get(index).map(String::as_str)
    }

    /// A number; what is none counts as 0, as in Perl.
    fn number(&self, index: usize) -> Option<f64> {
        self.text(index).map(number)
    }

    /// A bound: missing, `undef` and `inf` are none.
    fn bound(&self, index: usize) -> Option<f64> {
        self.text(index).filter(|text| !matches!(*text, "undef" | "inf")).map(number)
    }
}

/// The number a text starts with.
fn number(text: &str) -> f64 {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|(at, letter)| !(letter.is_ascii_digit() || *letter == '.' || (*at == 0 && matches!(letter, '+' | '-'))))
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(0.0)
}

/// Finds the function `name` for `args`. `None` if it is not one of ours, or its arguments are not understood.
#[must_use]
pub fn resolve(name: &str, args: &[String], kind: Kind, settings: &Arc<Settings>) -> Option<Eval> {
    let arguments = Arguments(args);
    let run = page::resolve(name, &arguments)
        .or_else(|| mime::resolve(name, &arguments))
        .or_else(|| text::resolve(name, &arguments))
        .or_else(|| header::resolve(name, &arguments))
        .or_else(|| relay::resolve(name, &arguments))
        .or_else(|| dates::resolve(name, &arguments))
        .or_else(|| image::resolve(name, &arguments, kind))
        .or_else(|| freemail::resolve(name, &arguments, settings))
        .or_else(|| lists::resolve(name, &arguments, settings))
        .or_else(|| constant(name))?;
    Some(Eval { name: name.to_owned(), run })
}

/// Functions whose answer is settled by SpamAssassin's defaults: all locales are fine, no relays are listed.
fn constant(name: &str) -> Option<Run> {
    matches!(
        name,
        "html_charset_faraway"
            | "check_for_faraway_charset"
            | "check_for_faraway_charset_in_headers"
            | "have_any_bounce_relays"
            | "check_whitelist_bounce_relays"
            | "check_welcomelist_bounce_relays"
            | "check_for_unique_subject_id"
            | "check_for_illegal_ip"
    )
    .then(|| run(|_| false))
}

fn run(holds: impl Fn(&Classic) -> bool + Send + Sync + 'static) -> Run {
    Arc::new(holds)
}

/// A regular expression from a rule file, run on one short text with a step limit.
#[derive(Clone, Debug)]
enum Pattern {
    Linear(Expression),
    Bounded(fancy_regex::Regex),
}

impl Pattern {
    fn parse(source: &str) -> Option<Self> {
        if let Some(expression) = Expression::parse(source) {
            return Some(Self::Linear(expression));
        }
        let mut builder = fancy_regex::RegexBuilder::new(source);
        builder.backtrack_limit(limits::CLASSIC_STEPS_MAX).build().ok().map(Self::Bounded)
    }

    fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Linear(expression) => expression.is_match(text.as_bytes()),
            Self::Bounded(regex) => regex.is_match(text).unwrap_or(false),
        }
    }
}

/// The values of a request in one text; empty if there are none.
fn joined(classic: &Classic, request: &str) -> Vec<u8> {
    classic.header_values(request).concat()
}

/// The first value of a request, without its line end.
fn first(classic: &Classic, request: &str) -> Vec<u8> {
    let mut value = classic.header_values(request).into_iter().next().unwrap_or_default();
    if value.ends_with(b"\n") {
        value.pop();
    }
    value
}

/// Joined values with white space squeezed.
fn squeezed(classic: &Classic, request: &str) -> Vec<u8> {
    let mut text = Vec::new();
    for octet in joined(classic, request) {
        let space = super::wide::is_blank(&octet);
        if !(space && text.last() == Some(&b' ')) {
            text.push(if space { b' ' } else { octet });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::message::Message;
    use bytes::Bytes;

    fn holds(call: (&str, &[&str]), mail: &str) -> bool {
        let args: Vec<String> = call.1.iter().map(|arg| (*arg).to_owned()).collect();
        let settings =
            Settings { freemail_domains: BTreeSet::from(["free.example".to_owned()]), ..Settings::default() };
        let eval = resolve(call.0, &args, Kind::Body, &Arc::new(settings)).unwrap();
        eval.holds(&Classic::of(&Message::parse(Bytes::from(mail.replace('\n', "\r\n")))))
    }

    #[test]
    fn unknown_functions_are_refused() {
        assert!(resolve("check_rbl", &[], Kind::Header, &Arc::default()).is_none());
        assert!((number("0.40x") - 0.4).abs() < 1e-9 && number("-3").abs() > 2.0 && number("").abs() < 1e-9);
    }

    #[test]
    fn functions_hold_where_they_should() {
        let page = "Subject: BUY THIS NOW OK\nFrom: a@free.example\nContent-Type: text/html\n\n<html><body><a href=http://x.com/>https://bank.com/</a><img src=x>\n";
        assert!(holds(("html_tag_exists", &["img"]), page));
        assert!(holds(("html_tag_balance", &["body", "!= 0"]), page));
        assert!(holds(("html_image_only", &["0000", "0400"]), page));
        assert!(holds(("check_https_http_mismatch", &["1", "10"]), page));
        assert!(holds(("check_for_mime_html_only", &[]), page));
        assert!(holds(("subject_is_all_caps", &[]), page));
        assert!(holds(("check_freemail_from", &[]), page));
        assert!(holds(("check_for_missing_to_header", &[]), page));
        assert!(holds(("check_no_relays", &[]), page));
        assert!(!holds(("check_header_count_range", &["Subject", "2", "999"]), page));
    }

    #[test]
    fn dates_are_compared_with_received() {
        let mail = "Received: from a (a [192.0.2.1]) by b with SMTP id 1; Mon, 1 Jan 2024 10:00:00 +0000\nDate: Mon, 1 Jan 2024 15:00:00 +0000\n\nx\n";
        assert!(holds(("check_for_shifted_date", &["3", "6"]), mail));
        assert!(!holds(("check_for_shifted_date", &["6", "12"]), mail));
    }
}
