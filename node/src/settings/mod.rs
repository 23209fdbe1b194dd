//! What a node is told by its settings file, the environment and flags.
//!
//! Invariant: settings are text and numbers only; whoever holds a [`Settings`] knows that every key was known,
//! every address can be parsed and every relation between them holds. Later wins: file, environment, flags.

mod keys;
mod load;
mod sections;

pub use keys::KEYS;
pub use load::{Override, load, parse};
pub use sections::{
    Attachments, Fronted, Limits, Listener, Listeners, Log, Node, Peer, Scanner, Scrub, Settings, Telemetry,
    Timers, Tls,
};
