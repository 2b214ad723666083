//! Every key of `wehr.toml`: its shape, its default, and one sentence for operators.
//!
//! Pure data. The defaults are read by the same code as a file, so what is printed is what counts.

/// What a value looks like in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    Text,
    /// A string or a list of strings.
    Texts,
    /// Points with at most two decimals.
    Score,
    /// A whole number.
    Count,
    /// A table of symbols with an action each.
    Actions,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// With its table, for example `milter.listen`.
    pub name: &'static str,
    pub shape: Shape,
    /// As it would stand in the file.
    pub default: &'static str,
    pub about: &'static str,
}

const fn key(name: &'static str, shape: Shape, default: &'static str, about: &'static str) -> Key {
    Key { name, shape, default, about }
}

/// All keys, in the order in which they are listed.
pub const KEYS: &[Key] = &[
    key(
        "authserv_id",
        Shape::Text,
        r#""""#,
        "our name in Authentication-Results (RFC 8601); fields that claim it are removed; empty: the host name",
    ),
    key("own_domains", Shape::Texts, "[]", "the domains this house receives mail for"),
    key(
        "milter.listen",
        Shape::Texts,
        r#"["127.0.0.1:8894"]"#,
        "where the MTA finds the milter: ADDRESS:PORT or unix:PATH; an empty list closes this door",
    ),
    key(
        "lmtp.listen",
        Shape::Texts,
        r#"["127.0.0.1:8024"]"#,
        "where the MTA hands mail over by LMTP: ADDRESS:PORT or unix:PATH; an empty list closes this door",
    ),
    key(
        "lmtp.trusted_peers",
        Shape::Texts,
        r#"["127.0.0.0/8", "::1"]"#,
        "who may tell us the client with XFORWARD: addresses or networks; peers on unix sockets always may",
    ),
    key(
        "lmtp.certificate",
        Shape::Text,
        r#""""#,
        "file with the PEM certificate chain for STARTTLS; empty: no STARTTLS is offered",
    ),
    key(
        "lmtp.key",
        Shape::Text,
        r#""""#,
        "file with the PEM private key that belongs to lmtp.certificate; nobody else may read it",
    ),
    key(
        "deliver.to",
        Shape::Text,
        r#""maildir:wehr-data/maildir""#,
        "where accepted mail goes: maildir:PATH, lmtp:HOST:PORT, lmtps:HOST:PORT, lmtp+starttls:HOST:PORT, lmtp+unix:PATH or unix:PATH",
    ),
    key(
        "deliver.server_name",
        Shape::Text,
        r#""""#,
        "the name the mailstore's certificate must show for lmtps and lmtp+starttls; empty: the host of deliver.to",
    ),
    key(
        "deliver.authorities",
        Shape::Text,
        r#""""#,
        "file with the PEM authorities that may sign the mailstore's certificate; empty: the web's public ones",
    ),
    key(
        "deliver.certificate",
        Shape::Text,
        r#""""#,
        "file with the PEM certificate chain that is shown to a mailstore over lmtps or lmtp+starttls; empty: none",
    ),
    key(
        "deliver.key",
        Shape::Text,
        r#""""#,
        "file with the PEM private key that belongs to deliver.certificate; nobody else may read it",
    ),
    key(
        "http.listen",
        Shape::Texts,
        r#"["127.0.0.1:8080"]"#,
        "where /metrics, /healthz and /readyz are served: ADDRESS:PORT; an empty list closes it",
    ),
    key(
        "http.check_listen",
        Shape::Texts,
        "[]",
        "where mails are judged for clients of rspamd's /checkv2 (docs/api.md): ADDRESS:PORT or unix:PATH; whoever reaches it may ask",
    ),
    key(
        "http.admin_listen",
        Shape::Texts,
        r#"["127.0.0.1:8081"]"#,
        "where the admin API is served (docs/api.md): ADDRESS:PORT; closed while http.admin_tokens is empty",
    ),
    key(
        "http.mailbox_listen",
        Shape::Texts,
        "[]",
        "where recipients see what the quarantine holds for them, by the links of quarantine.digest: ADDRESS:PORT; a web server with TLS goes in front",
    ),
    key(
        "http.admin_tokens",
        Shape::Text,
        r#""""#,
        "file of who may use the admin API: lines NAME ROLE SHA256, the digest of a random token; empty: nobody",
    ),
    key(
        "spamd.listen",
        Shape::Texts,
        "[]",
        "where mails are judged for clients of SpamAssassin's spamd (docs/api.md): ADDRESS:PORT or unix:PATH; whoever reaches it may ask",
    ),
    key(
        "state.url",
        Shape::Text,
        r#""redb:wehr-data/state.redb""#,
        "where is kept what outlives a restart (how partners sent their mails): redb:PATH for one machine, redis://HOST:PORT, rediss://HOST:PORT (TLS) or redis+unix:///PATH for several",
    ),
    key(
        "state.ca",
        Shape::Text,
        r#"""#,
        "file of PEM certificates that verify the server of a rediss:// store; empty: the authorities that browsers trust",
    ),
    key(
        "clamd.address",
        Shape::Text,
        r#""""#,
        "the virus scanner: ADDRESS:PORT or unix:PATH; empty: nothing is scanned",
    ),
    key(
        "clamd.stream_bytes_max",
        Shape::Count,
        "104857600",
        "octets clamd takes in one stream (its StreamMaxLength); larger mail is a failed scan, never a clean one",
    ),
    key(
        "dns.resolvers",
        Shape::Texts,
        "[]",
        "name servers to ask: ADDRESS or ADDRESS:PORT; an empty list asks nobody, and no sender is authenticated",
    ),
    key(
        "egress.mode",
        Shape::Text,
        r#""allow""#,
        "deny: no start and no reload with a destination that is neither on this machine nor in egress.allowed; or allow",
    ),
    key(
        "egress.allowed",
        Shape::Texts,
        "[]",
        "destinations beyond this machine: ADDRESS, ADDRESS/BITS, ADDRESS:PORT, HOST or HOST:PORT (wehr egress lists them)",
    ),
    key("auth.trusted_sealers", Shape::Texts, "[]", "domains whose ARC seals (RFC 8617) are believed"),
    key("policy.tag", Shape::Score, "6", "score from which mail is marked X-Spam-Flag: YES"),
    key("policy.quarantine", Shape::Score, "10", "score from which mail is set aside"),
    key("policy.reject", Shape::Score, "15", "score from which mail is refused"),
    key(
        "policy.actions",
        Shape::Actions,
        "{}",
        "the least that happens when a symbol is found, whatever the score: SYMBOL = accept, tag, quarantine, defer or reject",
    ),
    key(
        "policy.recipients",
        Shape::Text,
        r#"""""#,
        "file with classes of recipients and what each takes (attachments, coverage); empty: one class, built in",
    ),
    key(
        "policy.subjects",
        Shape::Text,
        r#""""#,
        "file of persons with their addresses and class, which the admin API writes (docs/api.md); made when needed; empty: none",
    ),
    key(
        "encryption.anchors",
        Shape::Text,
        r#""""#,
        "file with the PEM certificate authorities whose S/MIME signers are trusted; empty: none is",
    ),
    key(
        "encryption.keys",
        Shape::Text,
        r#""""#,
        "folder of OpenPGP public keys (.asc, .pgp, .gpg, .key) whose signatures are trusted; empty: none is",
    ),
    key(
        "policy.encryption",
        Shape::Text,
        r#""""#,
        "file with what must arrive encrypted: classes of recipients, partners, secure aliases; empty: no demand",
    ),
    key(
        "policy.senders",
        Shape::Text,
        r#""""#,
        "file with greylisting, limits on how much may come, and lists in the DNS; empty: none, nobody is asked",
    ),
    key(
        "quarantine.folder",
        Shape::Text,
        r#""wehr-data/quarantine""#,
        "folder for mail that the LMTP door sets aside, encrypted (wehr quarantine)",
    ),
    key(
        "quarantine.url",
        Shape::Text,
        r#""""#,
        "s3://BUCKET/PREFIX: a bucket instead of the folder, for what is encrypted before it leaves; empty: the folder",
    ),
    key(
        "quarantine.endpoint",
        Shape::Text,
        r#""""#,
        "the store of quarantine.url, such as https://s3.school.example; http only on this machine; empty: Amazon's of the region",
    ),
    key("quarantine.region", Shape::Text, r#""us-east-1""#, "region of the bucket, as its store names it"),
    key(
        "quarantine.credentials",
        Shape::Text,
        r#""""#,
        "file with two lines for quarantine.url, the access key's id and its secret; nobody else may read it",
    ),
    key(
        "quarantine.key",
        Shape::Text,
        r#""""#,
        "file of the key that mail set aside is encrypted with; nobody else may read it; empty: quarantine.key beside the folder",
    ),
    key("quarantine.keep_days", Shape::Count, "30", "days after which mail set aside is deleted, released or not"),
    key(
        "quarantine.bytes_max",
        Shape::Count,
        "10737418240",
        "octets of all mail set aside; beyond it such mail is deferred, for nothing that is held is dropped for want of room",
    ),
    key(
        "quarantine.digest.at",
        Shape::Texts,
        "[]",
        "times of day at which recipients are told what is held for them (docs/quarantine.md), such as 07:00; empty: not by time of day",
    ),
    key(
        "quarantine.digest.every_hours",
        Shape::Count,
        "0",
        "hours of the day, counted from midnight, at which they are told, too: 6 is at 0, 6, 12 and 18; 0: none",
    ),
    key(
        "quarantine.digest.zone",
        Shape::Text,
        r#""Europe/Berlin""#,
        "time zone of these times and of those that recipients read: Europe/Berlin, Europe/Vienna, Europe/Zurich, Europe/Luxembourg or UTC",
    ),
    key("quarantine.digest.from", Shape::Text, r#""""#, "whom digests come from: ADDRESS, or NAME <ADDRESS>"),
    key(
        "quarantine.digest.link",
        Shape::Text,
        r#""""#,
        "what links in digests begin with: the public address of http.mailbox_listen, such as https://mail.school.example/quarantine; empty: no digests",
    ),
    key(
        "quarantine.digest.languages",
        Shape::Texts,
        r#"["de", "en"]"#,
        "languages of a digest, in this order: de, en; pages show the one that the browser asks for, else the first",
    ),
    key(
        "quarantine.digest.classes",
        Shape::Texts,
        "[]",
        "classes of recipients (policy.recipients) that are told; empty: all",
    ),
    key(
        "quarantine.digest.release",
        Shape::Texts,
        r#"["spam"]"#,
        "why a mail may be held that its recipient can release: spam, rules, unchecked, forged, attachment, infected; for others the help desk is named",
    ),
    key(
        "quarantine.digest.help",
        Shape::Text,
        r#""""#,
        "who helps, for digests and pages: a telephone number or an address",
    ),
    key(
        "quarantine.digest.link_days",
        Shape::Count,
        "14",
        "days for which links are taken, at most until the mail is deleted",
    ),
    key(
        "quarantine.digest.secret_file",
        Shape::Text,
        r#""""#,
        "file of the secrets that sign links, 64 hex digits a line, the first one signs, all are taken; nobody else may read it; empty: digest.key beside the quarantine's folder",
    ),
    key(
        "rules.dir",
        Shape::Text,
        r#""""#,
        "folder with *.toml rule files that replace the built-in ones; empty: built in",
    ),
    key(
        "learn.model",
        Shape::Text,
        r#""""#,
        "file of a learned model (wehr learn) for the field learned of rules; empty: none",
    ),
    key(
        "record.folder",
        Shape::Text,
        r#""""#,
        "folder for cases of judged mails (message, facts, verdict), for wehr replay; empty: nothing is recorded",
    ),
    key(
        "record.recipients",
        Shape::Texts,
        "[]",
        "who consents to recording: a@school.example, or @school.example; a mail is recorded if every recipient does",
    ),
    key("record.sample", Shape::Score, "1", "share of these mails that is recorded, from 0 to 1"),
    key("record.bytes_max", Shape::Count, "1073741824", "octets of all recorded cases; the oldest go first"),
    key("record.keep_days", Shape::Count, "30", "days after which a recorded case is deleted"),
    key(
        "encryption.recipient_keys",
        Shape::Text,
        r#""""#,
        "folder with ADDRESS.asc, .pem or .crt: the keys that recipients' mail is sealed to (policy.encryption); empty: none",
    ),
    key(
        "encryption.wkd",
        Shape::Texts,
        "[]",
        "domains whose recipients' OpenPGP keys are asked for by Web Key Directory where the folder has none; nobody else is asked about",
    ),
    key(
        "encryption.wkd_ca",
        Shape::Text,
        r#""""#,
        "file with PEM certificates of the authorities trusted there; empty: those that browsers trust",
    ),
    key(
        "encryption.wkd_hosts",
        Shape::Texts,
        "[]",
        "where hosts of such directories are, if the DNS does not say or names a private address: HOST=ADDRESS or HOST=ADDRESS:PORT",
    ),
    key(
        "encryption.ldap",
        Shape::Text,
        r#""""#,
        "directory with recipients' certificates (userCertificate) and OpenPGP keys (pgpKey), found by mail: ldaps://HOST[:PORT]/BASE; empty: none",
    ),
    key(
        "encryption.ldap_ca",
        Shape::Text,
        r#""""#,
        "file with PEM certificates of the authorities trusted there; empty: those that browsers trust",
    ),
    key("encryption.ldap_user", Shape::Text, r#""""#, "name of the entry that asks; empty: nobody in particular"),
    key(
        "encryption.ldap_password",
        Shape::Text,
        r#""""#,
        "file with the password of encryption.ldap_user; nobody else may read it",
    ),
    key(
        "log.pseudonym_days",
        Shape::Count,
        "7",
        "days in which wehr pseudonym finds a person in the log; the keys are destroyed then; 0: the log tells nobody apart",
    ),
    key(
        "log.client_network",
        Shape::Text,
        r#""no""#,
        "yes: the log names the client's network (IPv4 /24, IPv6 /48) beside its pseudonym; or no",
    ),
    key(
        "hardening.landlock",
        Shape::Text,
        r#""try""#,
        "the kernel lets the server open only what the configuration names: try (where it can), require, or off; counts after a restart",
    ),
    key(
        "hardening.seccomp",
        Shape::Text,
        r#""try""#,
        "the kernel refuses calls that a mail filter never makes: try (where it can), require, or off; counts after a restart",
    ),
    key("limits.message_bytes_max", Shape::Count, "52428800", "octets of one message; larger ones get 552"),
    key(
        "limits.spool_memory_bytes_max",
        Shape::Count,
        "131072",
        "octets of a mail kept in memory before the rest goes to an unlinked file",
    ),
    key("limits.connections_max", Shape::Count, "20000", "connections of all doors together; further ones get 421"),
];

/// The key of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
