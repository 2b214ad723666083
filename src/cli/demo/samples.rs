//! The sample mails of `corpus/samples`, built into the program, each with the action it leads to.
//!
//! Pure data. Nobody is asked in a demo, so only what the mails themselves show can count.

use crate::judge::policy::verdict::Action;

/// One sample mail.
pub struct Sample {
    pub name: &'static str,
    pub bytes: &'static [u8],
    pub expected: Action,
}

/// Every sample, in the order in which they are sent.
pub const SAMPLES: &[Sample] = &[
    Sample {
        name: "01-clean.eml",
        bytes: include_bytes!("../../../corpus/samples/01-clean.eml"),
        expected: Action::Accept,
    },
    Sample {
        name: "02-umlauts.eml",
        bytes: include_bytes!("../../../corpus/samples/02-umlauts.eml"),
        expected: Action::Accept,
    },
    Sample {
        name: "03-newsletter.eml",
        bytes: include_bytes!("../../../corpus/samples/03-newsletter.eml"),
        expected: Action::Accept,
    },
    Sample {
        name: "04-bounce.eml",
        bytes: include_bytes!("../../../corpus/samples/04-bounce.eml"),
        expected: Action::Accept,
    },
    Sample {
        name: "05-forged-verdict.eml",
        bytes: include_bytes!("../../../corpus/samples/05-forged-verdict.eml"),
        expected: Action::Accept,
    },
    Sample {
        name: "06-broken.eml",
        bytes: include_bytes!("../../../corpus/samples/06-broken.eml"),
        expected: Action::Tag,
    },
    Sample {
        name: "07-two-authors.eml",
        bytes: include_bytes!("../../../corpus/samples/07-two-authors.eml"),
        expected: Action::Quarantine,
    },
    Sample {
        name: "08-program.eml",
        bytes: include_bytes!("../../../corpus/samples/08-program.eml"),
        expected: Action::Reject,
    },
    Sample {
        name: "09-dropper.eml",
        bytes: include_bytes!("../../../corpus/samples/09-dropper.eml"),
        expected: Action::Reject,
    },
    Sample {
        name: "10-worksheet.eml",
        bytes: include_bytes!("../../../corpus/samples/10-worksheet.eml"),
        expected: Action::Accept,
    },
    Sample {
        name: "11-portal-lure.eml",
        bytes: include_bytes!("../../../corpus/samples/11-portal-lure.eml"),
        expected: Action::Quarantine,
    },
    Sample {
        name: "12-sealed.eml",
        bytes: include_bytes!("../../../corpus/samples/12-sealed.eml"),
        expected: Action::Accept,
    },
];
