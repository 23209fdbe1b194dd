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
    /// Whoever comes back to follow events is shown the one before the last.
    OldEvent,
    /// An event carries the numbers of the one before it.
    OtherEvent,
    /// A search shows the second best first.
    WrongFind,
    /// A file of results lacks its end.
    TornFile,
    /// A row of a file is of an earlier moment than the others.
    MixedFile,
    /// A page of flagged forms leaves its last one out.
    SkippedForm,
    /// A file that Sirekap had has a vote too many, in its sum and in one of its lines.
    WrongSirekap,
    /// A node that is left alone says that it has just heard of a leader.
    YoungSurvivor,
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
