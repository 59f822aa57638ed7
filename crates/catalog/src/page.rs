//! What a page of the catalogue is, and the list of all pages. A page holds text only: whether its finding
//! applies is decided elsewhere.

mod drip001;
mod drip003;
mod drip004;
mod drip005;
mod drip006;
mod drip007;
mod drip008;
mod drip009;
mod drip011;
mod drip020;
mod drip021;
mod drip022;
mod drip023;
mod drip024;
mod drip025;
mod drip026;
mod drip030;

use drip_model::{Category, Platform, Runtime, Severity};

/// Edits between a mistyped id and one worth suggesting.
const EDITS_MAX: usize = 2;
/// Suggestions for a mistyped id.
const SUGGESTIONS_MAX: usize = 3;

/// All there is to say about one kind of finding. In texts a line break separates items, and an item that
/// begins with `- ` belongs to a list; lines are wrapped when they are shown.
#[derive(Debug)]
pub struct Page {
    /// `DRIP001`, stable for ever.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// What is exhausted.
    pub category: Category,
    /// `CWE-401`, …; empty only where MITRE has nothing for it.
    pub cwe: &'static [&'static str],
    /// How its severity is found.
    pub severity: SeverityRule,
    /// What it is.
    pub what: &'static str,
    /// Why it is bad.
    pub why: &'static str,
    /// How Drip sees it, or that it does not yet.
    pub how_seen: &'static str,
    /// What to change.
    pub fix: Fix,
    /// What it means where the service runs.
    pub platform: OnPlatform,
}

/// What to change, by runtime. Each text stands alone.
#[derive(Debug)]
pub struct Fix {
    /// For every runtime that has no text of its own.
    pub general: &'static str,
    /// For Node.js.
    pub node: &'static str,
    /// For Python.
    pub python: &'static str,
    /// For Go.
    pub go: &'static str,
    /// For the JVM.
    pub java: &'static str,
}

impl Fix {
    /// The text for this runtime.
    pub const fn for_runtime(&self, runtime: Option<Runtime>) -> &'static str {
        match runtime {
            Some(Runtime::Node) => self.node,
            Some(Runtime::Python) => self.python,
            Some(Runtime::Go) => self.go,
            Some(Runtime::Jvm) => self.java,
            Some(Runtime::Ruby | Runtime::DotNet | Runtime::Php | Runtime::Native | Runtime::Unknown)
            | None => self.general,
        }
    }
}

/// What it means where the service runs. Each text stands alone.
#[derive(Debug)]
pub struct OnPlatform {
    /// On a Droplet or any other virtual machine.
    pub droplet: &'static str,
    /// On App Platform.
    pub app_platform: &'static str,
    /// On Functions.
    pub functions: &'static str,
    /// On Kubernetes.
    pub kubernetes: &'static str,
}

impl OnPlatform {
    /// The text for this platform.
    pub const fn on(&self, platform: Platform) -> &'static str {
        match platform {
            Platform::Droplet => self.droplet,
            Platform::AppPlatform => self.app_platform,
            Platform::Functions => self.functions,
            Platform::Kubernetes => self.kubernetes,
        }
    }
}

/// How the severity of a finding is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeverityRule {
    /// By the time until memory reaches its limit.
    ByTimeToLimit,
    /// Always the same.
    Fixed(Severity),
    /// By a rule of its own.
    Range {
        /// The least.
        low: Severity,
        /// The most.
        high: Severity,
        /// What decides, in a sentence fragment.
        rule: &'static str,
    },
}

/// Every page, in reading order.
pub static PAGES: &[&Page] = &[
    &drip001::PAGE,
    &drip003::PAGE,
    &drip004::PAGE,
    &drip005::PAGE,
    &drip006::PAGE,
    &drip007::PAGE,
    &drip008::PAGE,
    &drip009::PAGE,
    &drip011::PAGE,
    &drip020::PAGE,
    &drip021::PAGE,
    &drip022::PAGE,
    &drip023::PAGE,
    &drip024::PAGE,
    &drip025::PAGE,
    &drip026::PAGE,
    &drip030::PAGE,
];

/// The page of an id, in whatever case it is typed.
pub fn page(id: &str) -> Option<&'static Page> {
    PAGES.iter().copied().find(|page| page.id.eq_ignore_ascii_case(id))
}

/// Ids that somebody may have meant, the closest first; all ids when nothing is close.
pub fn nearest(id: &str) -> Vec<&'static str> {
    let typed = id.to_ascii_uppercase();
    let mut close: Vec<(usize, &'static str)> = PAGES
        .iter()
        .map(|page| (edits(&typed, page.id), page.id))
        .filter(|(distance, _)| *distance <= EDITS_MAX)
        .collect();
    if close.is_empty() {
        return PAGES.iter().map(|page| page.id).collect();
    }
    close.sort_unstable();
    close.into_iter().take(SUGGESTIONS_MAX).map(|(_, id)| id).collect()
}

/// Levenshtein's distance, one row at a time.
fn edits(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (done, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = done + 1;
        for (index, b) in right.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[index + 1];
            row[index + 1] = replaced.min(diagonal + 1).min(row[index] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cwe_title;

    fn texts(page: &Page) -> [&'static str; 13] {
        let (fix, on) = (&page.fix, &page.platform);
        [
            page.title,
            page.what,
            page.why,
            page.how_seen,
            fix.general,
            fix.node,
            fix.python,
            fix.go,
            fix.java,
            on.droplet,
            on.app_platform,
            on.functions,
            on.kubernetes,
        ]
    }

    #[test]
    fn ids_are_unique_and_ascending() {
        assert!(PAGES.is_sorted_by(|a, b| a.id < b.id));
        let formed =
            |id: &str| id.strip_prefix("DRIP").is_some_and(|n| n.len() == 3 && n.parse::<u16>().is_ok());
        assert!(PAGES.iter().all(|page| formed(page.id)));
    }

    #[test]
    fn every_text_of_every_page_is_there() {
        for page in PAGES {
            for text in texts(page) {
                assert!(text.len() > 10 && text.trim() == text, "{}: {text:?}", page.id);
                // A line continuation that swallowed or doubled a space.
                assert!(!text.contains("  ") && !text.contains("\n\n"), "{}: {text:?}", page.id);
                assert!(text == page.title || text.ends_with(['.', ':']), "{}: {text:?}", page.id);
            }
        }
    }

    #[test]
    fn every_weakness_has_a_title() {
        for page in PAGES {
            assert_eq!(page.cwe.is_empty(), page.id == "DRIP005", "{}", page.id);
            assert!(page.cwe.iter().all(|cwe| cwe_title(cwe).is_some()), "{}", page.id);
        }
    }

    #[test]
    fn a_range_of_severities_rises() {
        for page in PAGES {
            if let SeverityRule::Range { low, high, rule } = page.severity {
                assert!(low < high && !rule.is_empty(), "{}", page.id);
            }
        }
    }

    /// What engineers get wrong about their platform, and must therefore find on the page of a leak.
    #[test]
    fn the_page_of_a_leak_tells_the_truth_about_platforms() {
        let on = &drip001::PAGE.platform;
        let told = [
            (on.droplet, "v1/insights/droplet/memory_utilization_percent"),
            (on.droplet, "5m, 10m, 30m and 1h"),
            (on.droplet, "OOM killer"),
            (on.app_platform, "no memory metric"),
            (on.app_platform, "apps-d-"),
            (on.app_platform, "MEM_UTILIZATION"),
            (on.app_platform, "RESTART_COUNT"),
            (on.app_platform, "259 MiB"),
            (on.functions, "128 MB to 1 GB"),
            (on.functions, "no memory metric"),
            (on.kubernetes, "the kubelet restarts the container in place"),
            (on.kubernetes, "unschedulable"),
        ];
        for (text, truth) in told {
            assert!(text.contains(truth), "{truth:?} is not in {text:?}");
        }
    }

    #[test]
    fn no_page_names_a_product_that_does_not_exist() {
        for page in PAGES {
            assert!(texts(page).iter().all(|text| !text.contains("Managed Prometheus")), "{}", page.id);
        }
    }

    #[test]
    fn a_page_is_found_in_any_case_and_nothing_else_is() {
        assert_eq!(page("drip001").map(|page| page.id), Some("DRIP001"));
        assert!(page("DRIP002").is_none());
        assert!(page("").is_none());
    }

    #[test]
    fn a_mistyped_id_gets_the_closest_ones() {
        assert_eq!(nearest("drip0011")[0], "DRIP001");
        assert_eq!(nearest("DIRP030")[0], "DRIP030");
        assert_eq!(nearest("DRIP002").len(), SUGGESTIONS_MAX);
        assert_eq!(nearest("what is a leak").len(), PAGES.len());
    }

    #[test]
    fn a_runtime_without_a_text_of_its_own_gets_the_general_one() {
        let fix = &drip001::PAGE.fix;
        assert_eq!(fix.for_runtime(Some(Runtime::Jvm)), fix.java);
        assert_eq!(fix.for_runtime(Some(Runtime::Ruby)), fix.general);
        assert_eq!(fix.for_runtime(None), fix.general);
    }
}
