//! Import: SpamAssassin's `.cf` rule files become packs in our language, with a report on every rule.
//!
//! Pure: texts in, texts out. Written from the documented behaviour of version 4.0.1.

pub mod book;
mod condition;
mod engine;
mod evals;
pub mod expression;
pub mod header;
mod lines;
mod lists;
pub mod meta;
mod octets;
mod packs;
mod patterns;
pub mod report;
pub mod site;
mod tags;
mod translate;

use report::Report;
use site::Site;

/// What an import gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// File name and text of every pack.
    pub packs: Vec<(String, String)>,
    /// File name and text of every list.
    pub lists: Vec<(String, String)>,
    pub report: Report,
}

/// Imports rule files, `(name, octets)` each, in the order SpamAssassin reads them: sorted by name.
#[must_use]
pub fn import(files: &[(&str, &[u8])], mut site: Site) -> Imported {
    let book = book::Book::read(files, &mut site);
    translate::translated(&book, &site)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::ruleset::{Proof, Ruleset, Sources};
    use report::Fate;

    const RULES: &str = r#"
header   SUBJ_X      Subject =~ /^x\/y/i
describe SUBJ_X      Subject is "x"
score    SUBJ_X      0.5 0.6 0.7 0.8
header   NO_TO       To !~ /\S/
header   HAS_X       exists:X-Foo
header   UNSET       From =~ /^unset$/ [if-unset: unset]
header   MAYBE       X-Foo =~ /^$/
body     __multi     /b\.c/
tflags   __multi     multiple maxhits=3
body     T_LOOK      m{a(?=b)/}
body     NOT_SUBJ    /./
tflags   NOT_SUBJ    nosubject
uri      __OFF       /x/
score    __OFF       0
meta     OFF_META    SUBJ_X
score    OFF_META    0
meta     WAITS       OFF_META || SUBJ_X
meta     COUNTS      (__multi + T_LOOK > 1) && !__OFF && !ODD
body     ODD         eval:no_such_function('a')
header   RBL         eval:check_rbl('a', 'b')
mimeheader MH        Content-Type =~ /^image/
replace_tag  A       [a@]
replace_rules        TAGGED
body     TAGGED      /v<A>l/
meta     SELF        SELF || SUBJ_X
"#;

    fn imported() -> Imported {
        import(&[("10_a.cf", RULES.as_bytes())], Site::default())
    }

    #[test]
    fn every_form_becomes_a_rule() {
        let imported = imported();
        let (file, text) = &imported.packs[0];
        assert_eq!(file, "10_a.toml");
        let table: toml::Table = text.parse().unwrap();
        let when = |name: &str| table[name]["when"].as_str().unwrap().trim().to_owned();
        for (name, expected) in [
            ("SUBJ_X", r#"sa_header("Subject") ~ /^x\/y/i"#),
            ("NO_TO", r#"not (sa_header("To") ~ /\S/)"#),
            ("HAS_X", r#"count(sa_header("X-Foo")) > 0"#),
            ("UNSET", r#"sa_header("From", "unset") ~ /^unset$/"#),
            ("MAYBE", r#"sa_header("X-Foo", "") ~ /^$/"#),
            ("__MULTI", r"body ~ /b\.c/"),
            ("T_LOOK", r"body ~ /a(?=b)\//"),
            ("NOT_SUBJ", "body_only ~ /./"),
            ("COUNTS", "__MULTI + T_LOOK > 1 and not 0 and not ODD"),
            ("MH", r#"sa_mimeheader("Content-Type") ~ /^image/"#),
            ("TAGGED", "body ~ /v[a@]l/"),
        ] {
            assert_eq!(when(name), expected, "{name}");
        }
        assert_eq!(table["SUBJ_X"]["about"].as_str(), Some("Subject is \"x\""));
        assert_eq!(table["SUBJ_X"]["score"].as_float(), Some(0.5));
        assert_eq!(table["T_LOOK"]["score"].as_float(), Some(0.01));
        assert_eq!((table["__MULTI"]["multiple"].as_integer(), table["__MULTI"].get("score")), (Some(3), None));
        assert!(table["ODD"].get("when").is_none() && !table.contains_key("RBL") && !table.contains_key("WAITS"));
    }

    #[test]
    fn the_report_tells_what_became_of_each() {
        let report = imported().report;
        let fate = |name: &str| report.rules.iter().find(|line| line.name == name).map(|line| line.fate);
        for name in ["__OFF", "OFF_META", "WAITS", "SELF"] {
            assert_eq!(fate(name), Some(Fate::Off), "{name}");
        }
        assert_eq!((fate("ODD"), fate("RBL")), (Some(Fate::LeftOut), Some(Fate::LeftOut)));
        assert_eq!(report.reasons["network"], 1);
        let counts = report.rules.iter().find(|line| line.name == "COUNTS").unwrap();
        assert_eq!(counts.without, ["ODD"]);
        assert!(report.oddities.is_empty(), "{:?}", report.oddities);
    }

    #[test]
    fn no_text_makes_it_panic() {
        let texts: [&[u8]; 8] = [
            b"header\nbody A\nmeta\nscore\nscore A x\ntflags\nreplace_tag\nmimeheader A B\nif\nifplugin\ninclude\nlang",
            b"body A /\xff[\xc3\xa4-\xff]\\/i\nheader A X:: =~ /a/\nbody B m\nbody C /(/\nbody D /a{99999999}/\n",
            b"meta A ((((\nmeta B -\nmeta C A/B\nmeta D 1 ? 2 : 3\nmeta \xff 1\n",
            b"replace_rules A\nbody A /<A><inter A><pre><><<A>>/\nreplace_tag A <A><A><A>\n",
            b"if (((((\nelse\nendif\nendif\ninclude x\nif !\nbody A /a/\n",
            b"body and /a/\nbody groups /a/\nbody _ /a/\nbody __ /\x00/\nmeta M and && _ - -1 + !!groups\ndescribe and '''\n",
            b"body SPF_PASS /a/\nbody a /a/\nbody A /b/\nmeta C a + A\ntflags a multiple\nheader b exists:X\ntflags b multiple\n",
            b"\0\n\xff\xfe\nbody \xff /a/\ndescribe A \xff\nbody A eval:x(\nbody A eval:x(')\n",
        ];
        for text in texts {
            let imported = import(&[("a.cf", text)], Site::default());
            let sources = Sources { files: imported.packs, ..Sources::default() };
            let read = Ruleset::read(&sources, Proof::Done);
            assert!(read.is_ok(), "{:?}: {read:?}", sources.files);
        }
    }
}
