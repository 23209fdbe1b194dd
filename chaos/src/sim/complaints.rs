//! What is wrong with the cluster, as the judges say it.
//!
//! Invariant: what was said stays, also when the run that it is about never ends, or panics.

use std::panic;
use std::sync::{Arc, Mutex};

use super::moment::reached_ms;
use super::stream::locked;

/// Complaints in the order in which they came: the judge, and what it has to say. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Complaints(Arc<Mutex<Vec<(&'static str, String)>>>);

impl Complaints {
    /// A judge has something against the cluster. Its first complaint counts.
    pub(super) fn add(&self, judge: &'static str, what: &str) {
        let mut complaints = locked(&self.0);
        if !complaints.iter().any(|(before, _)| *before == judge) {
            complaints.push((judge, format!("at {} ms: {what}", reached_ms())));
        }
    }

    /// All of them.
    pub(super) fn list(&self) -> Vec<(&'static str, String)> {
        locked(&self.0).clone()
    }

    /// From now on a panic of this process is a complaint: one of a task ends that task and nothing else, and what is left of
    /// the node may go round in circles.
    pub(super) fn heed_panics(&self) {
        let (complaints, before) = (self.clone(), panic::take_hook());
        panic::set_hook(Box::new(move |panic| {
            let what = panic.payload_as_str().unwrap_or("it does not say why");
            let at = panic.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
            complaints.add("words", &format!("a panic: {what}{at}"));
            before(panic);
        }));
    }
}
