//! What policy demands and withstands: encryption, forged mail of our own, a part that is down.
//!
//! Judges sample mails as `wehr drill` does; contacts nobody.

use super::{
    super::drill::{self, Row},
    Section,
};
use crate::{
    config::Settings,
    judge::{
        findings::{Finding, Symbol},
        policy::{encryption::Encryption, verdict::Action},
        rulebook::Rulebook,
    },
    mail::{address::Domain, transport::Level},
    telemetry::metrics::Dependency,
};
use std::collections::BTreeSet;
use tokio::runtime::Runtime;

/// What has to arrive encrypted, and what is sealed before it is stored.
#[must_use]
pub fn encryption(settings: &Settings, policy: &Encryption) -> Section {
    let mut section = Section::new("encryption");
    let file = settings
        .encryption_file
        .as_deref()
        .map_or_else(|| "policy.encryption".to_owned(), |file| file.display().to_string());
    for class in &policy.classes {
        let what = format!(
            "class {}: transport {}, content {}, {}",
            class.name,
            class.transport,
            class.content.demand.word(),
            if class.sealing.is_wanted() { "sealed" } else { "not sealed" }
        );
        let why =
            if class.transport == Level::None { "mail in plaintext is taken" } else { "mail below it is refused" };
        section.tell(true, what, file.clone(), why);
    }
    for partner in &policy.partners {
        let domains: Vec<&str> = partner.domains.iter().map(Domain::as_str).collect();
        section.tell(
            true,
            format!("partner {}: transport {}", domains.join(" "), partner.transport),
            file.clone(),
            "mail below it is refused",
        );
    }
    for alias in &policy.aliases {
        section.tell(
            true,
            format!("secure alias {}: transport {}", alias.domain, alias.transport),
            file.clone(),
            "mail below it is refused",
        );
    }
    if policy.classes.is_empty() && policy.partners.is_empty() && policy.aliases.is_empty() {
        section.tell(
            true,
            "no demand",
            file,
            "mail is taken however it came; docs/encryption.md names what can be demanded",
        );
    }
    section
}

/// What rules find in mail that forges an own domain from outside, by what that domain publishes.
const FORGERIES: [(&str, &[&str]); 2] = [
    ("a forged own domain with p=reject", &["OWN_DOMAIN_FORGED", "SPF_FAIL", "DMARC_FAIL_REJECT"]),
    ("a forged own domain with SPF only", &["OWN_DOMAIN_FORGED", "SPF_FAIL", "DMARC_NONE"]),
];

/// Is mail that claims to be from this house, and is not, kept out?
#[must_use]
pub fn forgery(settings: &Settings, rulebook: &Rulebook) -> Section {
    let mut section = Section::new("forgery");
    let own: Vec<&str> = settings.own_domains.iter().map(Domain::as_str).collect();
    let why = if own.is_empty() {
        "nothing is known to be ours, so nothing can be a forgery of it"
    } else {
        "rules know what is ours"
    };
    section.tell(!own.is_empty(), format!("own domains: {}", own.join(" ")), "own_domains", why);
    let has_resolvers = !settings.resolvers.is_empty();
    let why = if has_resolvers {
        "SPF, DKIM and DMARC are looked up"
    } else {
        "no sender is authenticated: a forged one looks like any other"
    };
    section.tell(has_resolvers, format!("{} name servers", settings.resolvers.len()), "dns.resolvers", why);
    for (case, symbols) in FORGERIES {
        let found: Vec<Finding> = symbols.iter().map(|name| Finding::new(Symbol::named(name), "")).collect();
        let score = rulebook.sum(&found);
        let least = found.iter().map(|finding| rulebook.least_action(&finding.symbol)).max().unwrap_or_default();
        let is_fine = least >= Action::Tag || score >= rulebook.thresholds.tag;
        let why = if is_fine {
            "it is tagged at least"
        } else {
            "it may be delivered unmarked: publish DMARC for the own domains, or set policy.actions OWN_DOMAIN_FORGED"
        };
        let what = format!("{case}: {score} points ({}), at least {least}", symbols.join(" + "));
        section.tell(is_fine, what, "rules.dir policy.actions", why);
    }
    section
}

/// What a lost dependency means for mail, by the drill.
///
/// # Errors
/// The drill cannot be made ready.
pub fn failure(settings: &Settings) -> Result<Section, String> {
    let mut section = Section::new("failure");
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    for dependency in Dependency::ALL {
        let rows = runtime.block_on(drill::rows(settings, &BTreeSet::from([dependency])))?;
        let count = |change: &str| rows.iter().filter(|row: &&Row| row.change == change).count();
        let (worse, waits) = (count("let_in") + count("lost"), count("waits"));
        let is_asked = match dependency {
            Dependency::Dns => !settings.resolvers.is_empty(),
            Dependency::Clamd => settings.clamd.is_some(),
            _ => true,
        };
        let what = format!(
            "{} down: of {} sample mails {waits} wait, {worse} are treated worse",
            dependency.word(),
            rows.len()
        );
        let why = match (is_asked, worse) {
            (false, _) => "it is not configured, so never asked",
            (true, 0) => "no mail is let in or lost for it",
            (true, _) => "mail that is kept out would be delivered, or a wanted one refused; see wehr drill",
        };
        section.tell(worse == 0, what, format!("wehr drill --down {}", dependency.word()), why);
    }
    Ok(section)
}
