//! Which entries a mail is about: its client's network, its sender, its recipients, alone and together.
//!
//! Pure. Mail of the house's own users and machines is about none.

use super::{Counted, Rate, Senders};
use crate::{
    judge::{
        auth::{self, Authentication, Word},
        entry::{Entry, Sort},
    },
    limits,
    mail::{
        Mail,
        address::Address,
        envelope::{Client, Envelope},
        network::Network,
    },
};
use std::net::IpAddr;

/// The client that is judged; none where the user has logged in, or the mail is the house's own.
#[must_use]
pub fn stranger(mail: &Mail) -> Option<IpAddr> {
    judged(&mail.client)
}

/// The same, before there is a mail.
#[must_use]
pub fn judged(client: &Client) -> Option<IpAddr> {
    auth::judged_address(client).filter(|_| client.login.is_none() && !client.local)
}

/// The network that counts as one client: 24 bits of IPv4, 48 of IPv6.
#[must_use]
pub fn network(address: IpAddr) -> String {
    Network::of_client(address).to_string()
}

/// One entry for each recipient, up to the bound: network, sender, recipient.
#[must_use]
pub fn triplets(mail: &Mail) -> Vec<Entry> {
    triplets_of(&mail.client, &mail.envelope)
}

/// The same of a mail whose body has not come.
#[must_use]
pub fn triplets_of(client: &Client, envelope: &Envelope) -> Vec<Entry> {
    let Some(address) = judged(client) else { return Vec::new() };
    let (network, sender) = (network(address), envelope.sender.as_str());
    let about = |recipient: &str| Entry::new(Sort::Triplet, &format!("{network} <{sender}> <{recipient}>"));
    recipients(envelope).into_iter().map(about).collect()
}

/// One entry for each recipient, up to the bound: sender, recipient. Bounces have no sender.
#[must_use]
pub fn correspondences(mail: &Mail) -> Vec<Entry> {
    correspondences_of(&mail.client, &mail.envelope)
}

/// The same of a mail whose body has not come.
#[must_use]
pub fn correspondences_of(client: &Client, envelope: &Envelope) -> Vec<Entry> {
    if judged(client).is_none() || envelope.sender.is_null() {
        return Vec::new();
    }
    let sender = envelope.sender.as_str();
    let about = |recipient: &str| Entry::new(Sort::Correspondence, &format!("<{sender}> <{recipient}>"));
    recipients(envelope).into_iter().map(about).collect()
}

/// How a sender's domain comes: from which network. Bounces have no sender.
#[must_use]
pub fn standing(client: &Client, sender: &Address) -> Option<Entry> {
    let (address, domain) = (judged(client)?, sender.domain()?);
    let domain = domain.registrable().unwrap_or(domain);
    Some(Entry::new(Sort::Standing, &format!("{} {domain}", network(address))))
}

/// What a limit counts of a mail.
#[must_use]
pub fn counted(mail: &Mail, rate: &Rate) -> Vec<Entry> {
    let Some(client) = stranger(mail) else { return Vec::new() };
    match rate.of {
        Counted::ClientNetwork => vec![Entry::new(Sort::Network(rate.window), &network(client))],
        Counted::SenderDomain => {
            let domain = mail.envelope.sender.domain().map(|domain| domain.registrable().unwrap_or(domain));
            domain.map(|domain| Entry::new(Sort::Sender(rate.window), domain.as_str())).into_iter().collect()
        }
        Counted::Recipient => {
            let about = |recipient: &str| Entry::new(Sort::Recipient(rate.window), recipient);
            recipients(&mail.envelope).into_iter().map(about).collect()
        }
    }
}

/// May the sender's name be believed?
#[must_use]
pub fn is_authenticated(authentication: &Authentication) -> bool {
    authentication.spf.result == Word::Pass || authentication.dmarc.result == Word::Pass
}

/// Is anything remembered of who writes to whom?
#[must_use]
pub fn asks_correspondence(senders: &Senders) -> bool {
    senders.correspondence || senders.greylist.is_some() || senders.campaigns.is_some()
}

fn recipients(envelope: &Envelope) -> Vec<&str> {
    let mut recipients: Vec<&str> = envelope.recipients.iter().map(Address::as_str).collect();
    recipients.sort_unstable();
    recipients.dedup();
    recipients.truncate(limits::REMEMBERED_RECIPIENTS_MAX);
    recipients
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_what_one_customer_has() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(network("::ffff:192.0.2.77"), "192.0.2.0/24");
        assert_eq!(network("2001:db8:1:2::3"), "2001:db8:1::/48");
    }
}
