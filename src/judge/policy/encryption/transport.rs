//! What is demanded of a mail's transport, and whether its evidence reaches that.
//!
//! Pure. Of the recipient's class, the secure alias and the partners that the mail claims to come from the strongest
//! demand counts. Mail that never crossed a network owes nothing; a login over TLS is as good as a certificate.

use super::{Encryption, Partner, SecureAlias};
use crate::{
    judge::policy::verdict::Reply,
    mail::{
        Mail,
        address::{Address, Domain},
        author,
        envelope::Client,
        transport::Level,
    },
};

/// A demand that a mail does not meet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmet {
    pub demanded: Level,
    pub reached: Level,
    /// Whose demand it is, for operators: `class head`, `partner amt.example`, `alias secure.a.example`.
    pub whose: String,
}

/// The level that the client's session reached; `None` when the mail was made on this house's own machine.
#[must_use]
pub fn reached(client: &Client) -> Option<Level> {
    if client.local || client.address.is_some_and(|address| address.to_canonical().is_loopback()) {
        return None;
    }
    let level = Level::of(client.tls.as_ref());
    Some(if level == Level::Tls12 && client.login.is_some() { Level::Verified } else { level })
}

/// The domains that a mail claims to come from: reverse-path, then authors.
#[must_use]
pub fn claimed(mail: &Mail) -> Vec<Domain> {
    let authors = author::read(&mail.message.head).domains();
    mail.envelope.sender.domain().into_iter().chain(authors).collect()
}

impl Encryption {
    /// Does anybody demand anything?
    #[must_use]
    pub fn is_demanding(&self) -> bool {
        let levels = (self.classes.iter().map(|class| class.transport))
            .chain(self.partners.iter().map(|partner| partner.transport))
            .chain(self.aliases.iter().map(|alias| alias.transport));
        levels.max().unwrap_or_default() > Level::None
    }

    /// The strongest demand that a client's session does not reach, for one recipient, or for the mail as such.
    #[must_use]
    pub fn unmet(&self, client: &Client, recipient: Option<&Address>, senders: &[Domain]) -> Option<Unmet> {
        let reached = reached(client)?;
        let by_class = recipient.and_then(|recipient| self.class_of(recipient));
        let by_alias = recipient.and_then(|recipient| self.alias_of(recipient));
        let class = by_class.map(|class| (class.transport, format!("class {}", class.name)));
        let alias = by_alias.map(|SecureAlias { domain, transport, .. }| (*transport, format!("alias {domain}")));
        let is_of = |partner: &&Partner| {
            senders.iter().any(|sender| partner.domains.iter().any(|domain| sender.is_within(domain)))
        };
        let named = |partner: &Partner| {
            let name = partner.domains.first().map(Domain::as_str).unwrap_or_default();
            (partner.transport, format!("partner {name}"))
        };
        let partners = self.partners.iter().filter(is_of).map(named);
        let (demanded, whose) = class.into_iter().chain(alias).chain(partners).max()?;
        (demanded > reached).then_some(Unmet { demanded, reached, whose })
    }

    /// What a client is told whose mail did not come encrypted enough (RFC 3463, X.7.10: encryption needed).
    #[must_use]
    pub fn refusal(&self, code: u16) -> Reply {
        let link = self.link.as_deref().map(|link| format!(", see {link}")).unwrap_or_default();
        let enhanced = if code < 500 { "4.7.10" } else { "5.7.10" };
        Reply::new(code, enhanced, format!("this mail has to be sent over an encrypted connection{link}"))
    }

    /// The mailbox that takes a recipient's mail: that of the secure alias, otherwise the recipient itself.
    #[must_use]
    pub fn mailbox_of(&self, recipient: &Address) -> Address {
        match self.alias_of(recipient) {
            Some(alias) => Address::new(&format!("{}@{}", recipient.local_part(), alias.mailbox)),
            None => recipient.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::policy::encryption::read::read, mail::envelope::Tls};

    fn client(version: &str) -> Client {
        let tls = (!version.is_empty()).then(|| Tls { version: version.to_owned(), ..Tls::default() });
        Client { address: "192.0.2.1".parse().ok(), tls, ..Client::default() }
    }

    fn policy() -> Encryption {
        let text = "link = 'https://a.example/tls'\n\
                    [[class]]\nname = 'head'\nrecipients = 'head@a.example'\ntransport = 'tls1.2'\n\
                    [[partner]]\ndomains = 'amt.example'\ntransport = 'verified'\n\
                    [[secure_alias]]\ndomain = 'secure.a.example'\nmailbox = 'a.example'\ntransport = 'tls'\n";
        read("e.toml", text).unwrap()
    }

    fn whose(client: &Client, to: &str, from: &str) -> Option<String> {
        let senders: Vec<Domain> = Domain::parse(from).into_iter().collect();
        policy().unmet(client, Some(&Address::new(to)), &senders).map(|unmet| unmet.whose)
    }

    #[test]
    fn the_strongest_demand_counts() {
        for (version, to, from, expected) in [
            ("", "head+x@a.example", "b.example", Some("class head")),
            ("TLSv1.1", "head@a.example", "b.example", Some("class head")),
            ("TLSv1.2", "head@a.example", "b.example", None),
            ("TLSv1.3", "head@a.example", "mail.amt.example", Some("partner amt.example")),
            ("", "x@a.example", "b.example", None),
            ("", "x@secure.a.example", "b.example", Some("alias secure.a.example")),
            ("TLSv1", "x@secure.a.example", "b.example", None),
            // The alias of a mailbox is not weaker than the mailbox.
            ("TLSv1", "head@secure.a.example", "b.example", Some("class head")),
        ] {
            assert_eq!(whose(&client(version), to, from).as_deref(), expected, "{version} {to} {from}");
        }
    }

    #[test]
    fn mail_of_this_machine_owes_nothing_and_a_login_is_as_good_as_a_certificate() {
        let local = Client { address: "::1".parse().ok(), ..Client::default() };
        assert_eq!(whose(&local, "head@a.example", "amt.example"), None);
        let pickup = Client { local: true, ..Client::default() };
        assert_eq!(whose(&pickup, "head@a.example", "amt.example"), None);
        let unknown = Client::default();
        assert!(whose(&unknown, "head@a.example", "b.example").is_some());
        let teacher = Client { login: Some("t".to_owned()), ..client("TLSv1.3") };
        assert_eq!(reached(&teacher), Some(Level::Verified));
        let careless = Client { login: Some("t".to_owned()), ..client("") };
        assert_eq!(reached(&careless), Some(Level::None));
    }

    #[test]
    fn an_alias_stands_for_a_mailbox() {
        let mailbox = |to: &str| policy().mailbox_of(&Address::new(to)).as_str().to_owned();
        assert_eq!(mailbox("\"a b\"@Secure.a.example"), "\"a b\"@a.example");
        assert_eq!(mailbox("x@a.example"), "x@a.example");
    }

    #[test]
    fn the_policy_of_the_manual_does_what_it_says() {
        let manual = include_str!("../../../../docs/encryption.md");
        let text = manual.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let school = read("docs/encryption.md", text).unwrap();
        let refused = |version: &str, to: &str, from: &str| {
            let senders: Vec<Domain> = Domain::parse(from).into_iter().collect();
            school.unmet(&client(version), Some(&Address::new(to)), &senders).is_some()
        };
        assert!(refused("", "Schulleitung+eltern@schule.example", "b.example"));
        assert!(!refused("TLSv1.2", "schulleitung@schule.example", "b.example"));
        assert!(refused("", "x@personalrat.schule.example", "b.example"));
        assert!(!refused("", "lehrer@schule.example", "b.example"));
        assert!(refused("TLSv1.3", "lehrer@schule.example", "mail.schulamt.example"));
        assert!(refused("", "lehrer@sicher.schule.example", "b.example"));
        assert_eq!(school.mailbox_of(&Address::new("lehrer@sicher.schule.example")).as_str(), "lehrer@schule.example");
    }

    #[test]
    fn the_refusal_is_one_sentence_with_the_link() {
        let reply = policy().refusal(550).to_string();
        assert_eq!(
            reply,
            "550 5.7.10 this mail has to be sent over an encrypted connection, see https://a.example/tls"
        );
    }
}
