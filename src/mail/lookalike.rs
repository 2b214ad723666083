//! Look-alikes: domains that a reader takes for another (UTS 39, and the habits of phishers).
//!
//! Pure. Compares the label that was registered; what stands under another public suffix is asked for separately.

use super::{
    address::Domain,
    fold::{fold, fold_by_looks},
};

/// The looks of a domain's registered label, made once for many comparisons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looks {
    registrable: Domain,
    /// The registered label in A-label form.
    label: String,
    /// Readable and folded, umlauts as two letters.
    folded: String,
    skeleton: String,
}

impl Looks {
    /// `None` for public suffixes and addresses.
    #[must_use]
    pub fn of(domain: &Domain) -> Option<Self> {
        let registrable = domain.registrable()?;
        let label = registrable.as_str().split('.').next()?.to_owned();
        let (readable, _) = idna::domain_to_unicode(&label);
        Some(Self { folded: fold(&readable).into_owned(), skeleton: skeleton(&readable), registrable, label })
    }

    /// Would a reader take this domain for `listed`, which it is not?
    #[must_use]
    pub fn is_like(&self, listed: &Self) -> bool {
        if self.label == listed.label {
            return false;
        }
        self.skeleton == listed.skeleton || self.folded == listed.folded || is_slip(&self.folded, &listed.folded)
    }

    /// Is it the same label under another public suffix?
    #[must_use]
    pub fn is_same_label_other_suffix(&self, listed: &Self) -> bool {
        self.label == listed.label && self.registrable != listed.registrable
    }
}

/// The look of one readable label: signs that are taken for one another are one, hyphens are none.
fn skeleton(label: &str) -> String {
    let folded = fold_by_looks(label);
    let mut out = String::with_capacity(folded.len());
    for mark in folded.chars() {
        match mark {
            '-' => {}
            '0' => out.push('o'),
            '1' | 'i' => out.push('l'),
            '5' => out.push('s'),
            'n' if out.ends_with('r') => {
                out.pop();
                out.push('m');
            }
            'v' if out.ends_with('v') => {
                out.pop();
                out.push('w');
            }
            _ => out.push(mark),
        }
    }
    out
}

/// Is one label the other with one letter wrong, missing, added or two exchanged (Damerau), and not its plural?
fn is_slip(left: &str, right: &str) -> bool {
    let (short, long) = if left.len() <= right.len() { (left, right) } else { (right, left) };
    if short.len() < SLIP_LETTERS_MIN || long.len() - short.len() > 1 || long.strip_suffix('s') == Some(short) {
        return false;
    }
    let (short, long) = (short.as_bytes(), long.as_bytes());
    let same = short.iter().zip(long).take_while(|(left, right)| left == right).count();
    if short.len() != long.len() {
        return tail(short, same) == tail(long, same + 1);
    }
    let is_exchange = short.get(same) == long.get(same + 1) && short.get(same + 1) == long.get(same);
    same < short.len()
        && (tail(short, same + 1) == tail(long, same + 1)
            || (is_exchange && tail(short, same + 2) == tail(long, same + 2)))
}

fn tail(label: &[u8], start: usize) -> &[u8] {
    label.get(start..).unwrap_or_default()
}

/// Letters from which on one wrong letter is likelier a trick than another name.
const SLIP_LETTERS_MIN: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn like(domain: &str, listed: &str) -> bool {
        looks(domain).zip(looks(listed)).is_some_and(|(domain, listed)| domain.is_like(&listed))
    }

    fn looks(domain: &str) -> Option<Looks> {
        Looks::of(&Domain::parse(domain).unwrap())
    }

    #[test]
    fn domains_that_look_alike_are_found() {
        for (domain, listed) in [
            ("paypa1.com", "paypal.com"),
            ("login.pay-pal.net", "paypal.com"),
            ("rnicrosoft.com", "microsoft.com"),
            ("p\u{430}ypal.com", "paypal.com"),
            ("xn--pypal-4ve.com", "paypal.com"),
            ("p\u{e4}ypal.com", "paypal.com"),
            ("muenchen.de", "m\u{fc}nchen.de"),
            ("vvordpress.com", "wordpress.com"),
            ("paypla.com", "paypal.com"),
            ("paypaal.com", "paypal.com"),
            ("payal.com", "paypal.com"),
            ("iban.de", "1ban.de"),
        ] {
            let is_short = domain == "payal.com";
            assert_eq!(like(domain, listed), !is_short, "{domain} and {listed}");
        }
    }

    #[test]
    fn others_are_not() {
        for (domain, listed) in [
            ("paypal.com", "paypal.com"),
            ("mail.paypal.com", "paypal.com"),
            ("paypal.de", "paypal.com"),
            ("rechnung.de", "rechnungs.de"),
            ("telekom.de", "sparkasse.de"),
            ("ebay.de", "bay.de"),
            ("192.0.2.1", "192.0.2.7"),
        ] {
            assert!(!like(domain, listed), "{domain} and {listed}");
        }
        let paypal = looks("paypal.com").unwrap();
        assert!(looks("www.paypal.co.uk").unwrap().is_same_label_other_suffix(&paypal));
        assert!(!looks("www.paypal.com").unwrap().is_same_label_other_suffix(&paypal));
    }

    #[test]
    fn skeletons_agree() {
        assert_eq!(skeleton("PAYPA1"), skeleton("paypai"));
        assert_eq!(skeleton("a-bvvrn"), "abwm");
    }
}
