//! `rakit config`: settings, looked at without starting anything.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::Output;
use crate::failure::Failure;
use crate::settings;
use crate::text;

/// What `rakit config` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check a settings file
    Check(File),
    /// Show the settings in force: file, environment, then --set
    Show(File),
}

#[derive(Debug, Args)]
struct File {
    /// Settings file (TOML)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Override one setting; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Runs it.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    match &arguments.verb {
        Verb::Check(File { file, set }) => {
            settings::load(file, set)?;
            let shown = file.display();
            output.answer(&json!({"file": file, "valid": true}), || {
                text!("{shown}: pengaturan sah", "{shown}: settings are valid")
            });
        }
        Verb::Show(File { file, set }) => {
            let settings = settings::load(file, set)?;
            let shown = toml::to_string(&settings).map_err(|error| Failure::failed(error.to_string()))?;
            output.answer(&settings, || shown.trim_end().to_owned());
        }
    }
    Ok(())
}
