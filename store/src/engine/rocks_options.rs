//! Every `RocksDB` option that is set, with its reason. What is not named here is the library's default.

use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, DBCompressionType, DBRecoveryMode, LogLevel, Options,
    WriteBufferManager,
};

/// Block cache of both databases, write buffers of the state included, in bytes: one node with all 820,161
/// stations stays below 512 MiB.
const CACHE_BYTES: usize = 160 * 1024 * 1024;
/// Write buffers of the state at most, in bytes.
const STATE_BUFFERS_BYTES: usize = 64 * 1024 * 1024;
/// One write buffer of the state, in bytes; the cluster layer asks for a flush at about that size anyway.
const STATE_BUFFER_BYTES: usize = 32 * 1024 * 1024;
/// One write buffer of the log, in bytes.
const LOG_BUFFER_BYTES: usize = 16 * 1024 * 1024;
/// Write buffers of the log at most: room for 30 s of writes while the disk hangs, instead of a stall.
const LOG_BUFFERS: i32 = 8;
/// Information logs of the library, in bytes each; two are kept.
const INFO_LOG_BYTES: usize = 1024 * 1024;

/// What the databases of a node share.
#[derive(Clone)]
pub(super) struct Shared {
    cache: Cache,
    state_buffers: WriteBufferManager,
}

impl Shared {
    pub(super) fn new() -> Self {
        let cache = Cache::new_lru_cache(CACHE_BYTES);
        // Charged to the cache, so that the sum has one limit. Stalls are off: admission is the cluster's task.
        let state_buffers = WriteBufferManager::new_write_buffer_manager_with_cache(
            STATE_BUFFERS_BYTES,
            false,
            cache.clone(),
        );
        Self { cache, state_buffers }
    }
}

fn table(shared: &Shared) -> BlockBasedOptions {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&shared.cache);
    // Frozen by feature level 1: any release of that level reads format 5 and these filters.
    table.set_format_version(5);
    // Most reads of a decision are for rows that are not there yet (first form, fresh key): ten bits a key
    // answer 99 % of them from memory.
    table.set_bloom_filter(10.0, false);
    table.set_block_size(8 * 1024);
    // A whole filter of a large file is megabytes, and decisions read all over the country: once filters do not
    // fit the cache, each read would load one whole. In parts of four KiB a read loads only the part it asks.
    table.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    table.set_partition_filters(true);
    table.set_metadata_block_size(4 * 1024);
    table.set_pin_top_level_index_and_filter(true);
    // Without this, indexes and filters of 820,161 stations live outside any limit.
    table.set_cache_index_and_filter_blocks(true);
    table.set_cache_index_and_filter_blocks_with_high_priority(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table
}

fn common(create: bool) -> Options {
    let mut options = Options::default();
    options.create_if_missing(create);
    options.set_error_if_exists(create);
    // A damaged block is an error, never a missing row.
    options.set_paranoid_checks(true);
    options.set_log_level(LogLevel::Warn);
    options.set_max_log_file_size(INFO_LOG_BYTES);
    options.set_keep_log_file_num(2);
    // Statistics of the library are not read by anyone; dumping them costs a wake-up each ten minutes.
    options.set_stats_dump_period_sec(0);
    // One flush and one compaction thread: two cores are shared with everything else.
    options.set_max_background_jobs(2);
    options
}

/// Options of the log database.
pub(super) fn log(shared: &Shared, create: bool) -> Options {
    let mut options = common(create);
    options.set_block_based_table_factory(&table(shared));
    // `write` fills a buffer without a system call; the sync thread calls `flush_wal(true)`: group commit.
    options.set_manual_wal_flush(true);
    // The default, point in time, silently drops acknowledged entries behind a damaged one. This mode refuses
    // to open instead, and accepts a torn tail, which the SYNCED mark then judges.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    // Wanted by that recovery mode.
    options.set_recycle_log_file_num(0);
    options.set_wal_bytes_per_sync(0);
    // The log never stalls: own buffers (not the state's), no stop at any number of files or bytes.
    options.set_write_buffer_size(LOG_BUFFER_BYTES);
    options.set_max_write_buffer_number(LOG_BUFFERS);
    options.set_level_zero_slowdown_writes_trigger(i32::MAX);
    options.set_level_zero_stop_writes_trigger(i32::MAX);
    options.set_soft_pending_compaction_bytes_limit(0);
    options.set_hard_pending_compaction_bytes_limit(0);
    // Entries are mostly read from memory and live for minutes: compressing them costs more than it saves.
    options.set_compression_type(DBCompressionType::None);
    options
}

/// Options of the state database.
pub(super) fn state(shared: &Shared, create: bool) -> Options {
    let mut options = common(create);
    options.set_block_based_table_factory(&table(shared));
    // Written without a write-ahead log: the Raft log is one. A flush must then be all or nothing.
    options.set_atomic_flush(true);
    options.set_write_buffer_manager(&shared.state_buffers);
    options.set_write_buffer_size(STATE_BUFFER_BYTES);
    options.set_max_write_buffer_number(4);
    // Replay after a crash is bounded by flushing often, so small files come often: compact at eight.
    options.set_level_zero_file_num_compaction_trigger(8);
    options.set_level_zero_slowdown_writes_trigger(40);
    options.set_level_zero_stop_writes_trigger(80);
    options.set_level_compaction_dynamic_level_bytes(true);
    // Fast enough not to be seen in a profile of apply; halves the state.
    options.set_compression_type(DBCompressionType::Lz4);
    // Rows of a decision that are not there yet are looked for in the memtable first.
    options.set_memtable_whole_key_filtering(true);
    options.set_memtable_prefix_bloom_ratio(0.02);
    options
}
