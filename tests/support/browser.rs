//! A real Chromium, driven over its debugging pipe: JSON messages that end with a zero octet.

use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    env,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Where one is installed.
pub fn installed() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    folders.iter().flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.is_file())
}

pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    sent: u64,
    session: String,
    /// What the page complained of.
    pub complaints: VecDeque<String>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Browser {
    /// One with an empty profile and one tab; `languages` is what it tells pages.
    pub fn start(program: &Path, profile: &Path, languages: &str) -> Self {
        // The pipe is on the descriptors 3 and 4, which only a shell gives without unsafe code.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>&1", "sh"])
            .arg(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--hide-scrollbars"])
            .args([
                "--force-color-profile=srgb",
                "--no-first-run",
                "--disable-extensions",
                "--font-render-hinting=none",
            ])
            .arg(format!("--lang={languages}"))
            .arg(format!("--accept-lang={languages}"))
            .arg(format!("--user-data-dir={}", profile.display()))
            .env("LANGUAGE", languages)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut browser = Self { child, to, from, sent: 0, session: String::new(), complaints: VecDeque::new() };
        let tab = browser.call("Target.createTarget", &json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", &json!({ "targetId": tab, "flatten": true }));
        attached["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// A command with its answer; what the page says meanwhile is kept if it is a complaint.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.attempt(method, parameters).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn attempt(&mut self, method: &str, parameters: &Value) -> Result<Value, String> {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut octets = Vec::new();
            assert!(self.from.read_until(0, &mut octets).unwrap() > 0, "the browser has gone");
            octets.pop();
            let heard: Value = serde_json::from_slice(&octets).unwrap();
            if heard["id"] == self.sent {
                let is_fine = heard["error"].is_null();
                return if is_fine { Ok(heard["result"].clone()) } else { Err(heard["error"].to_string()) };
            }
            self.hear(&heard);
        }
    }

    fn hear(&mut self, heard: &Value) {
        let said = &heard["params"];
        let is_complaint = match heard["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" => true,
            "Runtime.consoleAPICalled" => said["type"] == "error" || said["type"] == "warning",
            "Log.entryAdded" => said["entry"]["level"] == "error" || said["entry"]["level"] == "warning",
            _ => false,
        };
        if is_complaint {
            self.complaints.push_back(said.to_string());
        }
    }

    /// The value of an expression in the page; promises are waited for.
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let told = self.call("Runtime.evaluate", &asked);
        assert!(told["exceptionDetails"].is_null(), "{expression}: {}", told["exceptionDetails"]);
        told["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn wait(&mut self, expression: &str) {
        let begun = Instant::now();
        // While the page changes there may be nothing to ask.
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        while !self.attempt("Runtime.evaluate", &asked).is_ok_and(|told| told["result"]["value"] == true) {
            let text = if begun.elapsed() > Duration::from_secs(30) {
                self.value("document.body.innerText")
            } else {
                Value::Null
            };
            assert!(text.is_null(), "{expression} does not come:\n{text}\n{:?}", self.complaints);
            thread::sleep(Duration::from_millis(100));
        }
    }

    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", &json!({ "url": url }));
        self.wait("document.documentElement?.dataset.ready === 'yes'");
    }

    /// The size of the window, and what the system prefers.
    pub fn dress(&mut self, width: u32, height: u32, scheme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" }]);
        self.call("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// Types text where the focus is.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    pub fn press(&mut self, key: &str) {
        let code = if key == "Enter" { 13 } else { 9 };
        for kind in ["rawKeyDown", "char", "keyUp"] {
            let text = if key == "Enter" && kind == "char" { "\r" } else { "" };
            if kind == "char" && text.is_empty() {
                continue;
            }
            let event = json!({ "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// The window as PNG.
    pub fn picture(&mut self) -> Vec<u8> {
        let told = self.call("Page.captureScreenshot", &json!({ "format": "png" }));
        octets(told["data"].as_str().unwrap())
    }
}

/// What base64 (RFC 4648 4) stands for.
fn octets(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut held, mut bits, mut out) = (0_u32, 0, Vec::new());
    for letter in text.bytes().take_while(|letter| *letter != b'=') {
        let value = LETTERS.iter().position(|known| *known == letter).unwrap();
        held = held << 6 | u32::try_from(value).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    out
}
