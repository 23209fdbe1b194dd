//! `rakit serve`: runs a node until it is told to stop.
//!
//! Invariant: everything that can be wrong from outside (settings, certificates, ports, data) is found before the node
//! takes part in the cluster, in this order, and changes nothing.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::compose::{self, Runtimes};
use crate::failure::Failure;
use crate::listeners::Bound;
use crate::tls::live::LiveTls;
use crate::{descriptors, settings, shutdown, telemetry, text};

/// What `rakit serve` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Settings file (TOML)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Override one setting; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Runs it.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut settings = settings::load(&arguments.config, &arguments.set)?;
    telemetry::install(&settings.telemetry)?;
    descriptors::share_out(&mut settings.limits)?;
    let tls = LiveTls::load(&settings.tls)?;
    let edge = tls.now().name.edge;
    let bound = Bound::bind(&settings.listeners, edge, settings.limits.public_threads)?;
    if edge && settings.listeners.officer.is_some() {
        tracing::warn!(
            "this node is an edge and only reads: listeners.officer is not opened; remove it, or give the node the \
             certificate of a voter"
        );
    }
    let runtimes = Runtimes::start()?;
    let result = serve(&settings, &tls, bound, &runtimes);
    runtimes.stop();
    result
}

fn serve(
    settings: &settings::Settings,
    tls: &Arc<LiveTls>,
    bound: Bound,
    runtimes: &Runtimes,
) -> Result<(), Failure> {
    let running = compose::start(settings, tls, bound, runtimes)?;
    tracing::info!(
        node = tls.now().name.node.0,
        name = settings.node.name,
        public = settings.listeners.public.url,
        officer = if tls.now().name.edge { String::new() } else { settings.listeners.officer_url() },
        "serving"
    );
    // Without a service manager there is nobody to tell.
    drop(sd_notify::notify(false, &[sd_notify::NotifyState::Ready]));
    runtimes.main().block_on(async {
        let cluster = running.cluster.clone();
        tokio::select! {
            signal = shutdown::asked() => {
                let signal = signal.map_err(|error| Failure::failed(error.to_string()))?;
                tracing::info!(signal, "stopping");
                drop(sd_notify::notify(false, &[sd_notify::NotifyState::Stopping]));
                tokio::select! {
                    stopped = running.stop() => stopped,
                    _ = shutdown::asked() => {
                        Err(Failure::failed(text!("dihentikan seketika", "stopped at once")))
                    }
                }
            }
            failure = cluster.stopped() => Err(Failure::precondition(text!(
                "simpul berhenti: {failure}; lihat catatan di atas",
                "the node stopped: {failure}; see the log above"
            ))),
        }
    })
}
