//! `rakit import`: loads a cluster over its officers' side.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::dto::contests::Contests;
use api::dto::master::{Defined, RegionsBody};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::connection::Connection;
use super::output::{Output, progress};
use crate::client::Client;
use crate::failure::Failure;
use crate::import::abroad::{Register, definitions};
use crate::import::accounts::{self, AccountsSummary};
use crate::import::codes::{Issued, print};
use crate::import::summary::Summary;
use crate::import::{regions, tallies};

/// What `rakit import` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Load the tree of regions and stations (CSV)
    Regions(Source),
    /// Load contests (JSON)
    Contests(Source),
    /// Load tallies by station (CSV)
    Tallies {
        #[command(flatten)]
        source: Source,
        /// The contest
        #[arg(long, value_name = "ID")]
        contest: String,
        /// Send what needs confirmation once more, confirmed
        #[arg(long)]
        confirm: bool,
        /// Add stations that are not registered: abroad
        #[arg(long, value_name = "WHICH")]
        add_stations: Option<Added>,
        /// Register of stations abroad (CSV), for their names and kinds
        #[arg(long, value_name = "FILE", requires = "add_stations")]
        register: Option<PathBuf>,
        /// Batches on their way at once
        #[arg(long, value_name = "N", default_value_t = 4, value_parser = parse_in_flight)]
        in_flight: usize,
    },
    /// Load accounts (CSV: username,password,role,scope; without a password they get a one-time code)
    Accounts {
        #[command(flatten)]
        source: Source,
        /// Directory for the codes and the sheets to print; read again when the import is run again
        #[arg(long, value_name = "DIR")]
        codes: Option<PathBuf>,
        /// Address of the entry app, for the sheets; else that of the node
        #[arg(long, value_name = "URL", requires = "codes")]
        url: Option<String>,
        /// Give a new code to accounts that are there, too: they are signed out
        #[arg(long, requires = "codes")]
        reset: bool,
    },
}

#[derive(Debug, Args)]
struct Source {
    /// File to load; may be .gz
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    connection: Connection,
    /// Seconds without any answer before the import gives up
    #[arg(long, value_name = "S", default_value_t = 120)]
    patience: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Added {
    Abroad,
}

fn parse_in_flight(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| (1..=64).contains(number)).ok_or_else(|| "1..64".to_owned())
}

impl Source {
    fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }

    fn client(&self) -> Result<Client, Failure> {
        self.connection.officer_for_master_data(self.patience())
    }
}

/// Runs it.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(error.to_string()))?;
    runtime.block_on(async {
        match &arguments.verb {
            Verb::Regions(source) => import_regions(source, output).await,
            Verb::Contests(source) => import_contests(source, output).await,
            Verb::Accounts { source, codes, url, reset } => {
                let sheets = codes.as_deref().map(|directory| Sheets {
                    directory,
                    url: url.as_deref(),
                    reset: *reset,
                });
                import_accounts(source, sheets, output).await
            }
            Verb::Tallies { source, contest, confirm, add_stations, register, in_flight } => {
                let plan = tallies::Plan {
                    contest: contest.clone(),
                    file: source.file.clone(),
                    confirm: *confirm,
                    in_flight: *in_flight,
                    patience: source.patience(),
                };
                let register = match register {
                    Some(path) => Register::read(path)?,
                    None => Register::default(),
                };
                import_tallies(source, &plan, add_stations.is_some().then_some(&register), output).await
            }
        }
    })
}

async fn import_regions(source: &Source, output: &Output) -> Result<(), Failure> {
    let client = source.client()?;
    let begun = Instant::now();
    let (bodies, mut summary) = regions::read(&source.file)?;
    let defined = define_regions(&client, &bodies).await?;
    (summary.created, summary.changed, summary.unchanged) =
        (defined.created, defined.changed, defined.unchanged);
    summary.seconds = begun.elapsed().as_secs_f64();
    answer(output, &summary);
    Ok(())
}

async fn define_regions(client: &Client, bodies: &[RegionsBody]) -> Result<Defined, Failure> {
    let total = bodies.iter().map(|body| body.regions.len().saturating_add(body.stations.len()));
    let total = u64::try_from(total.fold(0, usize::saturating_add)).unwrap_or(u64::MAX);
    let bar = progress(Some(total));
    let mut defined = Defined::default();
    for body in bodies {
        let done = define(client, "regions", body).await?;
        add(&mut defined, done);
        let sent = body.regions.len().saturating_add(body.stations.len());
        bar.inc(u64::try_from(sent).unwrap_or(u64::MAX));
    }
    bar.finish_and_clear();
    Ok(defined)
}

/// One call with a key of its own, so that it has its effect once however often it is sent.
async fn define<B: Serialize>(client: &Client, kind: &str, body: &B) -> Result<Defined, Failure> {
    Ok(client.post(&format!("/api/v1/master/{kind}"), body, None).await?.value)
}

fn add(sum: &mut Defined, more: Defined) {
    sum.created = sum.created.saturating_add(more.created);
    sum.changed = sum.changed.saturating_add(more.changed);
    sum.unchanged = sum.unchanged.saturating_add(more.unchanged);
    sum.kept.extend(more.kept);
}

async fn import_contests(source: &Source, output: &Output) -> Result<(), Failure> {
    let path = &source.file;
    let wrong = |fault: String| {
        let shown = path.display();
        Failure::usage(format!("{shown}: {fault}"))
    };
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let body: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let client = source.client()?;
    let defined = define(&client, "contests", &body).await?;
    answer(output, &defined);
    Ok(())
}

/// Where codes go, and what stands on the sheets.
struct Sheets<'a> {
    directory: &'a Path,
    url: Option<&'a str>,
    reset: bool,
}

async fn import_accounts(
    source: &Source,
    sheets: Option<Sheets<'_>>,
    output: &Output,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let rows = accounts::read(&source.file)?;
    let mut issued = match &sheets {
        Some(sheets) => Issued::open(sheets.directory)?,
        None => Issued::default(),
    };
    let bodies = accounts::bodies(&rows, sheets.as_ref().map(|sheets| sheets.reset), &mut issued)?;
    // What is not on paper yet must be on disk before anybody can be asked for it.
    issued.save()?;
    let client = source.client()?;
    let read = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let bar = progress(Some(read));
    let mut defined = Defined::default();
    for body in &bodies {
        let done = define(&client, "accounts", body).await?;
        issued.withdraw(&done.kept);
        add(&mut defined, done);
        bar.inc(u64::try_from(body.accounts.len()).unwrap_or(u64::MAX));
    }
    issued.save()?;
    bar.finish_and_clear();
    let mut printed = 0;
    if let Some(sheets) = &sheets {
        let url = sheets.url.map_or_else(|| client.address(), str::to_owned);
        printed = print(&rows, &issued, sheets.directory, &url)?;
    }
    let Defined { created, changed, unchanged, kept } = defined;
    let kept = u64::try_from(kept.len()).unwrap_or(u64::MAX);
    let seconds = begun.elapsed().as_secs_f64();
    answer(output, &AccountsSummary { read, created, changed, unchanged, kept, printed, seconds });
    Ok(())
}

async fn import_tallies(
    source: &Source,
    plan: &tallies::Plan,
    abroad: Option<&Register>,
    output: &Output,
) -> Result<(), Failure> {
    let client = Arc::new(source.connection.officer(source.patience())?);
    let mut added = None;
    if let Some(register) = abroad {
        let contests = client.get::<Contests>("/api/v1/contests").await?.value.contests;
        let options = contests.iter().find(|contest| contest.id == plan.contest);
        let options = options.map_or(0, |contest| contest.options.len());
        let stations = tallies::stations_abroad(&plan.file, options)?;
        added = Some(define_regions(&client, &definitions(&stations, register)).await?);
    }
    let bar = progress(None);
    let summary: Summary = tallies::run(client, plan, &bar).await?;
    bar.finish_and_clear();
    let mut value = serde_json::to_value(&summary).map_err(|error| Failure::failed(error.to_string()))?;
    if let (Some(added), Some(object)) = (added, value.as_object_mut()) {
        object.insert("added".to_owned(), json!(added));
    }
    answer(output, &value);
    Ok(())
}

/// Gives a summary; for people one line per figure.
fn answer<T: Serialize>(output: &Output, summary: &T) {
    output.answer(summary, || {
        let value = serde_json::to_value(summary).unwrap_or_default();
        let mut lines = Vec::new();
        flatten("", &value, &mut lines);
        lines.join("\n")
    });
}

fn flatten(name: &str, value: &Value, lines: &mut Vec<String>) {
    if let Some(object) = value.as_object() {
        for (key, value) in object {
            let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
            flatten(&name, value, lines);
        }
    } else {
        lines.push(format!("{name:<32} {value}"));
    }
}
