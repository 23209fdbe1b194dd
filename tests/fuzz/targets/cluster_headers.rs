//! Feeds `cluster::fuzzing::headers`, which says what it reads and what it promises.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cluster::fuzzing::headers(data));
