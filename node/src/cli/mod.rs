//! The command line: one verb per file, one switch here.
//!
//! Invariant: a verb answers `Ok` or one [`Failure`]; only this module turns that into lines on standard error and
//! an exit code.

pub mod attachments;
pub mod backup;
pub mod ca;
pub mod config;
pub mod connection;
pub mod fsck;
mod help;
pub mod import;
pub mod init;
pub mod join;
pub mod node;
pub mod operator;
pub mod output;
pub mod publish;
pub mod recover;
pub mod restore;
pub mod serve;
pub mod state_hash;
pub mod status;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::demo;
use crate::failure::{Exit, Failure};
use output::Output;

/// Election tallies, replicated: a node, its tools and a demo
#[derive(Debug, Parser)]
#[command(name = "rakit", version, propagate_version = true, disable_help_subcommand = true)]
struct Cli {
    /// Answer as JSON on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a node until it is told to stop
    Serve(serve::Arguments),
    /// Make the data of a new cluster's first nodes, and its first administrator
    Init(init::Arguments),
    /// Make the data of one more node of a running cluster
    Join(join::Arguments),
    /// Invite, promote and remove nodes, hand leadership over
    Node(node::Arguments),
    /// Show the nodes, the leader and how far each is
    Status(status::Arguments),
    /// Compare the states of all nodes at one index
    StateHash(state_hash::Arguments),
    /// Look through the data of a node that does not run, changing nothing
    Fsck(fsck::Arguments),
    /// Load regions, contests, accounts and tallies
    Import(import::Arguments),
    /// Write the public site as files, for any web server or CDN
    Publish(publish::Arguments),
    /// Look after photos and scans of forms
    Attachments(attachments::Arguments),
    /// Take a backup of a running cluster, or verify one
    Backup(backup::Arguments),
    /// Make the data of a new cluster from a backup
    Restore(restore::Arguments),
    /// Go on after a majority was lost
    Recover(recover::Arguments),
    /// Make a certificate authority and certificates
    Ca(ca::Arguments),
    /// Check or show settings
    Config(config::Arguments),
    /// Start a cluster on this machine and play the count of 2024 into it
    Demo(demo::Arguments),
}

/// Runs the command with the arguments of the process.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = help::localised(Cli::command());
    let parsed = command.try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no failure.
            let failed = error.use_stderr();
            let printed = error.print().is_ok();
            return exit_code(if failed || !printed { Some(Exit::Usage) } else { None });
        }
    };
    let output = Output::new(cli.json);
    let result = match cli.verb {
        Verb::Demo(arguments) => return demo::run(arguments),
        Verb::Serve(arguments) => serve::run(&arguments),
        Verb::Init(arguments) => init::run(&arguments, &output),
        Verb::Join(arguments) => join::run(&arguments, &output),
        Verb::Node(arguments) => node::run(&arguments, &output),
        Verb::Status(arguments) => status::run(&arguments, &output),
        Verb::StateHash(arguments) => state_hash::run(&arguments, &output),
        Verb::Fsck(arguments) => fsck::run(&arguments, &output),
        Verb::Import(arguments) => import::run(&arguments, &output),
        Verb::Publish(arguments) => publish::run(&arguments, &output),
        Verb::Attachments(arguments) => attachments::run(&arguments, &output),
        Verb::Backup(arguments) => backup::run(&arguments, &output),
        Verb::Restore(arguments) => restore::run(&arguments, &output),
        Verb::Recover(arguments) => recover::run(&arguments, &output),
        Verb::Ca(arguments) => ca::run(&arguments, &output),
        Verb::Config(arguments) => config::run(&arguments, &output),
    };
    finish(result)
}

/// Prints a failure as one line and answers its code.
#[must_use]
pub fn finish(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => exit_code(None),
        Err(failure) => {
            output::complain(&failure.to_string());
            exit_code(Some(failure.exit))
        }
    }
}

fn exit_code(exit: Option<Exit>) -> ExitCode {
    exit.map_or(ExitCode::SUCCESS, |exit| ExitCode::from(exit.code()))
}
