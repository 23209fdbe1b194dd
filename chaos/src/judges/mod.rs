//! The promises, one file each: what was seen goes in, a complaint or nothing comes out.
//!
//! Invariant: a judge knows neither nodes nor clocks, only what it is told, so that a simulation and a cluster of
//! processes are judged by the same rules. What it could not decide it says; it never takes that for kept.

pub mod acknowledged;
pub mod age;
pub mod agreement;
pub mod audit;
pub mod codes;
pub mod equality;
pub mod events;
pub mod exactly_once;
pub mod feed;
pub mod files;
pub mod level;
pub mod linearizability;
pub mod liveness;
pub mod memory;
pub mod pages;
pub mod photos;
pub mod readings;
pub mod revocation;
pub mod search;
pub mod session;
pub mod sirekap;
pub mod sums;
pub mod survivor;
pub mod walks;
pub mod words;

/// What a judge says against the cluster, in one line.
pub type Complaint = String;

/// Every judge, by its file, and what it judges.
pub const ALL: [(&str, &str); 25] = [
    ("linearizability", "P3: writes and linearizable reads of a station have an order that time allows"),
    ("acknowledged", "P1: what was acknowledged is on every node"),
    ("exactly_once", "P2: a request has one effect, whatever was asked again"),
    ("session", "P4: with `min_index` nobody goes back in time and everybody sees their own writes"),
    ("age", "P4: an answer is never older than it says"),
    ("sums", "P5: a region is the sum of its children, down to the stations"),
    ("equality", "P6: one index, one state"),
    ("agreement", "one leader a term, one log, nothing committed changes, a leader has all of it"),
    ("level", "the level and log time never go back"),
    ("feed", "the change feed tells every change once, in the order of the log"),
    ("pages", "one version of a region has one set of numbers, on pages and in data"),
    ("events", "events never go back, at whatever node, and each has the numbers of its index"),
    ("search", "what exists is found first by its name, its code and, of stations, its number"),
    ("files", "a file of results is whole and of one index of the log"),
    ("walks", "a walk from page to page meets every form that is there throughout, and none twice"),
    ("sirekap", "the files that Sirekap had add up and have numbers that the count came to"),
    ("survivor", "a node that is left alone answers its readers and says how old it is"),
    ("photos", "a photo that a form names is at every node, and what was refused is nowhere"),
    ("revocation", "a token serves at every node until its session ends, and writes nothing afterwards"),
    ("codes", "a one-time code opens sessions for one attempt, which may ask again, and for nobody else"),
    (
        "readings",
        "second readings and certification: who may does, what was done is there, states follow from it",
    ),
    ("audit", "what was done to accounts and sessions has its line in the audit log, once and in order"),
    ("memory", "a node's memory is bounded"),
    ("words", "nothing panics, and no error is told without a cause"),
    ("liveness", "P10: once all is well again, there is a leader and everybody catches up"),
];
