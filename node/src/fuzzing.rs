//! Bytes from a fuzzer, read as the files that operators hand to `rakit`, and as what scanners and new nodes say;
//! `tests/fuzz` feeds them, the tests below replay what is kept.
//!
//! Invariant: whatever bytes come, nothing here panics but on a promise that was broken: what was read and is written
//! again reads as the same. Not part of any release.
#![allow(clippy::missing_panics_doc, reason = "to panic on a broken promise is what these functions are for")]

use std::io::Write as _;
use std::path::Path;

use rustls_pki_types::CertificateDer;
use tally::ids::hex;

use crate::ca::Requests;
use crate::import::feed::{Columns, Row};
use crate::import::table::Table;
use crate::import::{abroad, accounts, codes, regions};
use crate::invitation::InvitationFile;
use crate::settings::{self, KEYS, Override, Settings};
use crate::tls::identity::{NodeName, authority_cluster, cluster_from_hex, common_name, ends_at_s};

/// Most lines with which settings are overridden.
const OVERRIDES_MAX: usize = 4;

/// Puts bytes where those look who want a file.
fn in_file(bytes: &[u8], ending: &str, look: impl FnOnce(&Path)) {
    let file = tempfile::Builder::new().suffix(ending).tempfile();
    let Ok(mut file) = file else { return };
    if file.write_all(bytes).is_ok() {
        look(file.path());
    }
}

/// A settings file. Its first lines may be overrides, `!KEY=VALUE` each.
pub fn settings(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut overrides = Vec::new();
    let mut file = text;
    while let Some((line, rest)) = file.split_once('\n')
        && let Some(flag) = line.strip_prefix('!')
        && overrides.len() < OVERRIDES_MAX
    {
        file = rest;
        overrides.extend(Override::from_flag(flag));
    }
    let Ok(read) = settings::parse(file, "rakit.toml", &overrides) else { return };
    let Ok(written) = toml::to_string(&read) else { unreachable!("settings can be shown: {read:?}") };
    let again: Result<Settings, _> = settings::parse(&written, "rakit.toml", &[]);
    assert!(again.is_ok_and(|again| again == read), "{written}");
    assert!(overrides.iter().all(|change| KEYS.contains(&change.key.as_str())), "an unknown key was taken");
}

/// A table to import; the first byte says which. Small letters are plain, capitals packed.
pub fn imports(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    let ending = if kind.is_ascii_uppercase() { ".csv.gz" } else { ".csv" };
    in_file(bytes, ending, |path| match kind.to_ascii_lowercase() {
        b'r' => region_table(path),
        b'a' => account_table(path),
        b'n' => drop(abroad::Register::read(path)),
        b'f' => feed(path),
        _ => {}
    });
}

fn region_table(path: &Path) {
    let Ok((bodies, summary)) = regions::read(path) else { return };
    let sum = |numbers: &mut dyn Iterator<Item = usize>| numbers.fold(0_usize, usize::saturating_add);
    let sent = sum(&mut bodies.iter().map(|body| body.stations.len()));
    assert_eq!(u64::try_from(sent).ok(), Some(summary.stations), "every station is sent once");
    let sent = sum(&mut bodies.iter().map(|body| body.regions.len()));
    assert_eq!(u64::try_from(sent).ok(), Some(summary.regions), "every region is sent once");
    let good = |code: &str| tally::region::StationCode::parse(code).is_some();
    for body in &bodies {
        let wrong = body.stations.iter().find(|station| !good(&station.code));
        // A number no station has: nodes refuse it by its place in the file's order.
        assert!(wrong.is_none(), "{wrong:?}");
    }
}

fn account_table(path: &Path) {
    let Ok(rows) = accounts::read(path) else { return };
    let mut issued = codes::Issued::default();
    let Ok(bodies) = accounts::bodies(&rows, Some(false), &mut issued) else { return };
    let sent = bodies.iter().map(|body| body.accounts.len()).fold(0_usize, usize::saturating_add);
    assert_eq!(sent, rows.len(), "every account is sent");
}

fn feed(path: &Path) {
    let Ok(mut table) = Table::open(path) else { return };
    let Ok(columns) = Columns::find(&table, 3) else { return };
    let mut record = csv::StringRecord::new();
    while let Ok(true) = table.read(&mut record) {
        if let Row::Form(_, form) = columns.read(&record) {
            assert_eq!(form.votes.len(), 3);
            assert!(form.boxes().all(|(_, count)| count <= api::dto::form::COUNT_MAX), "{form:?}");
        }
    }
}

/// Small files, and what others say; the first byte says what.
pub fn files(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    let text = std::str::from_utf8(bytes);
    match (kind, text) {
        (b'i', _) => in_file(bytes, ".json", invitation),
        (b'k', _) => in_file(bytes, ".csv", |path| drop(Table::open(path))),
        (b'd', _) => certificate(bytes),
        (b's', Ok(text)) => drop(crate::scanner::ScannerAddress::parse(text)),
        (b'v', Ok(text)) => crate::scanner::look_at(text),
        (b'n', Ok(text)) => names(text),
        (b'c', Ok(text)) => requests(text),
        _ => {}
    }
}

fn invitation(path: &Path) {
    let Ok(read) = InvitationFile::load(path) else { return };
    assert!(read.cluster().is_some(), "an invitation names its cluster");
    if read.save(path).is_ok() {
        assert!(InvitationFile::load(path).is_ok_and(|again| again == read), "{read:?}");
    }
}

/// A certificate as another node shows it, whoever signed it.
fn certificate(bytes: &[u8]) {
    let der = CertificateDer::from(bytes);
    if let Some(name) = NodeName::of_certificate(&der) {
        assert_eq!(NodeName::parse(&name.to_string()), Some(name));
    }
    drop((authority_cluster(&der), common_name(&der), ends_at_s(&der)));
}

fn names(text: &str) {
    if let Some(name) = NodeName::parse(text) {
        assert_eq!(name.to_string(), text, "a name has one spelling");
    }
    if let Some(cluster) = cluster_from_hex(text) {
        assert_eq!(hex(&cluster), text, "a cluster has one spelling");
    }
}

/// Two requests for certificates, one behind the other.
fn requests(text: &str) {
    let (peer, server) = text.split_once('\0').unwrap_or((text, text));
    drop(Requests::read(peer, server));
}

#[cfg(test)]
#[path = "../../tests/fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;
    use super::*;

    #[test]
    fn kept_settings_break_nothing() {
        replay("node_settings", settings);
    }

    #[test]
    fn kept_imports_break_nothing() {
        replay("node_imports", imports);
    }

    #[test]
    fn kept_files_break_nothing() {
        replay("node_files", files);
    }
}
