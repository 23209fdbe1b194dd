//! What is done to the nodes, to their machines and to the lines between them.
//!
//! Invariant: whatever a strike did is undone when it is over: lines are whole, disks have power and room, clocks are right,
//! processes run, and are waited for.

mod authority;
mod lines;
mod machines;

use std::time::Duration;

use self::lines::Spoil;
pub(super) use self::lines::{heal, slow_down};
use super::watch::Silence;
use crate::chance::Chance;
use crate::live::fleet::Fleet;
use crate::live::{Fault, Trouble, harness};

/// A fault of the storm.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Kind {
    /// The leader is killed and starts again.
    KillLeader,
    /// Any node is killed and starts again.
    KillOne,
    /// All are killed at once and start again.
    KillAll,
    /// All but one are killed, and stay away until whoever asks the one has been answered.
    KillMost,
    /// The leader is stopped and goes on.
    PauseLeader,
    /// Any node is stopped and goes on.
    PauseOne,
    /// Nothing reaches the leader from the others, and nothing of it reaches them.
    CutLeader,
    /// The same for any node.
    CutOne,
    /// As many nodes as the others can do without are cut off together, the leader among them.
    CutMinority,
    /// Nothing of the leader reaches the others; it hears them.
    MuteLeader,
    /// The leader hears nothing; the others hear it.
    DeafenLeader,
    /// Two halves that only one node joins.
    Bridge,
    /// Each node sees two neighbours only; with three nodes a chain.
    Ring,
    /// The lines of a node come and go.
    Flap,
    /// The lines of a node are slow.
    Slow,
    /// The lines of a node carry little.
    Thin,
    /// The lines of a node lose one packet of five.
    Lossy,
    /// The connections of a node end, as when a router forgets them.
    Reset,
    /// Leadership is handed over.
    HandOver,
    /// One node loses power and all it had not flushed.
    PowerOne,
    /// All nodes do at once.
    PowerAll,
    /// The disk of one node is full for a while.
    FillOne,
    /// No flush of the leader returns; it ends by itself and starts again.
    HangLeader,
    /// The clock of any node is ten minutes fast or slow for a while.
    SkewOne,
    /// The clock of the leader is.
    SkewLeader,
    /// Node after node is drained, stopped and started.
    RollOut,
    /// The authority of all certificates is replaced, and the certificates with it; nothing is restarted.
    NewAuthority,
}

/// What a fault needs of the machine and of how the nodes are started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Needs {
    /// Nothing.
    Nothing,
    /// Lines that can be cut.
    Links,
    /// A host for each node.
    Hosts,
    /// Disks of the nodes' own.
    Disks,
    /// A disk that hangs, or a clock that jumps, when a file says so.
    Library,
}

/// What there is to know about a kind.
struct Traits {
    name: &'static str,
    needs: Needs,
    /// Longest that nobody may be answered, where a majority of the nodes is there and sees each other (design section 8).
    gap_max_ms: Option<u64>,
    whom: Whom,
}

/// Whom a fault hits.
#[derive(Clone, Copy)]
enum Whom {
    Leader,
    One,
    All,
    /// All but any one.
    Most,
    /// All, one after the other from any on.
    Around,
    /// The leader and as many as the others can do without.
    Minority,
}

impl Kind {
    const fn traits(self) -> Traits {
        use Needs::{Disks, Hosts, Library, Links, Nothing};
        use Whom::{All, Around, Leader, Minority, Most, One};
        let (name, needs, gap_max_ms, whom) = match self {
            Self::KillLeader => ("kill of the leader", Nothing, Some(1_500), Leader),
            Self::KillOne => ("kill of one", Nothing, Some(1_500), One),
            Self::KillAll => ("kill of all", Nothing, None, All),
            Self::KillMost => ("kill of all but one", Nothing, None, Most),
            Self::PauseLeader => ("pause of the leader", Nothing, Some(1_500), Leader),
            Self::PauseOne => ("pause of one", Nothing, Some(1_500), One),
            Self::CutLeader => ("leader cut off", Links, Some(1_500), Leader),
            Self::CutOne => ("one cut off", Links, Some(1_500), One),
            Self::CutMinority => ("minority with the leader cut off", Links, Some(1_500), Minority),
            Self::MuteLeader => ("leader mute", Links, Some(2_000), Leader),
            Self::DeafenLeader => ("leader deaf", Links, Some(2_000), Leader),
            Self::Bridge => ("bridge", Links, None, One),
            Self::Ring => ("ring", Links, None, All),
            Self::Flap => ("flapping lines of one", Links, None, One),
            Self::Slow => ("slow lines of one", Links, Some(2_000), One),
            Self::Thin => ("thin lines of one", Links, Some(2_000), One),
            Self::Lossy => ("lossy lines of one", Hosts, Some(2_000), One),
            Self::Reset => ("connections of one reset", Links, Some(2_000), One),
            Self::HandOver => ("hand-over", Nothing, Some(250), One),
            Self::PowerOne => ("power loss of one", Disks, Some(1_500), One),
            Self::PowerAll => ("power loss of all", Disks, None, All),
            Self::FillOne => ("full disk of one", Disks, Some(3_000), One),
            Self::HangLeader => ("disk of the leader hangs", Library, Some(3_000), Leader),
            Self::SkewOne => ("clock of one wrong", Library, Some(1_500), One),
            Self::SkewLeader => ("clock of the leader wrong", Library, Some(1_500), Leader),
            Self::RollOut => ("roll-out", Nothing, Some(1_500), Around),
            Self::NewAuthority => ("new authority", Nothing, Some(1_500), All),
        };
        Traits { name, needs, gap_max_ms, whom }
    }

    /// What it is called in reports.
    pub(super) const fn name(self) -> &'static str {
        self.traits().name
    }

    /// See [`Needs`].
    pub(super) const fn needs(self) -> Needs {
        self.traits().needs
    }

    /// Longest that nobody may be answered around it, where something is promised.
    pub(super) const fn gap_max_ms(self) -> Option<u64> {
        self.traits().gap_max_ms
    }
}

/// A strike that is about to happen.
pub(super) struct Strike {
    pub(super) kind: Kind,
    /// Places of those it hits.
    pub(super) nodes: Vec<usize>,
    hold: Duration,
    /// Of two ways to do it, the first one.
    first_way: bool,
}

impl Strike {
    /// Chooses whom it hits, for how long, and how.
    pub(super) async fn plan(kind: Kind, fleet: &Fleet, chance: &mut Chance) -> Result<Self, Trouble> {
        let count = fleet.members().len();
        let any = chance.place(count);
        let (hold, first_way) = (Duration::from_millis(chance.between(700, 2_500)), chance.coin());
        let nodes = match kind.traits().whom {
            Whom::Leader => vec![leader(fleet).await?],
            Whom::One => vec![any],
            Whom::All => (0..count).collect(),
            Whom::Most => (0..count).filter(|node| *node != any).collect(),
            Whom::Around => (0..count).cycle().skip(any).take(count).collect(),
            Whom::Minority => {
                let leader = leader(fleet).await?;
                let mut others: Vec<usize> = (0..count).filter(|node| *node != leader).collect();
                chance.shuffle(&mut others);
                others.truncate(count.saturating_sub(1).div_euclid(2).saturating_sub(1));
                others.push(leader);
                others
            }
        };
        Ok(Self { kind, nodes, hold, first_way })
    }

    /// Does it, holds it, and undoes it. `silence` hears of nodes that nothing reaches.
    pub(super) async fn run(&self, fleet: &mut Fleet, silence: &Silence) -> Result<(), Trouble> {
        match self.kind {
            Kind::KillLeader | Kind::KillOne | Kind::KillAll => machines::kill(self, fleet).await,
            Kind::KillMost => machines::leave_one(self, fleet, silence).await,
            Kind::PauseLeader | Kind::PauseOne => machines::pause(self, fleet).await,
            Kind::HandOver => machines::hand_over(fleet).await,
            Kind::RollOut => machines::roll_out(self, fleet).await,
            Kind::NewAuthority => authority::replace(fleet).await,
            Kind::PowerOne => machines::crash(self, fleet, Fault::CutOne).await,
            Kind::PowerAll => machines::crash(self, fleet, Fault::CutAll).await,
            Kind::FillOne => machines::crash(self, fleet, Fault::FillOne).await,
            Kind::HangLeader => machines::crash(self, fleet, Fault::HangLeader).await,
            Kind::SkewOne | Kind::SkewLeader => machines::skew(self, fleet).await,
            Kind::Flap => lines::flap(self, fleet).await,
            Kind::Reset => lines::reset(self, fleet),
            Kind::CutLeader | Kind::CutOne => lines::spoil(self, fleet, (Spoil::Cut, Some(silence))).await,
            Kind::CutMinority => lines::spoil(self, fleet, (Spoil::Cut, None)).await,
            Kind::MuteLeader => lines::spoil(self, fleet, (Spoil::Mute, None)).await,
            Kind::DeafenLeader => lines::spoil(self, fleet, (Spoil::Deafen, None)).await,
            Kind::Bridge => lines::spoil(self, fleet, (Spoil::Bridge, None)).await,
            Kind::Ring => lines::spoil(self, fleet, (Spoil::Ring, None)).await,
            Kind::Slow => lines::spoil(self, fleet, (Spoil::Slow, None)).await,
            Kind::Thin => lines::spoil(self, fleet, (Spoil::Thin, None)).await,
            Kind::Lossy => lines::spoil(self, fleet, (Spoil::Lose, None)).await,
        }
    }
}

async fn leader(fleet: &Fleet) -> Result<usize, Trouble> {
    fleet.leader().await.ok_or_else(|| harness("nobody leads"))
}
