//! What a configuration needs of files and of the network.
//!
//! A file is often replaced by a rename, and Landlock knows what a path was, not what it is called: so the folder counts in
//! which a file lies, and the one it is linked to. Looks at links; `make_folders` makes what is to be written into.

use crate::{
    config::{
        Destination, Settings,
        egress::{self, Target},
        lent,
    },
    doors::{
        deliver::folder::{make_with_parents, parent_of},
        spool,
    },
    judge::{
        entry::{Entry, Sort},
        facts::Question,
    },
    world::{place::Place, store::Site},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// What every process reads: its own state, what the machine is, and authorities that are trusted.
const SYSTEM: [&str; 17] = [
    "/proc/self",
    "/proc/stat",
    "/proc/meminfo",
    "/proc/sys/kernel",
    "/proc/sys/vm",
    "/sys/fs/cgroup",
    "/sys/devices/system/cpu",
    "/sys/kernel/mm/transparent_hugepage",
    "/dev/null",
    "/dev/urandom",
    "/etc/hostname",
    "/etc/localtime",
    "/etc/ssl",
    "/usr/share/zoneinfo",
    "/usr/share/ca-certificates",
    "/usr/lib/ssl",
    "/etc/pki",
];
/// What a name is looked up with, where a destination is named: resolv.conf and its like change while we run.
const NAMES: [&str; 6] = ["/etc", "/run/systemd/resolve", "/run/resolvconf", "/lib", "/usr/lib", "/lib64"];

/// What a process may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    pub read: BTreeSet<PathBuf>,
    pub write: BTreeSet<PathBuf>,
    /// TCP ports of destinations.
    pub connect: BTreeSet<u16>,
    /// TCP ports of our own.
    pub bind: BTreeSet<u16>,
}

impl Reach {
    /// What these settings need, and the file they were read from.
    #[must_use]
    pub fn of(config: Option<&Path>, settings: &Settings) -> Self {
        let mut reach = Self::default();
        reach.read.extend(SYSTEM.iter().map(PathBuf::from));
        reach.files(config, settings);
        reach.folders(settings);
        reach.network(settings);
        reach
    }

    fn files(&mut self, config: Option<&Path>, settings: &Settings) {
        let pairs = [&settings.lmtp_keys, &settings.deliver_keys].into_iter().flatten();
        let ldap = settings.directories.ldap.as_ref();
        let files = [
            config,
            settings.deliver_authorities.as_deref(),
            settings.admin_tokens_file.as_deref(),
            settings.model_file.as_deref(),
            settings.recipients_file.as_deref(),
            settings.encryption_anchors.as_deref(),
            settings.encryption_file.as_deref(),
            settings.senders_file.as_deref(),
            settings.directories.wkd_authorities.as_deref(),
            ldap.and_then(|ldap| ldap.authorities.as_deref()),
            ldap.and_then(|ldap| ldap.user.as_ref()).map(|(_, password)| password.as_path()),
            match &settings.state {
                Site::Server { ca, .. } => ca.as_deref(),
                Site::File(_) => None,
            },
            settings.digest.as_ref().map(|digest| digest.secret.as_path()),
            settings.quarantine.bucket.as_ref().map(|bucket| bucket.credentials.as_path()),
        ];
        let files = files.into_iter().flatten().chain(settings.included.iter().map(PathBuf::as_path));
        for file in files.chain(pairs.flat_map(|pair| [pair.certificate.as_path(), pair.key.as_path()])) {
            self.read.insert(parent(file));
            self.read.extend(file.canonicalize().ok().as_deref().map(parent));
        }
        for folder in [&settings.encryption_keys, &settings.recipient_keys].into_iter().flatten() {
            self.read.insert(folder.clone());
        }
        self.read.extend(lent::folders(settings));
        // A folder of rules, or one file of compiled ones.
        if let Some(rules) = &settings.rules_dir {
            self.read.insert(if rules.is_file() { parent(rules) } else { rules.clone() });
        }
    }

    fn folders(&mut self, settings: &Settings) {
        let key = &settings.quarantine.key;
        if key.exists() {
            self.read.insert(parent(key));
        } else {
            self.write.insert(parent(key));
        }
        self.write.extend([
            settings.quarantine.folder.clone(),
            settings.log.folder.clone(),
            settings.faults_folder(),
            spool::folder().to_owned(),
        ]);
        self.write.extend(settings.record.iter().map(|record| record.folder.clone()));
        // What recipients and operators teach is written beside the model, what the portal says beside its file.
        let taught = [&settings.model_file, &settings.subjects_file];
        self.write.extend(taught.into_iter().flatten().map(|file| parent(file)));
        if let Site::File(path) = &settings.state {
            self.write.insert(parent(path));
        }
        if let Destination::Maildir(folder) = &settings.deliver_to {
            self.write.insert(folder.clone());
        }
        for place in places(settings) {
            if let Place::Unix(path) = place {
                self.write.insert(parent(&path));
            }
        }
    }

    fn network(&mut self, settings: &Settings) {
        self.bind.extend(places(settings).into_iter().filter_map(|place| match place {
            Place::Tcp(address) => Some(address.port()),
            Place::Unix(_) => None,
        }));
        let questions = [Question::Virus, Question::Stored(Entry::new(Sort::Triplet, ""))];
        for contact in egress::contacts(settings, &questions) {
            match contact.target {
                Target::Address(address) => drop(self.connect.insert(address.port())),
                Target::Host(_, port) => drop(self.connect.insert(port)),
                Target::SystemResolver(_) => {
                    // Asked over TCP where an answer is cut.
                    self.connect.insert(53);
                    self.read.extend(NAMES.iter().map(PathBuf::from));
                }
                Target::Unix(_) | Target::File(_) => {}
            }
        }
    }

    /// Makes the folders that are written into; one that cannot be made is told by whoever needs it.
    pub fn make_folders(&self) {
        for folder in &self.write {
            let _ = make_with_parents(folder);
        }
    }

    /// What `other` needs and this does not have, in words.
    #[must_use]
    pub fn lacks(&self, other: &Self) -> Vec<String> {
        let is_below = |path: &Path, folders: &BTreeSet<PathBuf>| folders.iter().any(|folder| path.starts_with(folder));
        let written = other.write.iter().filter(|path| !is_below(path, &self.write));
        let read = other.read.iter().filter(|path| !is_below(path, &self.read) && !is_below(path, &self.write));
        let paths = written.chain(read).map(|path| path.display().to_string());
        // Doors are bound once; a reload binds none.
        paths.chain(other.connect.difference(&self.connect).map(|port| format!("TCP port {port}"))).collect()
    }
}

/// Where the doors listen.
fn places(settings: &Settings) -> Vec<Place> {
    let unix = [&settings.milter_listen, &settings.lmtp_listen, &settings.check_listen, &settings.spamd_listen];
    let tcp = [&settings.http_listen, &settings.admin_listen, &settings.mailbox_listen];
    let tcp = tcp.into_iter().flatten().copied().map(Place::Tcp);
    unix.into_iter().flatten().cloned().chain(tcp).collect()
}

fn parent(path: &Path) -> PathBuf {
    parent_of(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reload_lacks_what_the_start_did_not_name() {
        let mut settings = Settings::load(None).unwrap();
        let started = Reach::of(None, &settings);
        assert!(started.connect.is_empty() && started.bind.contains(&8894));
        assert_eq!(started.lacks(&Reach::of(None, &settings)), [""; 0]);
        settings.resolvers = vec!["192.0.2.53:53".parse().unwrap()];
        settings.recipients_file = Some("/elsewhere/classes.toml".into());
        settings.quarantine.folder = "wehr-data/other".into();
        assert_eq!(started.lacks(&Reach::of(None, &settings)), ["/elsewhere", "TCP port 53"]);
        settings.quarantine.folder = "/elsewhere/quarantine".into();
        assert!(started.lacks(&Reach::of(None, &settings)).contains(&"/elsewhere/quarantine".to_owned()));
    }
}
