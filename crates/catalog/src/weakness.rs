//! Names of weaknesses as MITRE and OWASP publish them. Only ids that a page uses or may soon use.

/// Every finding is a case of this entry of the OWASP API Security Top 10.
pub const OWASP: &str = "API4:2023 Unrestricted Resource Consumption";

/// MITRE's titles, by number.
const CWE_TITLES: &[(&str, &str)] = &[
    ("CWE-200", "Exposure of Sensitive Information to an Unauthorized Actor"),
    ("CWE-400", "Uncontrolled Resource Consumption"),
    ("CWE-401", "Missing Release of Memory after Effective Lifetime"),
    ("CWE-409", "Improper Handling of Highly Compressed Data (Data Amplification)"),
    ("CWE-497", "Exposure of Sensitive System Information to an Unauthorized Control Sphere"),
    ("CWE-674", "Uncontrolled Recursion"),
    ("CWE-770", "Allocation of Resources Without Limits or Throttling"),
    ("CWE-772", "Missing Release of Resource after Effective Lifetime"),
    ("CWE-774", "Allocation of File Descriptors or Handles Without Limits or Throttling"),
    ("CWE-775", "Missing Release of File Descriptor or Handle after Effective Lifetime"),
    ("CWE-789", "Memory Allocation with Excessive Size Value"),
    ("CWE-799", "Improper Control of Interaction Frequency"),
    ("CWE-1088", "Synchronous Access of Remote Resource without Timeout"),
];

/// The title of `CWE-401`, …; `None` for an id that no page uses.
pub fn cwe_title(id: &str) -> Option<&'static str> {
    CWE_TITLES.iter().find(|(known, _)| *known == id).map(|(_, title)| *title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_found_by_its_full_id_only() {
        assert_eq!(cwe_title("CWE-401"), Some("Missing Release of Memory after Effective Lifetime"));
        assert_eq!(cwe_title("401"), None);
        assert_eq!(cwe_title("CWE-40"), None);
    }
}
