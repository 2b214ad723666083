//! Which of the real parts this machine has. A missing one leaves cases out by name, or fails them in CI.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// A program of somebody else that a case needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Postfix's master, smtpd and lmtp need root to become user postfix.
    Root,
    Postfix,
    Dovecot,
    Clamd,
    Promtool,
    Prometheus,
    Openssl,
    Gpg,
}

impl Part {
    /// The program looked for, and the Debian package that has it.
    fn program(self) -> (&'static str, &'static str) {
        match self {
            Self::Root => ("root", "needs root"),
            Self::Postfix => ("postfix", "postfix"),
            Self::Dovecot => ("dovecot", "dovecot-core and dovecot-lmtpd"),
            Self::Clamd => ("clamd", "clamav-daemon"),
            Self::Promtool => ("promtool", "prometheus"),
            Self::Prometheus => ("prometheus", "prometheus"),
            Self::Openssl => ("openssl", "openssl"),
            Self::Gpg => ("gpg", "gpg"),
        }
    }

    /// Where the program is.
    pub fn path(self) -> Option<PathBuf> {
        let (name, _) = self.program();
        if self == Self::Root {
            return is_root().then(|| PathBuf::from("/"));
        }
        if self == Self::Dovecot && !Path::new("/usr/lib/dovecot/lmtp").exists() {
            return None;
        }
        let path = env::var_os("PATH").unwrap_or_default();
        // Debian keeps daemons in sbin folders that an ordinary user's PATH lacks.
        env::split_paths(&path)
            .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
            .map(|folder| folder.join(name))
            .find(|program| program.is_file())
    }

    /// The program, which `missing` has found before.
    pub fn command(self) -> Command {
        Command::new(self.path().unwrap_or_else(|| panic!("{self:?} is not on this machine")))
    }
}

/// What is missing of `parts`, in words; `None` when all are there.
pub fn missing(parts: &[Part]) -> Option<String> {
    let words: Vec<String> = parts
        .iter()
        .filter(|part| part.path().is_none())
        .map(|part| match part.program() {
            ("root", what) => what.to_owned(),
            (name, package) => format!("{name} is missing (Debian package {package})"),
        })
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Whether a missing part is a failure: in CI, or where `tests/run` was asked for everything.
pub fn required() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0" && value != "false");
    set("WEHR_REQUIRE_PARTS") || set("CI")
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
