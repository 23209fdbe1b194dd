//! `rakit ca`: the cluster's certificates.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use tally::ids::{NodeId, hex};

use super::output::Output;
use crate::ca::Authority;
use crate::failure::Failure;
use crate::text;
use crate::tls::identity::NodeName;

/// What `rakit ca` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make the certificate authority of a new cluster
    Init {
        /// Directory of the certificate authority
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Name of the cluster
        #[arg(long, value_name = "NAME")]
        cluster: String,
    },
    /// Replace the authority while the cluster runs: makes a new one and a bundle of both
    Rotate {
        /// Directory of the certificate authority
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// End it: take the old authority out of the bundle
        #[arg(long)]
        finish: bool,
    },
    /// Call a certificate back and write the list of all that were
    Revoke {
        /// Directory of the certificate authority
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// The certificate to call back (PEM)
        #[arg(long, value_name = "FILE")]
        certificate: PathBuf,
        /// File for the list; every node names it as tls.crl
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Issue the certificates of one node
    Issue {
        /// Directory of the certificate authority
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Number of the node
        #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
        node: u64,
        /// An edge node: reads only
        #[arg(long)]
        edge: bool,
        /// Host name or IP address under which the node is reached; may be repeated
        #[arg(long, value_name = "NAME|IP", required = true)]
        host: Vec<String>,
        /// Directory for the result
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

/// Runs it.
pub fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    match &arguments.verb {
        Verb::Init { dir, cluster } => {
            let authority = Authority::create(dir, cluster)?;
            let id = hex(&authority.cluster);
            let shown = dir.display();
            output.answer(&json!({"cluster": id, "name": cluster, "dir": dir}), || {
                text!(
                    "klaster {id}; otoritas di {shown}, jaga kuncinya baik-baik",
                    "cluster {id}; authority in {shown}, keep its key safe"
                )
            });
        }
        Verb::Rotate { dir, finish } => {
            if *finish {
                Authority::finish_rotation(dir)?;
            } else {
                Authority::rotate(dir)?;
            }
            let shown = dir.join(crate::ca::AUTHORITY_CERTIFICATE);
            let shown = shown.display();
            output.answer(&json!({"dir": dir, "finished": finish}), || {
                text!(
                    "salin {shown} ke setiap simpul sebagai tls.ca; simpul memakainya tanpa dihidupkan ulang",
                    "copy {shown} to every node as tls.ca; nodes use it without a restart"
                )
            });
        }
        Verb::Revoke { dir, certificate, out } => {
            Authority::open(dir)?.revoke(dir, certificate, out)?;
            let shown = out.display();
            output.answer(&json!({"list": out}), || {
                text!(
                    "salin {shown} ke setiap simpul sebagai tls.crl",
                    "copy {shown} to every node as tls.crl"
                )
            });
        }
        Verb::Issue { dir, node, edge, host, out } => {
            let authority = Authority::open(dir)?;
            let name = NodeName { cluster: authority.cluster, node: NodeId(*node), edge: *edge };
            authority.issue(name, host, out)?;
            let shown = out.display();
            output.answer(&json!({"name": name.to_string(), "out": out}), || {
                text!("sertifikat {name} di {shown}", "certificates of {name} in {shown}")
            });
        }
    }
    Ok(())
}
