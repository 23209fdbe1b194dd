//! Feeds `cluster::fuzzing::streams`, which says what it reads and what it promises.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cluster::fuzzing::streams(data));
