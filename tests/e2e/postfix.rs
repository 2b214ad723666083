//! A Postfix of our own: queue, configuration and log in a private folder, three SMTP ports.

use crate::{
    ground::{Ground, Process, free_port, give_to, run, set_mode, wait_for, wait_for_port},
    parts::Part,
};
use rcgen::generate_simple_self_signed;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

/// Where Postfix's mail goes: to our LMTP door, or to the mailstore itself.
pub const FILTERED: &str = "filtered.example.org";
pub const DIRECT: &str = "direct.example.org";

/// What Postfix has to know of the other parts.
pub struct Surroundings {
    pub mailstore: SocketAddr,
    pub lmtp_door: SocketAddr,
    pub milter_tcp: SocketAddr,
    pub milter_unix: PathBuf,
}

pub struct Postfix {
    /// Without a milter: only the LMTP door sees such mail.
    pub plain: SocketAddr,
    pub behind_tcp: SocketAddr,
    pub behind_unix: SocketAddr,
    /// For clients that speak TLS.
    pub keys: Keys,
    configuration: PathBuf,
    log: PathBuf,
    // The shell that `start-fg` leaves waiting for the master; it ends with it.
    _process: Process,
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // The master is not our child but the shell's: only Postfix's own command finds it, by its pid file.
        let _ = Part::Postfix.command().arg("-c").arg(&self.configuration).arg("stop").output();
    }
}

impl Postfix {
    pub fn start(ground: &Ground, around: &Surroundings) -> Self {
        let folder = ground.subfolder("postfix");
        let configuration = ground.subfolder("postfix/conf");
        ground.subfolder("postfix/queue");
        let log = ground.subfolder("postfix/log").join("mail.log");
        let data = ground.subfolder("postfix/data");
        set_mode(&data, 0o700);
        give_to(&data, "postfix:postfix");
        let (plain, behind_tcp, behind_unix) = (free_port(), free_port(), free_port());
        fs::write(configuration.join("main.cf"), main_cf(&folder, ground, around)).expect("writing main.cf");
        let ports = [
            (plain, String::new()),
            (behind_tcp, format!("inet:{}", around.milter_tcp)),
            (behind_unix, format!("unix:{}", around.milter_unix.display())),
        ];
        fs::write(configuration.join("master.cf"), master_cf(&ports)).expect("writing master.cf");
        let keys = Keys::make(&configuration);
        let mut command = Part::Postfix.command();
        command.arg("-c").arg(&configuration).arg("start-fg");
        let mut process = Process::start("postfix", &mut command, &folder.join("stdout.log"));
        for (port, _) in &ports {
            wait_for_port(*port, &mut process);
        }
        Self { plain, behind_tcp, behind_unix, keys, configuration, log, _process: process }
    }

    /// The whole mail log so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// What the log says about the deliveries of the mails whose Message-ID contains `mark`, in order.
    pub fn fates(&self, mark: &str) -> Vec<String> {
        let log = self.log();
        let queue_ids: BTreeSet<&str> = log
            .lines()
            .filter(|line| line.contains("message-id=<") && line.contains(mark))
            .filter_map(|line| line.split(": ").nth(1))
            .collect();
        let fate = |line: &&str| {
            line.contains("status=") && line.split(": ").nth(1).is_some_and(|queue_id| queue_ids.contains(queue_id))
        };
        log.lines().filter(fate).map(str::to_owned).collect()
    }

    /// Waits for a delivery of the mail `mark` that ended so: `status=sent`, `status=deferred`, a reply.
    pub fn wait_for_fate(&self, mark: &str, end: &str) -> String {
        wait_for(&format!("`{end}` for {mark} in Postfix's log"), || {
            self.fates(mark).into_iter().find(|line| line.contains(end))
        })
    }

    /// The queue as `postqueue -p` shows it.
    pub fn queue(&self) -> String {
        run(Command::new("postqueue").arg("-c").arg(&self.configuration).arg("-p"))
    }

    /// Tries all deferred mail now.
    pub fn flush(&self) {
        run(Command::new("postqueue").arg("-c").arg(&self.configuration).arg("-f"));
    }

    /// Releases all mail on hold.
    pub fn release(&self) {
        run(Command::new("postsuper").arg("-c").arg(&self.configuration).args(["-H", "ALL"]));
    }

    /// Whether nothing waits in the queue.
    pub fn is_idle(&self) -> bool {
        self.queue().contains("Mail queue is empty")
    }
}

/// The certificate of Postfix, and one of a client that Postfix verifies.
pub struct Keys {
    pub server: CertificateDer<'static>,
    pub client: CertificateDer<'static>,
    pub client_key: PrivateKeyDer<'static>,
}

impl Keys {
    fn make(configuration: &Path) -> Self {
        let made = |name: &str| generate_simple_self_signed(vec![name.to_owned()]).expect("a certificate");
        let (server, client) = (made("mx.example.org"), made("mail.example.net"));
        fs::write(configuration.join("certificate.pem"), server.cert.pem()).expect("writing a certificate");
        fs::write(configuration.join("key.pem"), server.signing_key.serialize_pem()).expect("writing a key");
        set_mode(&configuration.join("key.pem"), 0o600);
        fs::write(configuration.join("clients.pem"), client.cert.pem()).expect("writing a certificate");
        let client_key = PrivateKeyDer::try_from(client.signing_key.serialize_der()).expect("a key");
        Self { server: server.cert.der().clone(), client: client.cert.der().clone(), client_key }
    }
}

fn main_cf(folder: &Path, ground: &Ground, around: &Surroundings) -> String {
    let (folder, root) = (folder.display(), ground.folder.display());
    let Surroundings { mailstore, lmtp_door, .. } = around;
    format!(
        "compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = /var, {root}
myhostname = mx.example.org
mydomain = example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/conf/certificate.pem
smtpd_tls_key_file = {folder}/conf/key.pem
smtpd_tls_ask_ccert = yes
smtpd_tls_CAfile = {folder}/conf/clients.pem
smtpd_tls_received_header = yes
virtual_mailbox_domains = {FILTERED}, {DIRECT}, secure.{FILTERED}, secure.{DIRECT}
transport_maps = inline:{{ {{ {FILTERED} = lmtp:inet:{lmtp_door} }}, {{ secure.{FILTERED} = lmtp:inet:{lmtp_door} }}, {{ {DIRECT} = lmtp:inet:{mailstore} }} }}
# Bounces to the senders of the cases land in the mailstore, too, where the case reads them.
default_transport = lmtp:inet:{mailstore}
relay_domains =
alias_maps =
local_recipient_maps =
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination
milter_default_action = tempfail
milter_protocol = 6
lmtp_send_xforward_command = yes
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtp_dns_support_level = disabled
lmtp_destination_concurrency_limit = 10
lmtp_destination_concurrency_failed_cohort_limit = 100
message_size_limit = 60000000
mailbox_size_limit = 0
default_process_limit = 60
queue_run_delay = 2s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
"
    )
}

/// Every smtpd runs with one milter or none; the other services are Debian's, without chroot.
fn master_cf(ports: &[(SocketAddr, String)]) -> String {
    let mut text = String::new();
    for (port, milter) in ports {
        writeln!(text, "{port} inet n - n - - smtpd\n  -o smtpd_milters={milter}").expect("writing to a string");
    }
    text + SERVICES
}

const SERVICES: &str = "pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";
