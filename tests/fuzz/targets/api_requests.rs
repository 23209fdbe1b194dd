//! Feeds the routers of a small country, the same that the contract tests ask; `kept` says what is promised.
#![no_main]
#![allow(dead_code, reason = "the contract tests use all of their country, this target a part of it")]

#[path = "../../../api/tests/contract/backup.rs"]
mod backup;
#[path = "../../../api/tests/contract/kept.rs"]
mod kept;
#[path = "../../../api/tests/contract/node.rs"]
mod node;
#[path = "../../../api/tests/contract/photos.rs"]
mod photos;
#[path = "../../../api/tests/contract/view.rs"]
mod view;
#[path = "../../../api/tests/contract/world.rs"]
mod world;

libfuzzer_sys::fuzz_target!(|data: &[u8]| kept::requests(data));
