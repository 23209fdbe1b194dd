//! Where a password comes from: a file, the environment, or standard input; never the command line.

use std::io::{BufRead, IsTerminal, Read};
use std::path::Path;

use crate::failure::Failure;
use crate::text;

/// Environment variable with the password of the account that a client command signs in with.
pub const VARIABLE: &str = "RAKIT_PASSWORD";
/// Longest password, in bytes.
const BYTES_MAX: u64 = 1_024;

/// Reads a password: from `file`, else from the environment where `variable` names one, else one line of standard
/// input. Line ends are not part of it.
pub fn read(file: Option<&Path>, variable: Option<&str>) -> Result<String, Failure> {
    if let Some(path) = file {
        let content = std::fs::read_to_string(path).map_err(|error| {
            let shown = path.display();
            Failure::usage(text!(
                "{shown}: berkas kata sandi tidak terbaca: {error}",
                "{shown}: cannot read the password file: {error}"
            ))
        })?;
        return checked(&content);
    }
    if let Some(password) = variable.and_then(|name| std::env::var(name).ok()) {
        return checked(&password);
    }
    let input = std::io::stdin();
    if input.is_terminal() {
        crate::cli::output::complain(&text!(
            "ketik kata sandi, lalu Enter:",
            "type the password, then Enter:"
        ));
    }
    let mut line = String::new();
    let mut bounded = input.lock().take(BYTES_MAX.saturating_add(2));
    bounded
        .read_line(&mut line)
        .map_err(|error| Failure::usage(text!("masukan standar: {error}", "standard input: {error}")))?;
    checked(&line)
}

fn checked(text: &str) -> Result<String, Failure> {
    let password = text.trim_end_matches(['\r', '\n']);
    let bytes = u64::try_from(password.len()).unwrap_or(u64::MAX);
    if password.is_empty() || bytes > BYTES_MAX || password.contains(['\r', '\n']) {
        return Err(Failure::usage(text!(
            "kata sandi harus satu baris, 1 sampai 1.024 bita",
            "a password is one line of 1 to 1,024 bytes"
        )));
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_line() {
        assert_eq!(checked("rahasia\r\n").as_deref(), Ok("rahasia"));
        assert_eq!(checked(" spasi ").as_deref(), Ok(" spasi "));
        assert!(checked("\n").is_err());
        assert!(checked("satu\ndua").is_err());
        assert!(checked(&"x".repeat(1_025)).is_err());
    }
}
