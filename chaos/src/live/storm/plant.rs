//! What is planted into a storm, to see that the judge of each promise notices.
//!
//! Invariant: the nodes are those that are shipped: a plant makes a client lie, alters what somebody has read, or takes
//! something away behind the nodes' backs.

/// A planted fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum StormPlant {
    /// The scanner knows no virus.
    BlindScanner,
    /// The file of a photo vanishes from every node.
    LostPhoto,
    /// Two who use one code pretend to be one attempt.
    SharedAttempt,
    /// Whoever asks again for a session has forgotten which attempt it was.
    ForgottenAttempt,
    /// The end of a session is said to be acknowledged and was never asked for.
    UnsentSignOut,
    /// A second reading is done in the name of who wrote the form.
    BorrowedName,
    /// A node does not show the last step on any form.
    LostStep,
    /// A line of the audit log is missing from one node.
    LostLine,
    /// A line of the audit log stands there twice on one node.
    DoubleLine,
}

/// All that is planted in a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planted<'r>(pub(super) &'r [StormPlant]);

impl Planted<'_> {
    /// Whether that one is.
    pub(super) fn has(self, plant: StormPlant) -> bool {
        self.0.contains(&plant)
    }
}
