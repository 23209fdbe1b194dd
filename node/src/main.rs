//! The `rakit` command.

/// Returns freed memory to the system in the background, and does not fragment under RocksDB's arenas.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    node::run()
}
