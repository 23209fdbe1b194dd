//! The `rakit` command and the one place where the parts of a node meet.
//!
//! Knows every other crate; no other crate knows it. Invariant: no rule of the count and no byte of a stored format
//! is decided here. What a person reads is in two languages, see [`messages`].

pub mod blueprint;
pub mod ca;
pub mod cli;
pub mod client;
pub mod client_transport;
pub mod compose;
pub mod data;
pub mod demo;
pub mod descriptors;
pub mod durable;
pub mod failure;
pub mod founding;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod gateway;
pub mod import;
pub mod invitation;
pub mod listeners;
pub mod messages;
pub mod password;
pub mod publish;
pub mod scanner;
pub mod scratch;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
pub mod tls;

/// Runs the command with the arguments of this process.
#[must_use]
pub fn run() -> std::process::ExitCode {
    cli::run(std::env::args_os())
}
