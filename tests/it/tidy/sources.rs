//! Rules about single source files: length, opening doc comment, characters, words.

use super::{SourceFile, no_complaints, project_files};

const LINES_MAX: usize = 400;

/// Files above the limit and how long they may be. Only ever shorter: split the file, then delete its line.
const LONGER_FILES: &[(&str, usize)] = &[];

/// Rust files that hold typography for readers and therefore more than ASCII.
const TYPOGRAPHY: &[&str] = &[];

/// Extensions of what people write by hand.
const HAND_WRITTEN: &[&str] = &["rs", "html", "css", "js", "sh", "toml"];

fn rust_files() -> Vec<SourceFile> {
    project_files().into_iter().filter(|file| file.is("rs")).collect()
}

#[test]
fn files_stay_short() {
    let mut complaints = Vec::new();
    for file in project_files() {
        if !HAND_WRITTEN.iter().any(|extension| file.is(extension)) {
            continue;
        }
        let lines = file.text().map_or(0, |text| text.lines().count());
        let exception = LONGER_FILES.iter().find(|(path, _)| *path == file.path);
        let lines_max = exception.map_or(LINES_MAX, |(_, lines_max)| *lines_max);
        if lines > lines_max {
            complaints.push(format!("{}: {lines} lines, at most {lines_max}: split it", file.path));
        }
        if exception.is_some() && lines <= LINES_MAX {
            complaints.push(format!("{}: fits now; delete its line in LONGER_FILES", file.path));
        }
    }
    no_complaints("files answer one question each:", &complaints);
}

#[test]
fn modules_open_with_their_promise() {
    let complaints: Vec<String> = rust_files()
        .iter()
        .filter(|file| !file.text().is_some_and(|text| text.trim_start().starts_with("//!")))
        .map(|file| format!("{}: does not open with a `//!` comment", file.path))
        .collect();
    no_complaints("a reader learns first what a module promises:", &complaints);
}

#[test]
fn rust_is_ascii() {
    let mut complaints = Vec::new();
    for file in rust_files() {
        let foreign = file.text().and_then(|text| {
            text.lines().enumerate().find(|(_, line)| !line.is_ascii()).map(|(number, _)| number + 1)
        });
        match (foreign, TYPOGRAPHY.contains(&file.path.as_str())) {
            (Some(line), false) => complaints.push(format!("{}:{line}: not ASCII", file.path)),
            (None, true) => {
                complaints.push(format!("{}: is ASCII; delete its line in TYPOGRAPHY", file.path));
            }
            (Some(_), true) | (None, false) => {}
        }
    }
    no_complaints("what looks alike should be alike:", &complaints);
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here so that this file does not accuse itself.
    let words =
        [["FIX", "ME"], ["TO", "DO:"], ["TO", "DO("], ["X", "XX"], ["todo", "!("], ["unimplemented", "!("]]
            .map(|parts| parts.concat());
    let mut complaints = Vec::new();
    for file in project_files() {
        for (number, line) in file.text().unwrap_or_default().lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(word.as_str())) {
                complaints.push(format!("{}:{}: {word}", file.path, number + 1));
            }
        }
    }
    no_complaints("finish it or file an issue:", &complaints);
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let paths = [["/wo", "rk/"], ["/fa", "rm/"], ["/home", "/"], ["/Us", "ers/"]].map(|parts| parts.concat());
    let mut complaints = Vec::new();
    for file in project_files() {
        for (number, line) in file.text().unwrap_or_default().lines().enumerate() {
            if let Some(path) = paths.iter().find(|path| line.contains(path.as_str())) {
                complaints.push(format!("{}:{}: {path}", file.path, number + 1));
            }
        }
    }
    no_complaints("paths of one machine mean nothing on the next:", &complaints);
}

/// A word that only some files may use.
struct Reserved {
    word: &'static str,
    /// Path prefixes the ban covers.
    banned_in: &'static [&'static str],
    /// Files that are the one place for it.
    home: &'static [&'static str],
    why: &'static str,
}

const RESERVED: &[Reserved] = &[
    Reserved {
        word: "HashMap",
        banned_in: &["store/", "cluster/src/"],
        home: &[],
        why: "its order differs from node to node; use BTreeMap",
    },
    Reserved {
        word: "HashSet",
        banned_in: &["store/", "cluster/src/"],
        home: &[],
        why: "its order differs from node to node; use BTreeSet",
    },
    Reserved {
        word: "SystemTime::now",
        banned_in: &["api/src/", "chaos/src/", "cluster/src/", "node/src/", "store/"],
        home: &["cluster/src/clock.rs"],
        why: "wall time enters in one place",
    },
];

/// Whether a line is code, as far as a glance can tell.
fn is_code(line: &str) -> bool {
    !line.trim_start().starts_with("//")
}

#[test]
fn reserved_words_stay_at_home() {
    let mut complaints = Vec::new();
    for file in rust_files() {
        for reserved in RESERVED {
            let covered = reserved.banned_in.iter().any(|prefix| file.path.starts_with(prefix));
            if !covered || reserved.home.contains(&file.path.as_str()) {
                continue;
            }
            for (number, line) in file.text().unwrap_or_default().lines().enumerate() {
                if is_code(line) && line.contains(reserved.word) {
                    complaints.push(format!(
                        "{}:{}: {}: {}",
                        file.path,
                        number + 1,
                        reserved.word,
                        reserved.why
                    ));
                }
            }
        }
    }
    no_complaints("some words have one home:", &complaints);
}
