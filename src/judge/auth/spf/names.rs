//! The name that a domain-spec stands for (RFC 7208 7.3).
//!
//! Pure. mail-auth expands the macros. Ours is what it leaves out: a bound on the size, the cut to what DNS can carry,
//! `%{l}` and `%{o}` of senders with `@` in a quoted local part, and the `/` that its parser would take for a prefix.

use super::record::SLASH;
use mail_auth::spf::{Macro, Variable, Variables};
use std::net::IpAddr;

/// Octets of an expanded name; longer ones lose labels on the left (RFC 7208 7.3).
const NAME_BYTES_MAX: usize = 253;
/// Octets that the macros of one expansion may bring; more of them are made to cost time and become no name at all.
const EXPANSION_BYTES_MAX: usize = 64 << 10;
/// Stands for `@` within the local part: mail-auth cuts the sender at the first one.
const AT: char = '\u{1}';

/// What the macro letters stand for.
pub struct Values<'a> {
    pub client: IpAddr,
    /// Local part of the sender; never empty.
    pub local: &'a str,
    pub sender_domain: &'a str,
    pub helo: &'a str,
    /// The `<domain>` of the running check_host(), and the name when there is no domain-spec.
    pub domain: &'a str,
    /// `%{p}`: a validated host name, or `unknown`.
    pub validated: &'a str,
}

impl Values<'_> {
    /// The expanded name, cut on the left to what DNS can carry.
    pub fn expand(&self, spec: &Macro) -> String {
        if self.size_max(spec) > EXPANSION_BYTES_MAX {
            return String::new();
        }
        let variables = match spec {
            Macro::None => return self.domain.to_owned(),
            // Not `new()`: that would let `%{t}` read the clock.
            Macro::Literal(_) => Variables::default(),
            Macro::Variable { .. } | Macro::List(_) => self.variables(),
        };
        let name = spec.eval(&variables, "", false);
        let mut rest = name.strip_suffix('.').unwrap_or(&name);
        while rest.len() > NAME_BYTES_MAX {
            match rest.split_once('.') {
                Some((_, shorter)) => rest = shorter,
                None => break,
            }
        }
        let name = rest.replace(SLASH, "/");
        if self.local.contains('@') { name.replace(AT, "@").replace("%01", "%40") } else { name }
    }

    fn variables(&self) -> Variables<'_> {
        let mut variables = Variables::default();
        variables.set_ip(&self.client);
        let sender = format!("{}@{}", self.local.replace('@', "\u{1}"), self.sender_domain);
        variables.set_sender(sender.into_bytes());
        variables.set_helo_domain(self.helo.as_bytes());
        variables.set_domain(self.domain.as_bytes());
        variables.set_validated_domain(self.validated.as_bytes());
        variables
    }

    /// Octets that the macros can bring at most: each the longest value, each octet escaped to three.
    fn size_max(&self, spec: &Macro) -> usize {
        /// `%{i}` of IPv6: 32 digits with dots between.
        const ADDRESS_BYTES: usize = 63;
        let sender = self.local.len() + 1 + self.sender_domain.len();
        let lengths = [sender, self.helo.len(), self.domain.len(), self.validated.len(), ADDRESS_BYTES];
        variables(spec).count() * 3 * lengths.into_iter().max().unwrap_or_default()
    }
}

/// Does the name differ from client to client (`%{i}`, `%{p}`)?
pub fn depend_on_client(spec: &Macro) -> bool {
    variables(spec).any(|variable| matches!(variable, Variable::Ip | Variable::ValidatedDomain))
}

/// Does the name end in what the client chose (`%{h}`, `%{l}`, `%{p}`), so that it may lie in anybody's domain?
pub fn is_strangers(spec: &Macro) -> bool {
    let last = match spec {
        Macro::List(pieces) => pieces.last(),
        piece => Some(piece),
    };
    let is_chosen = |letter: &Variable| {
        matches!(letter, Variable::HeloDomain | Variable::SenderLocalPart | Variable::ValidatedDomain)
    };
    matches!(last, Some(Macro::Variable { letter, .. }) if is_chosen(letter))
}

fn variables(spec: &Macro) -> impl Iterator<Item = Variable> {
    let pieces = match spec {
        Macro::List(pieces) => pieces,
        piece => std::slice::from_ref(piece),
    };
    pieces.iter().filter_map(|piece| match piece {
        Macro::Variable { letter, .. } => Some(*letter),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::record, *};
    use mail_auth::spf::Mechanism;

    fn expand(spec: &str, local: &str) -> String {
        let record = record::parse(format!("v=spf1 exists:{spec}").as_bytes()).unwrap();
        let Some(Mechanism::Exists { macro_string }) = record.directives.first().map(|first| &first.mechanism) else {
            panic!("{spec}")
        };
        let values = Values {
            client: "192.0.2.3".parse().unwrap(),
            local,
            sender_domain: "email.example.com",
            helo: "mx.example.org",
            domain: "email.example.com",
            validated: "mx.example.org",
        };
        values.expand(macro_string)
    }

    #[test]
    fn macros_of_rfc_7208_7_4() {
        for (spec, name) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{d2r}", "example.email"),
            ("%{l1r-}", "strong"),
            ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
            ("%{S}", "strong-bad%40email.example.com"),
            ("a/b%%%_%-/%{h}", "a/b% %20/mx.example.org"),
        ] {
            assert_eq!(expand(spec, "strong-bad"), name, "{spec}");
        }
    }

    #[test]
    fn odd_senders_and_sizes() {
        assert_eq!(expand("%{l}.%{o}", "\"a@b\""), "\"a@b\".email.example.com");
        assert_eq!(expand("%{L}.%{S}", "a@b"), "a%40b.a%40b%40email.example.com");
        let name = expand(&format!("{}.%{{d}}", ["abcdefghi"; 30].join(".")), "x");
        assert!(name.len() <= 253 && name.starts_with("abcdefghi.") && name.ends_with("email.example.com"));
        assert_eq!(expand(&"%{S}".repeat(10_000), "x"), "");
    }
}
