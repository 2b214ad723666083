//! Lists that functions of SpamAssassin read: free mail providers, addresses, hosts, top-level domains.
//!
//! Pure.

use super::{octets::words, site::Site};
use crate::{
    judge::rules::{fields::classic, lists::List},
    mail::classic::evals::Settings,
};
use std::collections::{BTreeMap, BTreeSet};

/// Entries by the name of the list's file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists(pub BTreeMap<String, BTreeSet<String>>);

impl Lists {
    /// Takes a setting if it is one of a list.
    pub fn take(&mut self, key: &str, value: &str, site: &Site) {
        let plugin = |name: &str| site.has_plugin(&format!("Mail::SpamAssassin::Plugin::{name}"));
        match key {
            "freemail_domains" if plugin("FreeMail") => {
                let is_domain = |word: &&str| {
                    word.chars().all(|character| character.is_ascii_alphanumeric() || ".*?-".contains(character))
                };
                self.add("sa_freemail_domains", words(value).filter(is_domain));
            }
            "enlist_addrlist" | "enlist_uri_host" => {
                let kind = if key == "enlist_addrlist" { "addresses" } else { "hosts" };
                if let Some((name, entries)) = named(value) {
                    self.add(&format!("sa_{kind}_{}", file_name(name)), words(entries));
                }
            }
            "util_rb_tld" | "util_rb_2tld" | "util_rb_3tld" => self.add(&format!("sa_{key}"), words(value)),
            "clear_util_rb" => self.0.retain(|name, _| !name.starts_with("sa_util_rb")),
            _ => {}
        }
    }

    /// What functions that read lists are given.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let list =
            |(name, entries): (&String, &BTreeSet<String>)| (name.clone(), List::of(name, entries.iter().cloned()));
        classic::settings(&self.0.iter().map(list).collect())
    }

    fn add<'a>(&mut self, list: &str, entries: impl Iterator<Item = &'a str>) {
        self.0.entry(list.to_owned()).or_default().extend(entries.map(str::to_ascii_lowercase));
    }
}

/// `(NAME) entries`.
fn named(value: &str) -> Option<(&str, &str)> {
    value.strip_prefix('(')?.split_once(')')
}

fn file_name(name: &str) -> String {
    name.chars()
        .map(|character| if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_gather() {
        let mut lists = Lists::default();
        let site = Site::default();
        for (key, value) in [
            ("freemail_domains", "GMX.* web.de bad_one"),
            ("enlist_addrlist", "(PAYPAL_ADDRS) *@paypal.com"),
            ("util_rb_tld", "de com"),
            ("clear_util_rb", ""),
            ("body", "X /a/"),
        ] {
            lists.take(key, value, &site);
        }
        let names: Vec<&str> = lists.0.keys().map(String::as_str).collect();
        assert_eq!(names, ["sa_addresses_paypal_addrs", "sa_freemail_domains"]);
        assert_eq!(lists.0["sa_freemail_domains"], BTreeSet::from(["gmx.*".to_owned(), "web.de".to_owned()]));
    }
}
