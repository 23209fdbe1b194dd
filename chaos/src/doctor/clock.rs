//! Clocks that are wrong for one process.

use super::command::run;
use super::{Probe, Scratch, Verdict};

pub(super) const PROBES: &[Probe] = &[
    Probe { fault: "faketime", purpose: "a node whose wall clock is wrong or runs fast", run: wall },
    Probe {
        fault: "time namespace",
        purpose: "a node whose monotonic clock starts elsewhere",
        run: monotonic,
    },
];

const OFFSET_S: u64 = 100_000;

/// The first whole number in a text.
fn seconds(text: &str) -> Result<u64, String> {
    let digits: String = text.trim().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().map_err(|_error| format!("no number in {text:?}"))
}

fn judge(before: u64, shifted: u64) -> Verdict {
    match shifted.checked_sub(before) {
        Some(offset) if offset >= OFFSET_S => Ok(format!("child {OFFSET_S} s ahead")),
        Some(_) | None => {
            Err(format!("asked for {OFFSET_S} s ahead, the clocks read {before} and {shifted}"))
        }
    }
}

fn wall(_scratch: &Scratch) -> Verdict {
    let before = seconds(&run("date", &["+%s"])?)?;
    let shifted = seconds(&run("faketime", &["-f", &format!("+{OFFSET_S}s"), "date", "+%s"])?)?;
    judge(before, shifted)
}

fn monotonic(_scratch: &Scratch) -> Verdict {
    let before = seconds(&run("cat", &["/proc/uptime"])?)?;
    let offset = OFFSET_S.to_string();
    let shifted = seconds(&run(
        "unshare",
        &["--time", "--monotonic", &offset, "--boottime", &offset, "cat", "/proc/uptime"],
    )?)?;
    judge(before, shifted)
}
