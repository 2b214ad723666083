//! Foreign suites: packets, byte-level sessions, recorded miltertest scenarios.
