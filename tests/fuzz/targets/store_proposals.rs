//! Feeds `store::fuzzing::proposals`, which says what it reads and what it promises.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| store::fuzzing::proposals(data));
