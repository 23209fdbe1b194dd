//! `rakit node`: members come, change and go.

mod invite;
mod members;

use clap::{Args, Subcommand};

use super::operator::Operator;
use super::output::Output;
use crate::failure::Failure;

/// What `rakit node` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Invite one new node and stay until it has joined
    Invite(invite::Arguments),
    /// Let a learner vote once it has caught up
    Promote(One),
    /// Take a node out of the cluster for good
    Remove {
        #[command(flatten)]
        one: One,
        /// Do it although fewer than three voters are left; needs --name
        #[arg(long, requires = "name")]
        force: bool,
        /// Name of the cluster
        #[arg(long, value_name = "NAME", requires = "force")]
        name: Option<String>,
    },
    /// Let a learner that has caught up vote in the place of another node, dead or alive
    Replace {
        /// Number of the node that goes
        #[arg(value_name = "OLD", value_parser = clap::value_parser!(u64).range(1..))]
        old: u64,
        /// Number of the learner
        #[arg(value_name = "NEW", value_parser = clap::value_parser!(u64).range(1..))]
        new: u64,
        #[command(flatten)]
        operator: Operator,
    },
    /// Tell the cluster that a node is reached under other addresses
    Move {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        addresses: members::Addresses,
    },
    /// Take a node out of use: it hands leadership over and says that it is not ready
    Drain(Perhaps),
    /// Use a drained node again
    Resume(Perhaps),
    /// Hand leadership to a node, or to the best one
    Transfer(Perhaps),
}

/// A node and where its cluster is.
#[derive(Debug, Args)]
struct One {
    /// Number of the node
    #[arg(value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
    id: u64,
    #[command(flatten)]
    operator: Operator,
}

/// A node, or the one whose ops listener is named.
#[derive(Debug, Args)]
struct Perhaps {
    /// Number of the node
    #[arg(value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
    id: Option<u64>,
    #[command(flatten)]
    operator: Operator,
}

/// Runs it.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    match &arguments.verb {
        Verb::Invite(arguments) => invite::run(arguments, output),
        Verb::Promote(One { id, operator }) => members::promote(*id, operator, output),
        Verb::Remove { one: One { id, operator }, name, force: _ } => {
            members::remove(*id, name.as_deref(), operator, output)
        }
        Verb::Replace { old, new, operator } => members::replace(*old, *new, operator, output),
        Verb::Move { one: One { id, operator }, addresses } => {
            members::move_to(*id, addresses, operator, output)
        }
        Verb::Drain(Perhaps { id, operator }) => members::drain(*id, operator, output),
        Verb::Resume(Perhaps { id, operator }) => members::resume(*id, operator, output),
        Verb::Transfer(Perhaps { id, operator }) => members::transfer(*id, operator, output),
    }
}
