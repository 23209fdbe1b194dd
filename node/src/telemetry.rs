//! What a node writes about itself: events on standard error, one a line.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::failure::Failure;
use crate::settings::Telemetry;
use crate::text;

/// Installs the subscriber. Colours only on a terminal, and never with `NO_COLOR`.
pub fn install(telemetry: &Telemetry) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&telemetry.filter).map_err(|error| {
        let filter = &telemetry.filter;
        Failure::usage(text!(
            "telemetry.filter \"{filter}\" tidak berlaku: {error}",
            "telemetry.filter \"{filter}\" is not valid: {error}"
        ))
    })?;
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colored = !plain && std::io::stderr().is_terminal();
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colored);
    let installed = if telemetry.format == "json" { builder.json().try_init() } else { builder.try_init() };
    installed.map_err(|error| Failure::failed(error.to_string()))
}
