//! Snapshots: every file is what the manifest says.

use super::report::{Findings, Report};
use crate::engine::Disk;
use crate::snapshot::{MANIFEST, Manifest, SNAPSHOTS, STATE, UNFINISHED, digest, path};

/// Checks the whole snapshots; an unfinished one is nobody's and goes at the next start.
pub(super) fn check<D: Disk>(disk: &D, report: &mut Report) {
    let mut findings = Findings::default();
    match disk.list(SNAPSHOTS) {
        Err(error) => findings.wrong(format!("{SNAPSHOTS}: {error}")),
        Ok(names) => {
            for name in names.iter().filter(|name| *name != UNFINISHED) {
                one(disk, name, &mut findings);
            }
        }
    }
    report.add("snapshot files", findings);
}

fn one<D: Disk>(disk: &D, name: &str, findings: &mut Findings) {
    let manifest = match disk.read(&path(&[SNAPSHOTS, name, MANIFEST])) {
        Err(error) => return findings.wrong(format!("the manifest of snapshot {name}: {error}")),
        Ok(None) => return findings.wrong(format!("snapshot {name} has no manifest")),
        Ok(Some(bytes)) => Manifest::decode(&bytes),
    };
    let manifest = match manifest {
        Err(error) => return findings.wrong(format!("the manifest of snapshot {name}: {error}")),
        Ok(manifest) => manifest,
    };
    for file in &manifest.files {
        findings.count();
        let path = path(&[SNAPSHOTS, name, STATE, &file.name]);
        match digest(disk, &path, &file.name) {
            Err(error) => findings.wrong(error.to_string()),
            Ok(found) if found == *file => {}
            Ok(found) if found.size != file.size => {
                findings.wrong(format!("{path} has {} bytes, not {}", found.size, file.size));
            }
            Ok(_) => findings.wrong(format!("{path} is not what the manifest says")),
        }
    }
}
