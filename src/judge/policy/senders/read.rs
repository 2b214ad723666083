//! The file of senders' policy: TOML to `Senders`, every error at once.
//!
//! Pure.

use super::{
    Counted, Greylist, Rate, Senders,
    campaigns::Campaigns,
    lists::{DnsList, Listed},
};
use crate::{
    judge::{
        document::{Document, Errors, Value, unknown},
        findings::Symbol,
    },
    limits,
    mail::{address::Domain, network::Network},
};

const KEYS: [&str; 5] = ["correspondence", "greylist", "rate", "dns_list", "campaign"];
const GREYLIST_KEYS: [&str; 6] = ["wait_seconds", "retry_hours", "keep_days", "early", "spare_dmarc", "spare_codes"];
const RATE_KEYS: [&str; 3] = ["of", "mails", "seconds"];
const CAMPAIGN_KEYS: [&str; 4] = ["recipients", "minutes", "keep_hours", "spared"];
const LIST_KEYS: [&str; 4] = ["zone", "kind", "codes", "symbol"];

/// Reads a file of senders' policy.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn read(file: &str, text: &str) -> Result<Senders, Errors> {
    let document = Document::new(file, text);
    let mut senders = Senders::default();
    for (key, value) in &document.root() {
        match key.get_ref().as_ref() {
            "correspondence" => senders.correspondence = document.flag(value).unwrap_or_default(),
            "greylist" => senders.greylist = Some(greylist(&document, value)),
            "campaign" => senders.campaigns = Some(campaigns(&document, value)),
            "rate" => senders.rates = document.tables(value, "rate", rate),
            "dns_list" => senders.dns_lists = document.tables(value, "dns_list", dns_list),
            _ => document.complain_of_key(key, KEYS),
        }
    }
    if senders.dns_lists.len() > limits::DNS_LISTS_MAX {
        document.complain(0..0, format!("more than {} lists; each costs every mail time", limits::DNS_LISTS_MAX));
    }
    document.finish(senders)
}

fn greylist(document: &Document<'_>, value: &Value<'_>) -> Greylist {
    const HOUR: u64 = 60 * 60;
    let mut greylist = Greylist::default();
    let seconds = |value: &Value<'_>, unit: u64, max: u64| {
        let count = document.count(value).unwrap_or(1);
        if !(1..=max).contains(&count) {
            document.complain(value.span(), format!("from 1 to {max} is possible here"));
        }
        i64::try_from(count.min(max).saturating_mul(unit)).unwrap_or(i64::MAX)
    };
    for (key, value) in document.table(value).into_iter().flatten() {
        match key.get_ref().as_ref() {
            "wait_seconds" => greylist.wait = seconds(value, 1, 24 * HOUR),
            "retry_hours" => greylist.retry = seconds(value, HOUR, 240),
            "keep_days" => greylist.lasts = seconds(value, 24 * HOUR, 366),
            "early" => greylist.early = document.flag(value).unwrap_or_default(),
            "spare_dmarc" => greylist.spare_dmarc = document.flag(value).unwrap_or(true),
            "spare_codes" => greylist.spare_codes = document.flag(value).unwrap_or(true),
            _ => document.complain_of_key(key, GREYLIST_KEYS),
        }
    }
    if greylist.wait >= greylist.retry {
        document.complain(value.span(), "wait_seconds is not below retry_hours: nobody could ever pass");
    }
    greylist
}

fn campaigns(document: &Document<'_>, value: &Value<'_>) -> Campaigns {
    let mut campaigns = Campaigns::default();
    let within = |value: &Value<'_>, max: u32| {
        let count = document.count(value).and_then(|count| u32::try_from(count).ok()).filter(|count| *count <= max);
        count.filter(|count| *count > 0).unwrap_or_else(|| {
            document.complain(value.span(), format!("from 1 to {max} is possible here"));
            1
        })
    };
    for (key, value) in document.table(value).into_iter().flatten() {
        match key.get_ref().as_ref() {
            "recipients" => campaigns.recipients = i64::from(within(value, limits::CAMPAIGN_RECIPIENTS_MAX)),
            "minutes" => campaigns.window = within(value, 24 * 60).saturating_mul(60),
            "keep_hours" => campaigns.lasts = i64::from(within(value, 14 * 24)).saturating_mul(3600),
            "spared" => {
                for (text, span) in document.texts(value).unwrap_or_default() {
                    match Domain::parse(&text) {
                        Some(domain) => campaigns.spared.push(domain),
                        None => document.complain(span, format!("`{text}` is no name of a domain")),
                    }
                }
            }
            _ => document.complain_of_key(key, CAMPAIGN_KEYS),
        }
    }
    campaigns.lasts = campaigns.lasts.max(i64::from(campaigns.window));
    campaigns
}

fn rate(document: &Document<'_>, value: &Value<'_>) -> Option<Rate> {
    let (mut of, mut mails, mut window) = (None, None, 3600);
    for (key, value) in document.table(value)? {
        match key.get_ref().as_ref() {
            "of" => {
                let word = document.text(value).unwrap_or_default();
                of = Counted::ALL.into_iter().find(|of| of.word() == word);
                if of.is_none() {
                    document.complain(value.span(), unknown("limit", &word, Counted::ALL.map(Counted::word)));
                }
            }
            "mails" => mails = document.count(value),
            "seconds" => {
                let seconds = document.count(value).and_then(|seconds| u32::try_from(seconds).ok());
                window = seconds.filter(|seconds| (1..=7 * 24 * 3600).contains(seconds)).unwrap_or_else(|| {
                    document.complain(value.span(), "a window lasts from 1 second to 604800, a week");
                    3600
                });
            }
            _ => document.complain_of_key(key, RATE_KEYS),
        }
    }
    let rate = of.zip(mails).map(|(of, mails)| Rate { of, mails, window });
    if rate.is_none() {
        document.complain(value.span(), "a limit needs `of` and `mails`");
    }
    rate
}

fn dns_list(document: &Document<'_>, value: &Value<'_>) -> Option<DnsList> {
    let (mut zone, mut kind, mut codes, mut symbol) = (None, None, Vec::new(), None);
    for (key, value) in document.table(value)? {
        match key.get_ref().as_ref() {
            "zone" => {
                let text = document.text(value).unwrap_or_default();
                zone = Domain::parse(&text).map(|zone| zone.as_str().to_owned());
                if zone.is_none() {
                    document.complain(value.span(), format!("`{text}` is no name of a domain"));
                }
            }
            "kind" => {
                let word = document.text(value).unwrap_or_default();
                kind = Listed::ALL.into_iter().find(|kind| kind.word() == word);
                if kind.is_none() {
                    document.complain(value.span(), unknown("kind", &word, Listed::ALL.map(Listed::word)));
                }
            }
            "codes" => {
                for (text, span) in document.texts(value).unwrap_or_default() {
                    match text.parse::<Network>() {
                        Ok(network) => codes.push(network),
                        Err(what) => document.complain(span, what),
                    }
                }
            }
            "symbol" => symbol = document.text(value).map(|name| Symbol::named(&name)),
            _ => document.complain_of_key(key, LIST_KEYS),
        }
    }
    let (Some(zone), Some(kind)) = (zone, kind) else {
        document.complain(value.span(), "a list needs `zone` and `kind`");
        return None;
    };
    let symbol = symbol.unwrap_or(match kind {
        Listed::Client => Symbol::new("DNS_LIST_CLIENT"),
        Listed::Domain => Symbol::new("DNS_LIST_DOMAIN"),
        Listed::Uri => Symbol::new("DNS_LIST_URI"),
    });
    Some(DnsList { zone, kind, codes, symbol })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_can_be_said() {
        let text = "correspondence = true\n[greylist]\nwait_seconds = 60\nearly = true\nspare_codes = false\n\
            [[rate]]\nof = 'recipient'\nmails = 10\nseconds = 60\n\
            [campaign]\nrecipients = 9\nminutes = 2\nkeep_hours = 3\nspared = ['News.example']\n\
            [[dns_list]]\nzone = 'BL.example.'\nkind = 'uri'\ncodes = ['127.0.0.2', '127.0.0.8/29']\n";
        let senders = read("s.toml", text).unwrap();
        let greylist = Greylist { wait: 60, early: true, spare_codes: false, ..Greylist::default() };
        assert_eq!((senders.correspondence, senders.greylist), (true, Some(greylist)));
        assert_eq!(senders.rates, [Rate { of: Counted::Recipient, mails: 10, window: 60 }]);
        let spared = vec![Domain::parse("news.example").unwrap()];
        let campaigns = Campaigns { recipients: 9, window: 120, lasts: 3 * 3600, spared };
        assert_eq!(senders.campaigns, Some(campaigns));
        let list = senders.dns_lists.first().unwrap();
        assert_eq!((list.codes.len(), list.symbol.as_str(), list.kind), (2, "DNS_LIST_URI", Listed::Uri));
        assert_eq!(read("s.toml", ""), Ok(Senders::default()));
    }

    #[test]
    fn all_errors_are_told_with_their_places() {
        let text = "grey = 1\n[greylist]\nwait_seconds = 80000\nretry_hours = 1\n[[rate]]\nof = 'client'\nmails = 1\n\
            [[dns_list]]\nzone = 'a..b'\nkind = 'client'\ncodes = ['x']\n\
            [campaign]\nrecipients = 0\nspared = ['a..b']\n";
        let errors = read("s.toml", text).unwrap_err().to_string();
        for wrong in
            ["s.toml:1:1", "nobody could ever pass", "s.toml:6:", "s.toml:9:", "s.toml:11:", "s.toml:13:", "s.toml:14:"]
        {
            assert!(errors.contains(wrong), "{wrong}: {errors}");
        }
    }
}
