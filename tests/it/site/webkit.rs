//! The engine of Debian's `webkit2gtk-driver`, driven by its own driver (`WebDriver`, W3C recommendation) on a display of its own.
//!
//! Invariant: driver, browser and display end with the value that started them; nothing is drawn on anybody's screen.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tests::wait;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::downloads::installed;

/// The browser that comes with the engine.
const BROWSER: &str = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";
/// Longest wait for one command.
const PATIENCE: Duration = Duration::from_mins(1);

/// One window.
pub(super) struct WebKit {
    http: Client,
    session: String,
    /// The driver, and what it starts, in a group of processes of their own.
    driver: Child,
    _display: tokio::process::Child,
}

impl WebKit {
    /// Whether all that it takes is installed.
    pub(super) fn is_installed() -> bool {
        let there = [("/usr/bin/WebKitWebDriver", "webkit2gtk-driver"), ("/usr/bin/Xvfb", "xvfb")];
        there.into_iter().all(|(program, package)| installed(program, package))
    }

    /// A window of this size.
    pub(super) async fn start(http: Client, (width, height): (u32, u32)) -> Self {
        let (display, number) = display((width, height)).await;
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|socket| socket.local_addr())
            .expect("a port")
            .port();
        let driver = Command::new("WebKitWebDriver")
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .env("DISPLAY", format!(":{number}"))
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the driver starts");
        let mut window =
            Self { http, session: format!("http://127.0.0.1:{port}"), driver, _display: display };
        wait::until("the driver of WebKit", async || window.ask("GET", "/status", None).await.ok()).await;
        let wanted = json!({"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions":
            {"binary": BROWSER, "args": ["--automation"]}}}});
        let session = window.call("POST", "/session", Some(wanted)).await;
        window.session =
            format!("{}/session/{}", window.session, session["sessionId"].as_str().expect("a session"));
        window.call("POST", "/window/rect", Some(json!({"width": width, "height": height}))).await;
        window
    }

    /// Goes to a page and waits until it is loaded.
    pub(super) async fn open(&self, address: &str) {
        self.call("POST", "/url", Some(json!({"url": address}))).await;
    }

    /// What a script answers.
    pub(super) async fn value(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", Some(json!({"script": script, "args": []}))).await
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        self.ask(method, path, body).await.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, String> {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.session)).timeout(PATIENCE);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let ok = answer.status().is_success();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if !ok {
            return Err(text);
        }
        let mut whole: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        Ok(whole["value"].take())
    }
}

impl Drop for WebKit {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.driver.id()).ok().and_then(Pid::from_raw) {
            // Fails only when all of it has ended.
            kill_process_group(group, Signal::KILL).ok();
        }
        drop(self.driver.wait());
    }
}

/// A display that nobody sees, and its number.
async fn display((width, height): (u32, u32)) -> (tokio::process::Child, String) {
    let mut display = tokio::process::Command::new("Xvfb")
        .args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", &format!("{width}x{height}x24")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("a display");
    let mut number = String::new();
    let printed = display.stdout.take().expect("its output");
    let mut printed = BufReader::new(printed);
    let read = tokio::time::timeout(PATIENCE, printed.read_line(&mut number));
    read.await.expect("the display is there in time").expect("its number");
    (display, number.trim().to_owned())
}
