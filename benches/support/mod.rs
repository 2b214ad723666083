//! What every bench of ours needs: its arguments, and a clock that other load does not disturb.

use std::fs;

/// The arguments, without those that cargo adds.
pub fn arguments() -> Vec<String> {
    std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect()
}

/// CPU seconds of this thread so far, from the kernel's account (clock ticks of 10 ms are too coarse).
pub fn cpu_seconds() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with schedstat");
    let nanoseconds: f64 = text.split(' ').next().and_then(|word| word.parse().ok()).expect("schedstat is numbers");
    nanoseconds / 1e9
}
