//! Prints the description of the API: `cargo run -p api --example openapi > api/openapi.json`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(&api::openapi::description())?;
    writeln!(std::io::stdout(), "{text}")
}
