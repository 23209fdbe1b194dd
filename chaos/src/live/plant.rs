//! Faults planted into the nodes themselves, to see that the judges notice.
//!
//! Invariant: the program under test is the one that is shipped; a plant comes in from outside, by `LD_PRELOAD`.

use std::path::{Path, PathBuf};

use super::{Trouble, harness};
use crate::doctor::{run, write_file};

/// What is planted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Plant {
    /// Every flush claims success and does nothing.
    NoFlush,
    /// A machine in other hands: a flush waits as long as a file is there, as of a disk that hangs, and the clock is off by
    /// the seconds in another file. The environment names both.
    #[value(skip)]
    Machine,
}

/// Names the file whose presence makes flushes of a node wait.
pub(super) const HANG_VARIABLE: &str = "RAKIT_CHAOS_HANG";
/// Names the file whose eight bytes, the least first, are added to a node's clock.
pub(super) const CLOCK_VARIABLE: &str = "RAKIT_CHAOS_CLOCK";

// A process that waits here can be killed; one that waits for a frozen file system cannot.
const MACHINE: &str = "#define _GNU_SOURCE
#include <dlfcn.h>
#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static volatile unsigned long *ahead;
static int (*real)(clockid_t, struct timespec *);
__attribute__((constructor)) static void open_clock(void) {
    const char *name = getenv(\"RAKIT_CHAOS_CLOCK\");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *page = mmap(0, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) ahead = page;
    close(file);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, \"clock_gettime\");
    int result = real(clock, now);
    if (result == 0 && clock == CLOCK_REALTIME && ahead) now->tv_sec += (long)le64toh(*ahead);
    return result;
}
static void wait_while_hung(void) {
    const char *file = getenv(\"RAKIT_CHAOS_HANG\");
    while (file && access(file, F_OK) == 0) usleep(2000);
}
int fsync(int file) { wait_while_hung(); return (int)syscall(SYS_fsync, file); }
int fdatasync(int file) { wait_while_hung(); return (int)syscall(SYS_fdatasync, file); }
";

const NO_FLUSH: &str = "#define _GNU_SOURCE
#include <sys/types.h>
int fsync(int file) { (void)file; return 0; }
int fdatasync(int file) { (void)file; return 0; }
int syncfs(int file) { (void)file; return 0; }
void sync(void) {}
int sync_file_range(int file, off_t offset, off_t bytes, unsigned int flags) {
    (void)file; (void)offset; (void)bytes; (void)flags;
    return 0;
}
";

impl Plant {
    /// Compiles the library that plants it.
    pub(super) fn library(self, folder: &Path) -> Result<PathBuf, Trouble> {
        let text = match self {
            Self::NoFlush => NO_FLUSH,
            Self::Machine => MACHINE,
        };
        let (source, library) = (folder.join("plant.c"), folder.join("plant.so"));
        write_file(&source, text).map_err(harness)?;
        let (from, to) = (source.display().to_string(), library.display().to_string());
        run("cc", &["-shared", "-fPIC", "-o", &to, &from]).map_err(harness)?;
        Ok(library)
    }
}
