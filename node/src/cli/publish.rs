//! `rakit publish`: the public site as files, once or again and again.
//!
//! Invariant: however it ends, what is shown is a whole version.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::connection::ClusterFile;
use super::operator::block_on;
use super::output::{Output, complain};
use crate::failure::{Exit, Failure};
use crate::publish::depth::Depth;
use crate::publish::round::{Publication, Report};
use crate::publish::source::Source;
use crate::publish::walk::Plan;
use crate::{shutdown, text};

/// Pages asked for at once, at most: more would take from readers what nodes keep for them.
const IN_FLIGHT_MAX: u16 = 64;

/// What `rakit publish` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Directory of the site; a web server's root is DIR/current
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// A cluster.json file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["public", "ca"])]
    cluster: Option<PathBuf>,
    /// Public URL of a node; may be repeated, another is used when one dies
    #[arg(long, value_name = "URL")]
    public: Vec<String>,
    /// Certificate of the authority to trust (PEM)
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The lowest pages; a district's has all its villages, and below it come ten times as many files
    #[arg(
        long,
        value_name = "nation|province|regency|district|village|station",
        default_value = "district",
        value_parser = Depth::parse,
    )]
    depth: Depth,
    /// With the files of Sirekap's shape
    #[arg(long)]
    sirekap: bool,
    /// Versions that stay, the one that is shown included
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    keep: u16,
    /// Go on until stopped, so many seconds from one round to the next
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    interval: Option<u32>,
    /// With --interval: seconds after which every page is asked for again, for new names and releases
    #[arg(long, value_name = "S", default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..))]
    recheck: u32,
    /// Pages asked for at once
    #[arg(
        long,
        value_name = "N",
        default_value_t = 8,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(IN_FLIGHT_MAX)),
    )]
    in_flight: u16,
    /// Seconds without any answer before the round gives up
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    patience: u32,
}

impl Arguments {
    fn source(&self) -> Result<Source, Failure> {
        let patience = Duration::from_secs(u64::from(self.patience));
        if let Some(path) = &self.cluster {
            let file = ClusterFile::read(path)?;
            let endpoints = file.nodes.into_iter().map(|node| node.public).collect();
            return Source::new(endpoints, Some(&file.ca), patience);
        }
        if self.public.is_empty() {
            return Err(Failure::usage(text!(
                "sebutkan --cluster FILE, atau --public URL",
                "name --cluster FILE, or --public URL"
            )));
        }
        Source::new(self.public.clone(), self.ca.as_deref(), patience)
    }

    fn plan(&self) -> Plan {
        Plan {
            depth: self.depth,
            sirekap: self.sirekap,
            keep: usize::from(self.keep),
            in_flight: usize::from(self.in_flight),
            recheck: Duration::from_secs(u64::from(self.recheck)),
        }
    }
}

/// Runs it.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let mut publication = Publication::open(&arguments.dir, arguments.source()?, arguments.plan())?;
    block_on(async {
        let Some(seconds) = arguments.interval else {
            let report = publication.round().await?;
            tell(output, &report);
            return Ok(());
        };
        let interval = Duration::from_secs(u64::from(seconds));
        tokio::select! {
            biased;
            signal = shutdown::asked() => {
                signal.map(drop).map_err(|error| Failure::failed(error.to_string()))
            }
            failure = Box::pin(go_on(&mut publication, interval, output)) => Err(failure),
        }
    })
}

/// Round after round. What may pass is told and tried again; answers what does not.
async fn go_on(publication: &mut Publication, interval: Duration, output: &Output) -> Failure {
    let mut rounds = tokio::time::interval(interval);
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        match publication.round().await {
            Ok(report) if report.published => tell(output, &report),
            Ok(_) => {}
            Err(failure) => match failure.exit {
                Exit::Usage | Exit::Precondition => return failure,
                Exit::Failed | Exit::Unhealthy | Exit::Unavailable => complain(&failure.to_string()),
            },
        }
    }
}

fn tell(output: &Output, report: &Report) {
    let Report { version, index, files, written, .. } = report;
    output.answer(report, || {
        let mixed = if report.whole {
            String::new()
        } else {
            text!(
                "; formulir masuk lebih cepat daripada halaman diambil, jadi antarhalaman belum tentu cocok",
                "; forms came in faster than pages were taken, so pages may not fit each other"
            )
        };
        if report.published {
            text!(
                "versi {version} tampil: indeks {index}, {files} berkas, {written} di antaranya baru{mixed}",
                "version {version} is shown: index {index}, {files} files, {written} of them new{mixed}"
            )
        } else {
            text!(
                "tidak ada yang berubah: versi {version} tetap tampil, {files} berkas{mixed}",
                "nothing has changed: version {version} stays, {files} files{mixed}"
            )
        }
    });
}
