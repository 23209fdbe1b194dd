//! The programs under test, and one run of them from start to end.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

/// Longest time one command may take.
const COMMAND_PATIENCE: Duration = Duration::from_mins(3);

/// The built program of that name: beside this one in the target directory, or where `RAKIT_BIN_DIR` says.
#[must_use]
pub fn path_of(name: &str) -> PathBuf {
    let folder = std::env::var_os("RAKIT_BIN_DIR").map_or_else(beside_this_program, PathBuf::from);
    let program = folder.join(name);
    assert!(program.exists(), "{} is not built: run `make build` first", program.display());
    program
}

fn beside_this_program() -> PathBuf {
    let this = std::env::current_exe().expect("a program knows where it is");
    let folder = this.parent().expect("a program lies in a folder");
    // Test programs lie one folder deeper than the others.
    if folder.ends_with("deps") {
        folder.parent().expect("deps has a parent").to_path_buf()
    } else {
        folder.to_path_buf()
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Ended {
    /// Standard output as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// Panics with all that was printed unless the exit code is that one.
    #[must_use]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code of {self:?}");
        self
    }

    fn from_output(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs `rakit` to its end, in English, with nothing on standard input.
pub async fn rakit<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ended {
    let mut command = Command::new(path_of("rakit"));
    command.args(arguments).env("LANG", "en_US.UTF-8").env_remove("LC_ALL").env_remove("RUST_LOG");
    run(&mut command).await
}

/// Runs a command to its end, within a deadline.
pub async fn run(command: &mut Command) -> Ended {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let shown = format!("{command:?}");
    let output = tokio::time::timeout(COMMAND_PATIENCE, command.output())
        .await
        .unwrap_or_else(|_| panic!("no end after {} s: {shown}", COMMAND_PATIENCE.as_secs()))
        .unwrap_or_else(|error| panic!("{shown}: {error}"));
    Ended::from_output(&output)
}

/// Writes a file for a command to read.
pub fn write_file(path: &Path, text: &str) {
    use std::io::Write as _;
    std::fs::File::create(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
