//! Documents and code tell the same story: links lead somewhere, every byte on disk has an address in
//! `docs/data-format.md`, every file with unsafe code is named in `ARCHITECTURE.md`.

use std::collections::BTreeSet;
use std::path::Path;

use super::{SourceFile, no_complaints, project_files};

fn text_of<'a>(files: &'a [SourceFile], path: &str) -> &'a str {
    files
        .iter()
        .find(|file| file.path == path)
        .unwrap_or_else(|| panic!("{path} is missing"))
        .text()
        .expect("documents are text")
}

/// Targets of `[text](target)` in a Markdown text, code blocks left out.
fn link_targets(markdown: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    let mut fenced = false;
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for piece in line.split("](").skip(1) {
            targets.extend(piece.split(')').next());
        }
    }
    targets
}

#[test]
fn links_lead_somewhere() {
    let files = project_files();
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.is("md")) {
        let folder = Path::new(&file.path).parent().unwrap_or_else(|| Path::new(""));
        for target in link_targets(file.text().unwrap_or_default()) {
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !super::root().join(folder).join(path).exists() {
                complaints.push(format!("{}: {target} does not exist", file.path));
            }
        }
    }
    no_complaints("a link is a promise:", &complaints);
}

/// The first bytes of keys as `store::keys` declares them, in its order: `10`, or `00 01` for those of two bytes.
///
/// Constants that only end or begin a range are no keys.
fn prefixes(source: &str) -> Vec<String> {
    source
        .lines()
        .map(|line| line.trim_start_matches("pub(crate) "))
        .filter_map(|line| line.strip_prefix("const ")?.split_once(": "))
        .filter(|(name, _)| !name.ends_with("_END") && !name.ends_with("_FIRST"))
        .filter_map(|(_, declaration)| {
            let value =
                declaration.strip_prefix("u8 = ").or_else(|| declaration.strip_prefix("[u8; 2] = "))?;
            let bytes = value.trim_matches(['[', ']', ';']).split(", ").map(|byte| byte.strip_prefix("0x"));
            Some(bytes.collect::<Option<Vec<&str>>>()?.join(" "))
        })
        .collect()
}

#[test]
fn every_prefix_on_disk_is_documented() {
    let files = project_files();
    let prefixes = prefixes(text_of(&files, "store/src/keys.rs"));
    assert!(prefixes.len() >= 15, "only {prefixes:?} found in store/src/keys.rs: has its form changed?");
    let document = text_of(&files, "docs/data-format.md");
    let mut complaints: Vec<String> = prefixes
        .iter()
        .filter(|prefix| !document.contains(&format!("| `{prefix}` |")))
        .map(|prefix| format!("{prefix}: not in docs/data-format.md"))
        .collect();
    complaints.extend(
        prefixes
            .windows(2)
            .filter(|pair| pair[0] >= pair[1])
            .map(|pair| format!("{} stands after {}: keep them in byte order", pair[1], pair[0])),
    );
    no_complaints("bytes on disk have one address:", &complaints);
}

#[test]
fn every_setting_is_documented() {
    let files = project_files();
    let source = text_of(&files, "node/src/settings/keys.rs");
    let keys: Vec<&str> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","))
        .filter(|key| key.contains('.'))
        .collect();
    assert!(keys.len() >= 15, "only {keys:?} found in settings/keys.rs: has its form changed?");
    let document = text_of(&files, "docs/reference/settings.md");
    let mut complaints: Vec<String> = keys
        .iter()
        .filter(|key| !document.contains(&format!("| `{key}` |")))
        .map(|key| format!("{key}: not in docs/reference/settings.md"))
        .collect();
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    complaints.extend(
        rows.filter(|row| !keys.contains(row)).map(|row| format!("{row}: documented, but no setting")),
    );
    no_complaints("settings and their reference are one list:", &complaints);
}

#[test]
fn every_metric_is_documented() {
    let files = project_files();
    let document = text_of(&files, "docs/reference/metrics.md");
    let mut names = BTreeSet::new();
    for file in files.iter().filter(|file| file.is("rs") && file.path.contains("/src/")) {
        let text = file.text().unwrap_or_default();
        let literals = text.split("\"rakit_").skip(1).filter_map(|rest| rest.split('"').next());
        let is_name = |literal: &&str| literal.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        names.extend(literals.filter(is_name));
    }
    assert!(names.len() >= 8, "only {names:?} found: are metrics named in another way now?");
    let complaints: Vec<String> = names
        .iter()
        .filter(|name| !document.contains(&format!("`rakit_{name}")))
        .map(|name| format!("rakit_{name}: not in docs/reference/metrics.md"))
        .collect();
    no_complaints("a metric that nobody explains is noise:", &complaints);
}

#[test]
fn unsafe_code_is_named_in_the_architecture() {
    let files = project_files();
    let architecture = text_of(&files, "ARCHITECTURE.md");
    // Put together here so that this file does not accuse itself.
    let forms = [["unsafe", " {"], ["unsafe", " fn"], ["unsafe", " impl"], ["unsafe", " extern"]]
        .map(|parts| parts.concat());
    let complaints: Vec<String> = files
        .iter()
        .filter(|file| file.is("rs"))
        .filter(|file| {
            file.text().is_some_and(|text| {
                text.lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .any(|line| forms.iter().any(|form| line.contains(form.as_str())))
            })
        })
        .filter(|file| !architecture.contains(&file.path))
        .map(|file| format!("{}: holds unsafe code that ARCHITECTURE.md does not name", file.path))
        .collect();
    no_complaints("unsafe code is rare and known:", &complaints);
}

#[test]
fn every_document_is_on_the_map() {
    let files = project_files();
    let map = text_of(&files, "docs/README.md");
    let complaints: Vec<String> = files
        .iter()
        .filter(|file| file.is("md"))
        .filter_map(|file| file.path.strip_prefix("docs/"))
        .filter(|path| *path != "README.md")
        .filter(|path| !map.contains(&format!("]({path})")))
        .map(|path| format!("docs/{path}: not on the map docs/README.md"))
        .collect();
    no_complaints("a document that cannot be found does not exist:", &complaints);
}
