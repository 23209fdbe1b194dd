//! What is played into the cluster that stands: made-up forms with real sums, or real rows.
//!
//! Invariant: the end is checked, not announced: what every node says is compared with what was handed in.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::count::SEED;
use super::curve::Curve;
use super::directory::{Directory, unusable, write_json};
use super::finale::{Verdict, hear};
use super::official::Votes;
use super::play::Play;
use super::player::{Pace, Player, Standing};
use super::progress::Progress;
use super::register::{BrokenAsset, Register};
use super::remote::{Remote, contest};
use super::screen::{Screen, figure};
use super::session::{place_of, require_file};
use super::{Arguments, SPEED_DEFAULT, STATIONS_DEFAULT, loader};
use crate::failure::Failure;
use crate::text;

/// How often it is asked who leads.
const LEADER_LOOK: Duration = Duration::from_secs(1);
/// Files of a directory of real rows.
const REGIONS_FILE: &str = "wilayah_2024.csv.gz";
const TALLIES_FILE: &str = "ppwp2024_tps.csv.gz";
const ABROAD_FILE: &str = "tps_luar_negeri_2024.csv.gz";

/// Refuses a directory of real rows that has none, before anything is started.
pub(super) fn check_data(data: &Path) -> Result<(), Failure> {
    [REGIONS_FILE, TALLIES_FILE].into_iter().try_for_each(|name| require_file(&data.join(name)))
}

/// Plays what the arguments ask for, and compares the nodes at the end.
pub(super) async fn play(
    arguments: &Arguments,
    directory: &Directory,
    screen: &Screen,
    remote: &Arc<Remote>,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let mut progress = Progress::read(&directory.path)?;
    let data = match &arguments.data {
        Some(data) => Some(std::path::absolute(data).map_err(|error| unusable(data, &error))?),
        None => None,
    };
    let wanted = progress.begin(arguments.stations, STATIONS_DEFAULT, data.as_deref())?;
    let expected = if let Some(data) = data {
        tokio::select! {
            played = real_rows(directory, screen, &data, &mut progress) => played?,
            _ = stopping.wait_for(|stop| *stop) => return Ok(()),
        }
        None
    } else {
        let speed = arguments.speed.unwrap_or(SPEED_DEFAULT);
        let Some(votes) =
            made_up(directory, screen, remote, &mut progress, (wanted, speed), stopping.clone()).await?
        else {
            return Ok(());
        };
        Some(votes)
    };
    let verdict = tokio::select! {
        verdict = hear(remote, expected.as_ref()) => verdict,
        _ = stopping.wait_for(|stop| *stop) => return Ok(()),
    };
    conclude(screen, &verdict, expected.as_ref())
}

/// Plays the made-up forms; answers their sum, or `None` when it was asked to stop before the end.
async fn made_up(
    directory: &Directory,
    screen: &Screen,
    remote: &Arc<Remote>,
    progress: &mut Progress,
    (wanted, speed): (u64, u64),
    mut stopping: watch::Receiver<bool>,
) -> Result<Option<Votes>, Failure> {
    let broken = |error: BrokenAsset| Failure::failed(error.to_string());
    let register = Register::shipped().map_err(broken)?;
    let whole = wanted.min(register.stations());
    tokio::select! {
        loaded = load(directory, screen, remote, &register, progress, whole) => loaded?,
        _ = stopping.wait_for(|stop| *stop) => return Ok(None),
    }
    let forms = Play::new(&register, SEED).map_err(broken)?;
    let forms = forms.take(usize::try_from(whole).unwrap_or(usize::MAX));
    let pace = Pace { curve: Curve::shipped().map_err(broken)?, speed };
    let leader = follow_leader(Arc::clone(remote), stopping.clone());
    let shown = figure(whole);
    screen.line(&text!("memainkan {shown} TPS", "playing {shown} stations"));
    let player = Player::new(Arc::clone(remote), forms, pace, (whole, progress.played));
    let mut unwritten = None;
    let standing = player
        .play(stopping, |standing| {
            screen.progress(standing.played, standing.whole, &pace_line(standing, *leader.borrow()));
            progress.played = standing.frontier;
            if let Err(failure) = progress.write(&directory.path) {
                unwritten.get_or_insert(failure);
            }
        })
        .await;
    screen.clear();
    if let Some(failure) = unwritten {
        return Err(failure);
    }
    let (refused, first) = (standing.refused, standing.refusal.unwrap_or_default());
    if refused > 0 {
        return Err(Failure::failed(text!(
            "{refused} formulir ditolak, yang pertama {first}",
            "{refused} forms were refused, the first {first}"
        )));
    }
    Ok((standing.frontier >= standing.whole).then_some(standing.votes))
}

async fn load(
    directory: &Directory,
    screen: &Screen,
    remote: &Arc<Remote>,
    register: &Register,
    progress: &mut Progress,
    whole: u64,
) -> Result<(), Failure> {
    if !progress.loaded {
        loader::regions(remote, screen, register, &contest(false)?.0).await?;
        progress.loaded = true;
        progress.write(&directory.path)?;
    }
    if progress.stations < whole {
        loader::stations(remote, screen, register, (progress.stations, whole)).await?;
        progress.stations = whole;
        progress.write(&directory.path)?;
    }
    screen.clear();
    Ok(())
}

/// Keeps asking who leads, beside the play.
fn follow_leader(remote: Arc<Remote>, stopping: watch::Receiver<bool>) -> watch::Receiver<Option<u64>> {
    let (sender, receiver) = watch::channel(None);
    drop(tokio::spawn(async move {
        let mut ticks = interval(LEADER_LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !sender.is_closed() && !*stopping.borrow() {
            ticks.tick().await;
            sender.send_replace(remote.leader().await);
        }
    }));
    receiver
}

fn pace_line(standing: &Standing, leader: Option<u64>) -> String {
    let (played, whole) = (figure(standing.played), figure(standing.whole));
    let percent = standing.played.saturating_mul(100).checked_div(standing.whole).unwrap_or(100);
    let (clock, rate) = (night_clock(standing.night_ms), figure(standing.per_second));
    let leader = leader.map_or_else(|| "?".to_owned(), |leader| format!("node-{}", place_of(leader)));
    text!(
        "{clock} | {played}/{whole} TPS masuk ({percent} %) | {rate} formulir/dtk | pemimpin {leader}",
        "{clock} | {played}/{whole} stations in ({percent} %) | {rate} forms/s | leader {leader}"
    )
}

/// The time of election night that a play has come to.
fn night_clock(night_ms: u64) -> String {
    let minutes = (night_ms / 60_000).saturating_add(12 * 60);
    let (day, hour, minute) = (14_u64.saturating_add(minutes / 1440), minutes / 60 % 24, minutes % 60);
    format!("{day} Feb {hour:02}.{minute:02} WIB")
}

/// Plays the real rows of a directory through `rakit import`.
async fn real_rows(
    directory: &Directory,
    screen: &Screen,
    data: &Path,
    progress: &mut Progress,
) -> Result<(), Failure> {
    if !progress.loaded {
        // Written first: rows that are half in are real ones already.
        progress.write(&directory.path)?;
        let ballot = directory.path.join("contest-ppwp.json");
        write_json(&ballot, &contest(true)?.0)?;
        import(directory, screen, &["regions"], &data.join(REGIONS_FILE), &[]).await?;
        import(directory, screen, &["contests"], &ballot, &[]).await?;
        progress.loaded = true;
        progress.write(&directory.path)?;
    }
    let abroad = data.join(ABROAD_FILE);
    let mut more: Vec<PathBuf> = ["--confirm", "--add-stations", "abroad"].map(PathBuf::from).into();
    if abroad.is_file() {
        more.extend([PathBuf::from("--register"), abroad]);
    }
    import(directory, screen, &["tallies", "--contest", "ppwp"], &data.join(TALLIES_FILE), &more).await
}

/// Runs one `rakit import` and waits for its end; it dies with this demo.
async fn import(
    directory: &Directory,
    screen: &Screen,
    verb: &[&str],
    file: &Path,
    more: &[PathBuf],
) -> Result<(), Failure> {
    let program = std::env::current_exe().map_err(|error| unusable(Path::new("rakit"), &error))?;
    let shown = file.display();
    screen.line(&text!("memuat {shown}", "loading {shown}"));
    let status = tokio::process::Command::new(&program)
        .arg("import")
        .args(verb)
        .arg(file)
        .arg("--cluster")
        .arg(directory.cluster_file())
        .args(more)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|error| unusable(&program, &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::failed(text!("{shown}: tidak termuat ({status})", "{shown}: was not loaded ({status})")))
}

/// Prints what every node says, and fails when they do not agree or the sum is wrong.
fn conclude(screen: &Screen, verdict: &Verdict, expected: Option<&Votes>) -> Result<(), Failure> {
    let votes = |votes: &Votes| votes.map(figure).join(" / ");
    let index = verdict.index;
    if let Some(expected) = expected {
        let sum = votes(expected);
        screen.line(&text!("jumlah semua formulir: {sum}", "sum of all forms: {sum}"));
    }
    for witness in &verdict.witnesses {
        let node = witness.node;
        let said = witness.votes.as_ref().map_or_else(|| text!("tidak menjawab", "no answer"), votes);
        let hash = witness.hash.as_deref().unwrap_or("?");
        screen.line(&text!(
            "node-{node}: {said}, hash keadaan {hash} pada indeks {index}",
            "node-{node}: {said}, state hash {hash} at index {index}"
        ));
    }
    if verdict.agrees(expected) {
        screen.line(&text!("semua simpul cocok", "all nodes agree"));
        return Ok(());
    }
    Err(Failure::unhealthy(text!(
        "hasil simpul tidak cocok; lihat baris di atas",
        "the nodes' results do not agree; see the lines above"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_runs_from_noon_to_noon() {
        assert_eq!(night_clock(0), "14 Feb 12.00 WIB");
        assert_eq!(night_clock(7 * 3_600_000 + 20 * 60_000), "14 Feb 19.20 WIB");
        assert_eq!(night_clock(12 * 3_600_000), "15 Feb 00.00 WIB");
        assert_eq!(night_clock(24 * 3_600_000), "15 Feb 12.00 WIB");
    }
}
