//! What an installation of SpamAssassin answers to the conditions in its rule files: version, plugins, abilities.
//!
//! Pure. The stock answers are those of version 4.0.1 as Debian installs it, run without network (`-L`).

use std::collections::BTreeSet;

/// The scores used: network tests and Bayes each change the weights of all rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ScoreSet {
    /// Neither network tests nor Bayes.
    #[default]
    Local,
    /// Network tests, no Bayes.
    Network,
}

impl ScoreSet {
    /// Which of the four scores of a line.
    #[must_use]
    pub fn column(self) -> usize {
        match self {
            Self::Local => 0,
            Self::Network => 1,
        }
    }
}

/// What the files were written for.
#[derive(Clone, Debug)]
pub struct Site {
    pub scores: ScoreSet,
    plugins: BTreeSet<String>,
    compatibility: BTreeSet<String>,
}

/// The version as a number, as conditions compare it.
pub const VERSION: f64 = 4.000_001;
/// Perl's version; no stock rule asks beyond 5.10.
pub const PERL_VERSION: f64 = 5.036;

const PREFIX: &str = "Mail::SpamAssassin::Plugin::";

/// Plugins that Debian's `*.pre` files load.
const PLUGINS: [&str; 28] = [
    "AskDNS",
    "AutoLearnThreshold",
    "Bayes",
    "BodyEval",
    "Check",
    "DKIM",
    "DMARC",
    "DNSEval",
    "FreeMail",
    "HTMLEval",
    "HTTPSMismatch",
    "HashBL",
    "HeaderEval",
    "ImageInfo",
    "MIMEEval",
    "MIMEHeader",
    "Pyzor",
    "Razor2",
    "RelayEval",
    "ReplaceTags",
    "SPF",
    "SpamCop",
    "URIDNSBL",
    "URIDetail",
    "URIEval",
    "VBounce",
    "WLBLEval",
    "WelcomeListSubject",
];

/// Questions of the form `can(Mail::SpamAssassin::Conf::X)` that version 4.0.1 answers with yes.
const CONF: [&str; 29] = [
    "feature_originating_ip_headers",
    "feature_dns_local_ports_permit_avoid",
    "feature_bayes_auto_learn_on_error",
    "feature_uri_host_listed",
    "feature_yesno_takes_args",
    "feature_bug6558_free",
    "feature_edns",
    "feature_dns_query_restriction",
    "feature_registryboundaries",
    "feature_geodb",
    "feature_dns_block_rule",
    "feature_compile_regexp",
    "feature_meta_rules_matching",
    "feature_subjprefix",
    "feature_bayes_stopwords",
    "feature_get_host",
    "feature_blocklist_welcomelist",
    "feature_welcomelist_blocklist",
    "feature_header_address_parser",
    "feature_local_tests_only",
    "feature_header_first_last",
    "feature_header_match_many",
    "feature_capture_rules",
    "has_tflags_nosubject",
    "has_tflags_nolog",
    "perl_min_version_5010000",
    "new",
    "parse",
    "clone",
];

/// What plugins say they can; a plugin that is not loaded says nothing.
const ABILITIES: [(&str, &[&str]); 10] = [
    ("AskDNS", &["has_tag_header"]),
    ("BodyEval", &["has_check_body_length", "has_plaintext_body_sig_ratio"]),
    ("DKIM", &["has_arc"]),
    ("DNSEval", &["has_tflags_domains_only", "has_tflags_ips_only"]),
    (
        "HashBL",
        &[
            "has_hashbl_bodyre",
            "has_hashbl_bodyre_num",
            "has_hashbl_emails",
            "has_hashbl_uris",
            "has_hashbl_ignore",
            "has_hashbl_email_regex",
            "has_hashbl_email_welcomelist",
            "has_hashbl_email_whitelist",
            "has_hashbl_tag",
            "has_hashbl_sha256",
            "has_hashbl_attachments",
            "has_hashbl_email_domain",
            "has_hashbl_email_domain_alias",
        ],
    ),
    ("MIMEEval", &["has_check_for_ascii_text_illegal", "has_check_abundant_unicode_ratio", "has_check_qp_ratio"]),
    (
        "MIMEHeader",
        &["has_all_header", "has_tflags_range", "has_tflags_concat", "has_tflags_multiple", "has_capture_rules"],
    ),
    ("SPF", &["has_check_for_spf_errors", "has_check_spf_skipped_noenvfrom"]),
    (
        "URIDNSBL",
        &[
            "has_tflags_domains_only",
            "has_subtest_for_ranges",
            "has_uridnsbl_for_a",
            "has_uridnsbl_a_ns",
            "has_tflags_notrim",
            "has_uridnsbl_skip_mailto",
        ],
    ),
    ("URIDetail", &["has_host_key"]),
];

impl Default for Site {
    fn default() -> Self {
        Self::stock(ScoreSet::Local)
    }
}

impl Site {
    /// Debian's installation.
    #[must_use]
    pub fn stock(scores: ScoreSet) -> Self {
        Self {
            scores,
            plugins: PLUGINS.iter().map(|name| format!("{PREFIX}{name}")).collect(),
            compatibility: BTreeSet::from(["welcomelist_blocklist".to_owned()]),
        }
    }

    /// A `loadplugin` line.
    pub fn load(&mut self, plugin: &str) {
        self.plugins.insert(renamed(plugin).to_owned());
    }

    /// An `enable_compat` line.
    pub fn enable(&mut self, compatibility: &str) {
        self.compatibility.insert(compatibility.to_owned());
    }

    /// `plugin(NAME)`.
    #[must_use]
    pub fn has_plugin(&self, name: &str) -> bool {
        // Removed from the distribution; its conditions are answered with yes so that they are skipped.
        name == "Mail::SpamAssassin::Plugin::RaciallyCharged" || self.plugins.contains(renamed(name))
    }

    /// `can(PATH)` and `has(PATH)`; both ask whether a function of that name exists.
    #[must_use]
    pub fn can(&self, path: &str) -> bool {
        let Some((module, name)) = path.rsplit_once("::") else { return false };
        if module == "Mail::SpamAssassin::Conf" {
            let compatible = name.strip_prefix("compat_").is_some_and(|name| self.compatibility.contains(name));
            return compatible || CONF.contains(&name);
        }
        let Some(plugin) = module.strip_prefix(PREFIX) else { return false };
        self.has_plugin(module)
            && ABILITIES.iter().any(|(owner, abilities)| *owner == plugin && abilities.contains(&name))
    }
}

/// Two plugins have an older name.
fn renamed(plugin: &str) -> &str {
    match plugin {
        "Mail::SpamAssassin::Plugin::Dmarc" => "Mail::SpamAssassin::Plugin::DMARC",
        "Mail::SpamAssassin::Plugin::WhiteListSubject" => "Mail::SpamAssassin::Plugin::WelcomeListSubject",
        plugin => plugin,
    }
}
