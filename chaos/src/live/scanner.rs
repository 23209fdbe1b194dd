//! A `clamd` of our own with one signature, for the nodes to ask.
//!
//! Invariant: it dies with this program, however this program ends, and is no fault of any run: nodes find it answering
//! from the beginning to the end.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{Trouble, harness};
use crate::doctor::write_file;

/// Where Debian puts it.
const PROGRAM: &str = "/usr/sbin/clamd";
/// Longest that it may take to answer.
const READY_MAX: Duration = Duration::from_secs(30);
const LOOK_PACE: Duration = Duration::from_millis(20);
/// What its signature finds.
const VIRUS: &str = "RAKIT-CHAOS-HARMLESS-VIRUS";

/// See the module.
pub(super) struct Scanner {
    folder: TempDir,
    child: Child,
}

impl Scanner {
    /// Starts it; a blind one knows no virus. The inner error says why this machine has none.
    pub(super) async fn start(below: Option<&Path>, blind: bool) -> Result<Result<Self, String>, Trouble> {
        if !Path::new(PROGRAM).exists() {
            return Ok(Err(format!("there is no {PROGRAM}")));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix("rakit-scanner-");
        let folder = below.map_or_else(|| builder.tempdir(), |below| builder.tempdir_in(below));
        let folder = folder.map_err(harness)?;
        let shown = folder.path().display();
        let settings = folder.path().join("clamd.conf");
        let text = format!(
            "LocalSocket {shown}/clamd.sock\nDatabaseDirectory {shown}\nForeground yes\nStreamMaxLength 25M\n"
        );
        write_file(&settings, &text).map_err(harness)?;
        // A scanner without any signature does not start.
        let found = if blind { "something that nobody sends" } else { VIRUS };
        let hex = tally::ids::hex(found.as_bytes());
        write_file(&folder.path().join("own.ndb"), &format!("Chaos.Virus:0:*:{hex}\n")).map_err(harness)?;
        let log = File::create(folder.path().join("clamd.log")).map_err(harness)?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", PROGRAM, "--config-file"]).arg(&settings);
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(harness)?).stderr(log);
        let child = command.spawn().map_err(|error| harness(format!("setpriv: {error}")))?;
        let scanner = Self { folder, child };
        let began = Instant::now();
        while !scanner.answers() {
            if began.elapsed() > READY_MAX {
                return Err(harness("clamd does not answer"));
            }
            sleep(LOOK_PACE).await;
        }
        Ok(Ok(scanner))
    }

    fn answers(&self) -> bool {
        let ask = || {
            let mut socket = UnixStream::connect(self.folder.path().join("clamd.sock"))?;
            socket.write_all(b"zPING\0")?;
            let mut reply = Vec::new();
            socket.read_to_end(&mut reply)?;
            Ok::<_, std::io::Error>(reply)
        };
        ask().is_ok_and(|reply| reply == b"PONG\0")
    }

    /// The setting that lets a node ask it.
    pub(super) fn setting(&self) -> (String, String) {
        let socket = self.folder.path().join("clamd.sock");
        ("RAKIT_SCANNER_ADDRESS".to_owned(), format!("unix:{}", socket.display()))
    }
}

/// A small document that has the virus in it, like no other of another number.
pub(super) fn infected(number: u64) -> Vec<u8> {
    let objects = [
        "<</Type /Catalog /Pages 2 0 R>>".to_owned(),
        "<</Type /Pages /Kids [3 0 R] /Count 1>>".to_owned(),
        format!("<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Title ({VIRUS} {number})>>"),
    ];
    let (mut text, mut table) = ("%PDF-1.4\n".to_owned(), "xref\n0 4\n0000000000 65535 f \n".to_owned());
    for (number, object) in (1_u8..).zip(objects) {
        table = format!("{table}{:010} 00000 n \n", text.len());
        text = format!("{text}{number} 0 obj\n{object}\nendobj\n");
    }
    let place = text.len();
    format!("{text}{table}trailer\n<</Size 4 /Root 1 0 R>>\nstartxref\n{place}\n%%EOF\n").into_bytes()
}

impl Drop for Scanner {
    fn drop(&mut self) {
        // Both fail only for one that has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
