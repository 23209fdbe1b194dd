//! A real `clamd` with a handful of signatures of our own, as a child of the test.
//!
//! Invariant: it ends with the test, and nobody else's scanner is ever touched.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Signal, kill_process};
use tempfile::TempDir;

use crate::pictures::hex;
use crate::program::write_file;
use crate::wait;

/// Where Debian puts it.
const PROGRAM: &str = "/usr/sbin/clamd";

/// What the first signature finds: the industry's harmless test string, in two halves, so that no scanner takes this
/// file for it.
#[must_use]
pub fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EI", "CAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].concat().into_bytes()
}

/// See the module.
pub struct Clamd {
    folder: TempDir,
    child: Option<Child>,
}

impl Clamd {
    /// Starts one and waits until it answers.
    pub async fn start() -> Self {
        assert!(Path::new(PROGRAM).exists(), "{PROGRAM} is missing: run `make setup`");
        let folder =
            tempfile::Builder::new().prefix("rakit-clamd-").tempdir().expect("a folder for the scanner");
        fs::create_dir(folder.path().join("signatures")).expect("a folder for signatures");
        let mut clamd = Self { folder, child: None };
        clamd.knows(&[("Uji.Eicar", &eicar())]);
        clamd.again().await;
        clamd
    }

    /// Puts these signatures in place of all others; [`Clamd::reload`] takes them into use.
    pub fn knows(&self, signatures: &[(&str, &[u8])]) {
        let lines = signatures.iter().map(|(name, bytes)| format!("{name}:0:*:{}\n", hex(bytes)));
        write_file(&self.folder.path().join("signatures/local.ndb"), &lines.collect::<String>());
    }

    /// Starts it after [`Clamd::kill`].
    pub async fn again(&mut self) {
        let shown = self.folder.path().display().to_string();
        let settings = self.folder.path().join("clamd.conf");
        let text = format!(
            "LocalSocket {shown}/clamd.sock\nFixStaleSocket yes\nDatabaseDirectory {shown}/signatures\n\
             Foreground yes\nStreamMaxLength 25M\nConcurrentDatabaseReload no\n"
        );
        write_file(&settings, &text);
        let log = fs::File::create(self.folder.path().join("clamd.log")).expect("a log file");
        let child = Command::new(PROGRAM)
            .arg("--config-file")
            .arg(&settings)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("clamd starts");
        self.child = Some(child);
        wait::until("clamd to answer", async || (self.ask("zPING\0") == Some("PONG\0".into())).then_some(()))
            .await;
    }

    fn ask(&self, command: &str) -> Option<String> {
        let mut socket = UnixStream::connect(self.socket()).ok()?;
        socket.write_all(command.as_bytes()).ok()?;
        let mut reply = String::new();
        socket.read_to_string(&mut reply).ok()?;
        Some(reply)
    }

    /// Takes new signatures into use.
    pub fn reload(&self) {
        assert_eq!(self.ask("zRELOAD\0").as_deref(), Some("RELOADING\0"));
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("clamd.sock")
    }

    /// As the setting `scanner.address` names it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("unix:{}", self.socket().display())
    }

    /// Whether somebody has a connection to it besides itself, as the kernel's table of sockets says.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        let shown = self.socket().display().to_string();
        let table = fs::read_to_string("/proc/net/unix").unwrap_or_default();
        // Its own line is the one that listens; a peer that waits to be accepted has the same path.
        table.lines().filter(|line| line.ends_with(&shown)).count() > 1
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("a scanner that runs");
        kill_process(rustix::process::Pid::from_child(child), signal).expect("our own child");
    }

    /// Ends it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.kill();
    }
}
