//! The findings as a table for people and as JSON for tests that must know what to skip.

use serde::Serialize;

/// What was found out about one fault.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The fault.
    pub fault: &'static str,
    /// What a test does with it.
    pub purpose: &'static str,
    /// Whether it works here.
    pub available: bool,
    /// What was seen when it worked, or why it did not.
    pub detail: String,
}

/// All findings, in a fixed order.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// One for each fault.
    pub findings: Vec<Finding>,
}

impl Report {
    /// One JSON object, with a newline at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// A table of plain text and a closing count.
    #[must_use]
    pub fn to_table(&self) -> String {
        let width = self.findings.iter().map(|finding| finding.fault.len()).max().unwrap_or_default();
        let mut lines: Vec<String> = self
            .findings
            .iter()
            .map(|finding| {
                let verdict = if finding.available { "available" } else { "MISSING" };
                format!("{verdict:9}  {:width$}  {}\n", finding.fault, finding.detail)
            })
            .collect();
        let available = self.findings.iter().filter(|finding| finding.available).count();
        let missing = self.findings.len().saturating_sub(available);
        lines.push(format!("{available} available, {missing} missing\n"));
        lines.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, Report};

    #[test]
    fn a_missing_fault_is_loud_in_both_forms() {
        let finding = |fault, available| Finding { fault, purpose: "p", available, detail: "why".to_owned() };
        let report = Report { findings: vec![finding("stop", true), finding("netem", false)] };
        let table = report.to_table();
        assert!(table.contains("MISSING    netem  why"), "{table}");
        assert!(table.ends_with("1 available, 1 missing\n"), "{table}");
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(json["findings"][1]["available"], false);
    }
}
