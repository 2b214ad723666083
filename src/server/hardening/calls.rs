//! seccomp (seccomp(2)): calls that a mail filter never makes are refused with EPERM.
//!
//! A list of what is denied, not of what is allowed: a new libc or kernel must not stop mail.

use seccompiler::{BpfMap, TargetArch, apply_filter, compile_from_json};
use serde_json::{Value, json};

/// EPERM.
const NOT_PERMITTED: u32 = 1;

/// Starting programs, looking into others, and everything that only an administrator does.
const DENIED: [&str; 45] = [
    "execve",
    "execveat",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "pidfd_getfd",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "unshare",
    "setns",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "keyctl",
    "add_key",
    "request_key",
    "open_by_handle_at",
    "swapon",
    "swapoff",
    "reboot",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "io_uring_setup",
    "sethostname",
    "setdomainname",
    "acct",
    "quotactl",
    "personality",
];

/// Restricts this thread and those it starts.
///
/// # Errors
/// This machine's calls are not known, or the kernel refuses the filter.
pub fn restrict() -> Result<(), String> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| error.to_string())?;
    let denied: Vec<Value> = DENIED.iter().map(|call| json!({ "syscall": call })).collect();
    let filter = json!({ "filter": {
        "mismatch_action": "allow",
        "match_action": { "errno": NOT_PERMITTED },
        "filter": denied,
    }});
    let compiled: BpfMap = compile_from_json(filter.to_string().as_bytes(), arch).map_err(|error| error.to_string())?;
    let program = compiled.get("filter").ok_or("the filter is empty")?;
    apply_filter(program).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{process::Command, thread};

    #[test]
    fn no_program_is_started_any_more() {
        // Counts for one thread only, so that the other tests go on.
        let refused = thread::spawn(|| {
            restrict().unwrap();
            std::fs::read("/proc/self/stat").unwrap();
            Command::new("true").status().unwrap_err().kind()
        });
        assert_eq!(refused.join().unwrap(), std::io::ErrorKind::PermissionDenied);
    }
}
