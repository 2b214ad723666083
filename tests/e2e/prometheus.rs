//! A real Prometheus that scrapes the filter and loads the alert rules.

use crate::{
    ground::{Ground, Process, free_port, wait_for},
    parts::Part,
};
use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
};

/// It ends with its handle.
pub struct Prometheus {
    address: SocketAddr,
    _process: Process,
}

impl Prometheus {
    /// Starts it over one target, with the rules of one file.
    pub fn start(ground: &Ground, target: SocketAddr, rules: &Path) -> Self {
        let folder = ground.subfolder("prometheus");
        let config = folder.join("prometheus.yml");
        let text = format!(
            "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\nrule_files:\n  - {}\nscrape_configs:\n  \
             - job_name: wehr\n    static_configs:\n      - targets: ['{target}']\n",
            rules.display()
        );
        fs::write(&config, text).expect("writing prometheus.yml");
        let address = free_port();
        let mut command = Part::Prometheus.command();
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"));
        let mut process = Process::start("prometheus", &mut command, &folder.join("prometheus.log"));
        wait_for("Prometheus to be ready", || {
            process.must_run();
            get(address, "/-/ready").filter(|page| page.contains(" 200 "))
        });
        Self { address, _process: process }
    }

    /// The `data` of an answer of its HTTP API; what it says when the request is refused.
    pub fn api(&self, path: &str) -> Result<Value, String> {
        let page = get(self.address, path).ok_or("no answer")?;
        let body = page.split_once("\r\n\r\n").ok_or("no body")?.1;
        let answer: Value = serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))?;
        if answer["status"] == "success" { Ok(answer["data"].clone()) } else { Err(answer["error"].to_string()) }
    }

    /// The series that a query gives now.
    pub fn query(&self, query: &str) -> Result<Vec<Value>, String> {
        let data = self.api(&format!("/api/v1/query?query={}", escaped(query)))?;
        Ok(data["result"].as_array().cloned().unwrap_or_default())
    }
}

/// HTTP/1.0, so that the answer comes in one piece.
fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut page = String::new();
    stream.read_to_string(&mut page).ok()?;
    Some(page)
}

/// RFC 3986 2.1: everything but letters and digits.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
