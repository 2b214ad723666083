//! The program as a server in a folder; it ends with the test.

use serde_json::Value;
use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

pub struct Serving {
    pub child: Child,
    places: Value,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `wehr serve` with that configuration and further arguments.
pub fn command(folder: &Path, config: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wehr"));
    command.args(["serve", "--config", config, "--json"]).args(more).current_dir(folder);
    command
}

impl Serving {
    /// Returns when it listens; its log goes to the file `log` of its folder.
    pub fn start(command: &mut Command) -> Self {
        let log = command.get_current_dir().unwrap().join("log");
        let to_log = File::create(&log).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(to_log).spawn().unwrap();
        let mut told = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut told).unwrap();
        let shown = || fs::read_to_string(&log).unwrap_or_default();
        let places = serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}{}", shown()));
        Self { child, places }
    }

    /// Where a door listens, as the program tells it: `lmtp`, `metrics`, `admin` ...
    pub fn place(&self, door: &str) -> &str {
        self.places[door][0].as_str().unwrap_or_else(|| panic!("no {door} in {}", self.places))
    }

    /// The same without scheme and path.
    pub fn host(&self, door: &str) -> &str {
        let place = self.place(door);
        let place = place.split_once("://").map_or(place, |(_, rest)| rest);
        place.split_once('/').map_or(place, |(host, _)| host)
    }
}
