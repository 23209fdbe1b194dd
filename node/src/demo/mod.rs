//! `rakit demo`: a real cluster of real processes on this machine, and the presidential count of 2024
//! played into it.
//!
//! Invariant: the demo knows no shortcut. Nodes are processes of this very executable, started by the same
//! command that an operator would type; everything enters and leaves through their listeners.

mod cluster_file;
mod count;
mod curve;
mod directory;
mod finale;
mod loader;
mod official;
mod performance;
mod play;
#[cfg(test)]
mod play_tests;
mod player;
mod processes;
mod progress;
mod register;
mod remote;
mod screen;
mod session;
mod spread;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::{cli, text};

/// What `rakit demo` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// How many nodes.
    #[arg(long, value_parser = parse_nodes, value_name = "3|5",
        help = text!("Banyaknya simpul, bila direktori baru (bawaan 3)", "Number of nodes, of a new directory (default 3)"))]
    pub nodes: Option<u16>,
    /// Where everything is kept.
    #[arg(long, value_name = "DIR",
        help = text!("Direktori demo (bawaan $XDG_DATA_HOME/rakit/demo)", "Directory of the demo (default $XDG_DATA_HOME/rakit/demo)"))]
    pub dir: Option<PathBuf>,
    /// The first port.
    #[arg(long, value_name = "P",
        help = text!("Porta pertama, bila direktori baru (bawaan 8080): simpul i memakai P+10i (publik), +1 (petugas), +2 (antarsimpul), +3 (operator)",
            "First port, of a new directory (default 8080): node i takes P+10i (public), +1 (officer), +2 (peer), +3 (ops)"))]
    pub base_port: Option<u16>,
    /// Whether only an empty cluster is wanted.
    #[arg(long, conflicts_with_all = ["stations", "speed", "data"],
        help = text!("Hanya menyalakan klaster kosong", "Only start an empty cluster"))]
    pub no_play: bool,
    /// How many stations play.
    #[arg(long, value_name = "N", conflicts_with = "data", value_parser = clap::value_parser!(u64).range(1..),
        help = text!("Banyaknya TPS yang dimainkan, tersebar sebanding di semua provinsi; bawaan: {STATIONS_DEFAULT}, semua: 823366",
            "Stations that play, spread over the provinces; default: {STATIONS_DEFAULT}, all: 823366"))]
    pub stations: Option<u64>,
    /// How fast.
    #[arg(long, value_name = "X", conflicts_with = "data", value_parser = clap::value_parser!(u64).range(1..=1_000_000),
        help = text!("Kecepatan: kali waktu nyata (bawaan {SPEED_DEFAULT}: sehari semalam dalam dua menit)",
            "Speed: times real time (default {SPEED_DEFAULT}: a day and a night in two minutes)"))]
    pub speed: Option<u64>,
    /// Real rows to play.
    #[arg(long, value_name = "DIR",
        help = text!("Memainkan baris nyata dari direktori ini (wilayah_2024.csv.gz dan ppwp2024_tps.csv.gz)",
            "Play the real rows of this directory (wilayah_2024.csv.gz and ppwp2024_tps.csv.gz)"))]
    pub data: Option<PathBuf>,
}

/// Stations that play when no number is named: what two cores carry within three minutes.
const STATIONS_DEFAULT: u64 = 30_000;
/// Times real time when no speed is named.
const SPEED_DEFAULT: u64 = 720;

/// Reads the number of nodes: an odd number of voters that one machine can carry.
fn parse_nodes(text: &str) -> Result<u16, String> {
    match text {
        "3" => Ok(3),
        "5" => Ok(5),
        _ => Err(text!("harus 3 atau 5", "must be 3 or 5")),
    }
}

/// Runs the demo until it is told to stop; the code is one of `api.md`'s.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "the command line hands its arguments over")]
pub fn run(arguments: Arguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(session::run(&arguments)),
        Err(error) => Err(Failure::failed(error.to_string())),
    };
    cli::finish(result)
}
