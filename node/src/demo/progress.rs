//! How far a demo has come, so that one that is started again goes on where it was.
//!
//! Invariant: what the file says is done was acknowledged. It may say less than was done: forms that are sent
//! again under their old keys change nothing.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::directory::{unusable, write_json};
use crate::failure::Failure;
use crate::text;

/// What was acknowledged so far.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    /// Whether the regions and the contest are in.
    pub(super) loaded: bool,
    /// Stations whose definitions are in, from the first of the play; no form of another is.
    pub(super) stations: u64,
    /// Forms that are in, from the first of the play without a gap.
    pub(super) played: u64,
    /// The directory whose real rows this cluster holds instead.
    pub(super) data: Option<PathBuf>,
}

impl Progress {
    /// Reads the file; nothing is done yet when there is none.
    pub(super) fn read(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join("progress.json");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unusable(&path, &error)),
        };
        serde_json::from_slice(&bytes).map_err(|error| {
            let shown = path.display();
            Failure::precondition(text!(
                "{shown}: rusak ({error}); hapus berkas itu untuk memainkan dari awal",
                "{shown}: broken ({error}); remove it to play from the start"
            ))
        })
    }

    /// Writes the file.
    pub(super) fn write(&self, directory: &Path) -> Result<(), Failure> {
        write_json(&directory.join("progress.json"), self)
    }

    /// Made ready for a play of that many synthetic forms (`None`: as many as before, or the default), or of real
    /// rows; answers how many forms play. Refuses to mix the two in one cluster, or to make a play shorter.
    pub(super) fn begin(
        &mut self,
        stations: Option<u64>,
        default: u64,
        data: Option<&Path>,
    ) -> Result<u64, Failure> {
        let other = match (&self.data, data) {
            (Some(had), Some(wanted)) => had != wanted,
            (Some(_), None) => true,
            (None, Some(_)) => self.loaded,
            (None, None) => false,
        };
        if other {
            return Err(Failure::precondition(text!(
                "klaster di direktori ini berisi penghitungan lain; pilih --dir lain",
                "the cluster in this directory holds another count; choose another --dir"
            )));
        }
        let had = self.stations;
        let wanted = stations.unwrap_or(if had > 0 { had } else { default });
        if wanted < had {
            return Err(Failure::precondition(text!(
                "klaster di direktori ini sudah memuat {had} TPS; pakai --stations {had} atau lebih, atau --dir lain",
                "the cluster in this directory has {had} stations; use --stations {had} or more, or another --dir"
            )));
        }
        self.data = data.map(Path::to_path_buf);
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_as_written_and_a_play_only_grows() {
        let directory = tempfile::tempdir().unwrap();
        let mut progress = Progress::read(directory.path()).unwrap();
        assert_eq!(progress, Progress::default());
        assert_eq!(progress.begin(None, 100, None).unwrap(), 100);
        progress.loaded = true;
        progress.stations = 100;
        progress.played = 40;
        progress.write(directory.path()).unwrap();
        let mut again = Progress::read(directory.path()).unwrap();
        assert_eq!(again, progress);
        assert_eq!(again.begin(None, 50, None).unwrap(), 100);
        assert_eq!(again.begin(Some(200), 50, None).unwrap(), 200);
        assert!(again.begin(Some(99), 50, None).is_err());
        assert_eq!(again.played, 40);
    }

    #[test]
    fn real_rows_and_made_up_ones_are_not_mixed() {
        let mut made_up = Progress { loaded: true, ..Progress::default() };
        assert!(made_up.begin(None, 5, Some(Path::new("/data"))).is_err());
        let mut real = Progress::default();
        real.begin(None, 5, Some(Path::new("/data"))).unwrap();
        assert!(real.clone().begin(None, 5, None).is_err());
        assert!(real.clone().begin(None, 5, Some(Path::new("/other"))).is_err());
        assert!(real.begin(None, 5, Some(Path::new("/data"))).is_ok());
    }
}
