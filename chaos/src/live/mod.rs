//! Faults on real processes: a cluster, a load, a fault, a verdict.
//!
//! Invariant: one seed gives one plan, and the plan is printed. What a judge says against the cluster is a
//! [`Trouble::Violation`]; what this program could not do is a [`Trouble::Harness`] and proves nothing. A fault that
//! this machine does not allow is named as skipped, never passed over.

pub mod backup;
mod country;
pub mod crash;
mod disk;
mod fleet;
pub mod gaps;
mod history;
mod hosts;
mod judges;
mod links;
pub mod members;
mod nemesis;
mod operator;
mod plant;
mod process;
mod scanner;
pub mod snapshot;
pub mod storm;
mod transport;
mod visitor;
mod workload;

pub use nemesis::Fault;
pub use plant::Plant;

/// Why a run ended before its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// The cluster broke a promise.
    Violation(String),
    /// This program failed; nothing is proven.
    Harness(String),
    /// What was to be seen did not happen often enough to prove anything.
    TooLittle(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Violation(what) => write!(formatter, "VIOLATION: {what}"),
            Self::Harness(what) => write!(formatter, "the harness failed: {what}"),
            Self::TooLittle(what) => write!(formatter, "too little happened: {what}"),
        }
    }
}

/// A client of the officers' side.
type Officers = api::client::Client<transport::HttpTransport>;

/// Plays a scenario on one thread: nodes die with the thread that started them.
fn on_one_thread(played: impl Future<Output = Result<(), Trouble>>) -> Result<(), Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(harness).and_then(|runtime| runtime.block_on(played))
}

/// Something this program could not do.
fn harness(what: impl std::fmt::Display) -> Trouble {
    Trouble::Harness(what.to_string())
}
