//! Disks that are full, that fail, and that lose what was not flushed: tmpfs and loop devices of our own.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::command::{finish, run};
use super::{Probe, Scratch, Verdict, shutdown};

pub(super) const PROBES: &[Probe] = &[
    Probe { fault: "tmpfs full", purpose: "no space left", run: full },
    Probe { fault: "loop ext4 power loss", purpose: "unflushed writes vanish", run: power_loss },
    Probe { fault: "loop ext4 write error", purpose: "flush answers an error", run: write_error },
    Probe { fault: "LD_PRELOAD shim", purpose: "one system call fails or lies", run: preload },
    Probe { fault: "FUSE", purpose: "a file system of our own", run: fuse },
    Probe { fault: "fsfreeze", purpose: "a disk that hangs (looked for, never run)", run: freeze },
    Probe { fault: "device mapper", purpose: "flaky and delaying block devices", run: device_mapper },
];

const BLOCK: usize = 64 * 1024;

/// A mounted file system, unmounted when this goes.
pub(crate) struct Mount(PathBuf);

impl Mount {
    fn new(target: PathBuf, arguments: &[&str]) -> Result<Self, String> {
        let shown = target.display().to_string();
        let mut all = arguments.to_vec();
        all.push(&shown);
        run("mount", &all)?;
        Ok(Self(target))
    }

    /// A fresh ext4 in a file at `image`, mounted through a loop device.
    pub(crate) fn ext4(image: &Path, size_bytes: u64, target: PathBuf) -> Result<Self, String> {
        let shown = image.display().to_string();
        File::create(image)
            .and_then(|file| file.set_len(size_bytes))
            .map_err(|error| format!("{shown}: {error}"))?;
        run("mkfs.ext4", &["-q", "-F", &shown])?;
        Self::again(image, target)
    }

    /// An ext4 that was made before.
    pub(crate) fn again(image: &Path, target: PathBuf) -> Result<Self, String> {
        Self::new(target, &["-o", "loop", &image.display().to_string()])
    }

    /// Unmounts it for good: nothing may be open there, and its loop device is free on return.
    pub(crate) fn end(self) -> Result<(), String> {
        let target = self.0.display().to_string();
        // The lazy one of the drop would let the old mount live beside a new one of the same image.
        std::mem::forget(self);
        run("umount", &[&target]).map(drop)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily, so that a busy or broken file system goes too.
        drop(run("umount", &["-l", &self.0.display().to_string()]));
    }
}

fn io_error(error: &io::Error) -> String {
    error.to_string()
}

/// Writes until the device refuses or `blocks` are written; the refusal if there was one.
fn fill(path: &Path, blocks: usize, flush: bool) -> Result<Option<io::Error>, String> {
    let mut file = File::create(path).map_err(|error| io_error(&error))?;
    let block = vec![0x5a; BLOCK];
    for _ in 0..blocks {
        if let Err(error) = file.write_all(&block) {
            return Ok(Some(error));
        }
    }
    Ok(if flush { file.sync_all().err() } else { None })
}

fn full(scratch: &Scratch) -> Verdict {
    let mount = Mount::new(scratch.folder("full")?, &["-t", "tmpfs", "-o", "size=256k", "tmpfs"])?;
    match fill(&mount.0.join("file"), 8, false)? {
        Some(error) if error.kind() == io::ErrorKind::StorageFull => Ok(format!("write refused: {error}")),
        Some(error) => Err(format!("another error: {error}")),
        None => Err("512 KiB fit into 256".to_owned()),
    }
}

fn power_loss(scratch: &Scratch) -> Verdict {
    let image = scratch.path("power.img");
    let target = scratch.folder("power")?;
    let mount = Mount::ext4(&image, 16 * 1024 * 1024, target.clone())?;
    let kept = mount.0.join("kept");
    let lost = mount.0.join("lost");
    let mut file = File::create(&kept).map_err(|error| io_error(&error))?;
    file.write_all(b"flushed").and_then(|()| file.sync_all()).map_err(|error| io_error(&error))?;
    let folder = File::open(&mount.0).map_err(|error| io_error(&error))?;
    folder.sync_all().map_err(|error| io_error(&error))?;
    fill(&lost, 1, false)?;
    shutdown::without_flush(&folder).map_err(|error| format!("shutdown: {error}"))?;
    drop((file, folder, mount));
    let again = Mount::again(&image, target)?;
    let (kept, lost) = (again.0.join("kept").exists(), again.0.join("lost").exists());
    match (kept, lost) {
        (true, false) => Ok("flushed file kept, unflushed file gone".to_owned()),
        (kept, lost) => Err(format!("flushed file kept: {kept}, unflushed file still there: {lost}")),
    }
}

fn write_error(scratch: &Scratch) -> Verdict {
    // The image promises more than the memory below it holds.
    let small = Mount::new(scratch.folder("small")?, &["-t", "tmpfs", "-o", "size=6m", "tmpfs"])?;
    let mount = Mount::ext4(&small.0.join("error.img"), 32 * 1024 * 1024, scratch.folder("error")?)?;
    match fill(&mount.0.join("file"), 256, true)? {
        Some(error) => Ok(format!("flush answered: {error}")),
        None => Err("16 MiB were flushed to a device of 6".to_owned()),
    }
}

fn preload(scratch: &Scratch) -> Verdict {
    let source = scratch.path("shim.c");
    let library = scratch.path("shim.so");
    let text = "#include <errno.h>\nint fsync(int file) { (void)file; errno = EIO; return -1; }\n";
    File::create(&source)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| io_error(&error))?;
    run("cc", &["-shared", "-fPIC", "-o", &library.display().to_string(), &source.display().to_string()])?;
    let mut copy = Command::new("dd");
    copy.args(["if=/dev/zero", "bs=1", "count=1", "conv=fsync", "status=none"])
        .arg(format!("of={}", scratch.path("copy").display()))
        .env("LC_ALL", "C")
        .env("LD_PRELOAD", &library);
    match finish(&mut copy)? {
        (false, printed) if printed.contains("Input/output error") => {
            Ok("fsync of a child answered EIO".to_owned())
        }
        (success, printed) => Err(format!("child succeeded: {success}; {}", printed.trim())),
    }
}

fn fuse(_scratch: &Scratch) -> Verdict {
    File::options()
        .read(true)
        .write(true)
        .open("/dev/fuse")
        .map_err(|error| format!("/dev/fuse: {error}"))?;
    match run("fusermount3", &["--version"]) {
        Ok(version) => Ok(version.trim().to_owned()),
        Err(_) => Ok("device opens; fusermount3 is not installed, so root only".to_owned()),
    }
}

fn freeze(_scratch: &Scratch) -> Verdict {
    // Frozen writers cannot even be killed: nothing is tried here.
    run("fsfreeze", &["--version"]).map(|version| version.trim().to_owned())
}

fn device_mapper(_scratch: &Scratch) -> Verdict {
    let misc = std::fs::read_to_string("/proc/misc").map_err(|error| io_error(&error))?;
    if misc.contains("device-mapper") {
        Ok("driver present".to_owned())
    } else {
        Err("no driver in this kernel".to_owned())
    }
}
