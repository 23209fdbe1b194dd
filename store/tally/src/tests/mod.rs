//! Scenarios and properties over the model. After every command the state is checked as a whole.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test that overflows or meets another variant fails, as it should"
)]

mod accounts;
mod complaints;
mod forms;
mod life;
mod master_data;
mod properties;
mod refusals;
mod requests;
mod rights;
pub(crate) mod sample;
mod sessions;
mod strategies;
mod world;
