//! A majority is destroyed under the officers' hands, and one node goes on alone.
//!
//! Invariant: the survivor fell first, so that something acknowledged is missing there: a recovery that loses nothing proves
//! nothing.

use serde_json::Value;

use super::{Report, count, judge, through};
use crate::live::fleet::{Fleet, NAME, sign_in};
use crate::live::history::History;
use crate::live::operator;
use crate::live::workload::progress;
use crate::live::{Trouble, harness};

/// A follower dies, more is written, the other two are destroyed. Answers the place of the first.
pub(super) async fn strike(fleet: &mut Fleet, history: &History, writes: u64) -> Result<usize, Trouble> {
    let leader = fleet.leader().await.ok_or_else(|| harness("nobody leads"))?;
    let members = fleet.members();
    let survivor = members.iter().copied().find(|place| *place != leader);
    let survivor = survivor.ok_or_else(|| harness("one node"))?;
    fleet.kill(survivor);
    progress(history, writes).await?;
    let others: Vec<usize> = members.into_iter().filter(|place| *place != survivor).collect();
    for place in &others {
        fleet.kill(*place);
    }
    for place in others {
        std::fs::remove_dir_all(fleet.data_of(place)?).map_err(harness)?;
        fleet.set_member(place, false);
    }
    Ok(survivor)
}

/// `rakit recover plan` and `apply` at the survivor; what is gone afterwards is what they announced.
pub(super) async fn recover(
    fleet: &mut Fleet,
    survivor: usize,
    history: &History,
    report: &mut Report,
    say: &mut dyn FnMut(&str),
) -> Result<(), Trouble> {
    let (data, old) = (fleet.data_of(survivor)?, fleet.directory(survivor)?.join("data-old"));
    std::fs::rename(&data, &old).map_err(harness)?;
    let old = old.display().to_string();
    let plan = operator::command(fleet.rakit(), ["--json", "recover", "plan", &old]);
    let plan = operator::run(plan).await?.json("a plan of recovery")?;
    let number = |key: &str| plan.get(key).and_then(Value::as_u64);
    let kept = number("kept_through").ok_or_else(|| harness(format!("no kept_through in {plan}")))?;
    if number("may_be_lost_after") != Some(kept) {
        return Err(Trouble::Violation(format!("two of three are gone, and nothing may be lost: {plan}")));
    }
    let gone = plan.get("unreachable").and_then(Value::as_array).cloned().unwrap_or_default();
    let config = fleet.directory(survivor)?.join("rakit.toml").display().to_string();
    let words = ["--json", "recover", "apply", "--from", &old, "--config", &config, "--name", NAME];
    let mut apply = operator::command(fleet.rakit(), words);
    for id in gone.iter().filter_map(Value::as_u64) {
        apply.args(["--unreachable", &id.to_string()]);
    }
    operator::run(apply).await?.json("a recovery")?;
    fleet.start(&[survivor]).await?;
    let officers = fleet.officers(0);
    sign_in(&officers).await?;
    report.kept_through = kept;
    report.lost = report.acknowledged.saturating_sub(count(&through(history, kept)));
    if report.lost == 0 {
        return Err(Trouble::TooLittle("nothing was lost".to_owned()));
    }
    report.kept = judge(fleet, &officers, history, kept).await?;
    say(&format!("announced: receipts above index {kept} are lost; lost: exactly these {}", report.lost));
    Ok(())
}
