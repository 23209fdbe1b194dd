//! One run of the demo: nodes up, count played, nodes down.
//!
//! Invariant: whatever happens after the first node was started, every node that the pid files name is stopped
//! before the run ends.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::cluster_file::describe;
use super::directory::{Directory, default_path, unusable, write_json};
use super::processes::{Watch, check_ports, running, start, stop};
use super::remote::{Remote, contest};
use super::screen::Screen;
use super::{Arguments, performance};
use crate::cli::connection::ClusterFile;
use crate::durable;
use crate::failure::Failure;
use crate::founding::Founding;
use crate::text;

/// How long the nodes may take until a leader answers and the first account is there.
const READY_MAX: Duration = Duration::from_mins(1);
/// How often it is looked whether they are.
const READY_LOOK: Duration = Duration::from_millis(50);
/// How often it is looked whether nodes ended or came back.
const WATCH_LOOK: Duration = Duration::from_millis(200);

/// Runs the demo until a signal asks it to stop.
pub(super) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = match &arguments.dir {
        Some(path) => path.clone(),
        None => default_path()?,
    };
    if let Some(data) = &arguments.data {
        performance::check_data(data)?;
    }
    let mut directory = Directory::open(&path, arguments.nodes, arguments.base_port)?;
    let screen = Screen::new();
    let stopping = signals()?;
    if (0..directory.mark.nodes).any(|node| running(&directory, node).is_some()) {
        screen.line(&text!(
            "menghentikan simpul yang tertinggal dari demo sebelumnya",
            "stopping nodes that an earlier demo left"
        ));
        stop(&directory).await;
    }
    check_ports(&directory)?;
    withdraw_file(&directory)?;
    directory.make()?;
    let directory = Arc::new(directory);
    let result = live(arguments, &directory, &screen, stopping).await;
    screen.clear();
    screen.line(&text!("menghentikan semua simpul", "stopping all nodes"));
    // Before the nodes: who waits for the file of the next run must not find this one's.
    let withdrawn = withdraw_file(&directory);
    let forced = stop(&directory).await;
    if forced > 0 {
        screen.line(&text!(
            "{forced} simpul tidak berhenti sendiri dan dipaksa",
            "{forced} nodes did not stop by themselves and were forced"
        ));
    }
    let shown = directory.path.display();
    screen.line(&text!(
        "selesai; data tetap ada di {shown}, perintah yang sama melanjutkannya",
        "done; the data stays in {shown}, the same command goes on with it"
    ));
    result.and(withdrawn)
}

fn withdraw_file(directory: &Directory) -> Result<(), Failure> {
    let file = directory.cluster_file();
    durable::remove(&file).map_err(|error| unusable(&file, &error))
}

/// Becomes true when a signal asks the demo to stop: from the keyboard, from a supervisor, or because the
/// terminal went away.
fn signals() -> Result<watch::Receiver<bool>, Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::failed(error.to_string()));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    let (sender, receiver) = watch::channel(false);
    drop(tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        sender.send_replace(true);
        // The channel stays open for whoever still waits.
        sender.closed().await;
    }));
    Ok(receiver)
}

/// From the first process to the signal.
async fn live(
    arguments: &Arguments,
    directory: &Arc<Directory>,
    screen: &Screen,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let nodes = directory.mark.nodes;
    screen.line(&text!("menyalakan {nodes} simpul", "starting {nodes} nodes"));
    for node in 0..nodes {
        start(directory, node)?;
    }
    let (_, ballot) = contest(arguments.data.is_some())?;
    let remote = Arc::new(Remote::new(&describe(directory)?, ballot)?);
    let leader = tokio::select! {
        leader = ready(directory, &remote) => leader?,
        _ = stopping.wait_for(|stop| *stop) => return Ok(()),
    };
    let file = describe(directory)?;
    write_json(&directory.cluster_file(), &file)?;
    introduce(screen, directory, &file, leader);
    let watching = tokio::spawn(watch_nodes(Arc::clone(directory), screen.clone(), stopping.clone()));
    let result = if arguments.no_play {
        Ok(())
    } else {
        performance::play(arguments, directory, screen, &remote, stopping.clone()).await
    };
    if let Err(failure) = &result {
        // The cluster stays for a look; the failure is told again, with its exit code, at the end.
        screen.line(&failure.to_string());
    }
    if !*stopping.borrow() {
        screen.line(&text!("Ctrl-C menghentikan klaster", "Ctrl-C stops the cluster"));
    }
    // An error means that the listener for signals is gone; then this must end too.
    let _stop = stopping.wait_for(|stop| *stop).await;
    watching.abort();
    result
}

/// Waits until a leader answers and the founding is done; answers the leader's number.
async fn ready(directory: &Directory, remote: &Remote) -> Result<u64, Failure> {
    let began = Instant::now();
    loop {
        if let Some(node) = (0..directory.mark.nodes).find(|node| running(directory, *node).is_none()) {
            return Err(ended_early(directory, node));
        }
        let founded = Founding::load(&directory.node(0).join("data"))?.is_none();
        if founded && let Some(leader) = remote.leader().await {
            return Ok(leader);
        }
        if began.elapsed() >= READY_MAX {
            let shown = directory.path.display();
            return Err(Failure::unavailable(text!(
                "belum ada pemimpin; lihat {shown}/node-*/rakit.log",
                "no leader yet; see {shown}/node-*/rakit.log"
            )));
        }
        sleep(READY_LOOK).await;
    }
}

/// A node that ended before the cluster was ready: the last line of its log says why.
fn ended_early(directory: &Directory, node: u16) -> Failure {
    let log = std::fs::read(directory.log_file(node)).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let last = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Failure::precondition(text!(
        "simpul node-{node} berhenti saat dinyalakan: {last}",
        "node node-{node} ended at its start: {last}"
    ))
}

fn introduce(screen: &Screen, directory: &Directory, file: &ClusterFile, leader: u64) {
    for (place, node) in file.nodes.iter().enumerate() {
        let (public, officer, pid) = (&node.public, &node.officer, node.pid);
        screen.line(&text!(
            "node-{place}: publik {public}/  petugas {officer}/  pid {pid}",
            "node-{place}: public {public}/  officers {officer}/  pid {pid}"
        ));
    }
    let leading = place_of(leader);
    let shown = directory.cluster_file();
    let shown = shown.display();
    screen.line(&text!(
        "pemimpin: node-{leading}; klaster siap: {shown}",
        "leader: node-{leading}; the cluster is ready: {shown}"
    ));
}

/// The place of a node by its number.
pub(super) fn place_of(number: u64) -> u64 {
    number.saturating_sub(1)
}

async fn watch_nodes(directory: Arc<Directory>, screen: Screen, stopping: watch::Receiver<bool>) {
    let Ok(mut watch) = Watch::new(&directory) else {
        return;
    };
    let mut ticks = interval(WATCH_LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !*stopping.borrow() {
        ticks.tick().await;
        for line in watch.look(&directory) {
            screen.line(&line);
        }
    }
}

/// Whether a file is there, for the sake of a clear refusal.
pub(super) fn require_file(path: &Path) -> Result<(), Failure> {
    if path.is_file() {
        return Ok(());
    }
    let shown = path.display();
    Err(Failure::usage(text!("{shown}: tidak ada", "{shown}: is not there")))
}
