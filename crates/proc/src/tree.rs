//! Which processes descend from which, by the parent that each one names.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::process::is_dead;

/// How often `/proc` is read again when processes changed their parent during the scan.
const SCANS_MAX: usize = 3;

/// One process as a scan saw it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    parent: u32,
    dead: bool,
    threads: u64,
}

type Table = BTreeMap<u32, Entry>;

/// Some processes and their children, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Family {
    /// The living ones, children included.
    pub(crate) living: u64,
    /// Threads of those that were asked about.
    pub(crate) threads: u64,
    /// Children that ended and were not waited for.
    pub(crate) zombies: u64,
}

/// Counts these processes and their children, by one look at the process table.
pub(crate) fn family(pids: &[u32]) -> Family {
    count(&scan(), &pids.iter().copied().collect())
}

fn count(table: &Table, asked: &BTreeSet<u32>) -> Family {
    let mut family = Family::default();
    for (pid, entry) in table {
        let (is_asked, is_child) = (asked.contains(pid), asked.contains(&entry.parent));
        family.living += u64::from((is_asked || is_child) && !entry.dead);
        family.zombies += u64::from(is_child && entry.dead);
        family.threads += if is_asked && !entry.dead { entry.threads } else { 0 };
    }
    family
}

/// All living processes whose chain of parents leads to `root`, without `root` itself.
pub fn descendants(root: u32) -> Vec<u32> {
    below(&scan(), root)
}

/// `root` and all living processes whose chain of parents leads to it.
pub fn with_descendants(root: u32) -> Vec<u32> {
    let table = scan();
    let itself = table.get(&root).filter(|entry| !entry.dead).map(|_| root);
    itself.into_iter().chain(below(&table, root)).collect()
}

/// The living processes whose parent is `root`.
pub fn children(root: u32) -> Vec<u32> {
    let living = |(pid, entry): (&u32, &Entry)| (entry.parent == root && !entry.dead).then_some(*pid);
    scan().iter().filter_map(living).collect()
}

/// Reading `/proc` takes a while: when a parent ends meanwhile, its children, read before, name a parent that is
/// not there. Then the chain is torn, and everything below would be missed; so read again.
fn scan() -> Table {
    let mut table = scan_once();
    for _ in 1..SCANS_MAX {
        if !is_torn(&table) {
            break;
        }
        table = scan_once();
    }
    table
}

fn scan_once() -> Table {
    let Ok(processes) = procfs::process::all_processes() else { return Table::new() };
    processes
        .filter_map(|process| {
            let stat = process.ok()?.stat().ok()?;
            let parent = u32::try_from(stat.ppid).ok()?;
            let threads = u64::try_from(stat.num_threads).unwrap_or(0);
            Some((u32::try_from(stat.pid).ok()?, Entry { parent, dead: is_dead(&stat), threads }))
        })
        .collect()
}

fn is_torn(table: &Table) -> bool {
    table.values().any(|entry| entry.parent != 0 && !table.contains_key(&entry.parent))
}

fn below(table: &Table, root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for (pid, entry) in table {
        children.entry(entry.parent).or_default().push(*pid);
    }
    let mut found = Vec::new();
    let mut queue = VecDeque::from([root]);
    while let Some(parent) = queue.pop_front() {
        // Taken out, so that even a table with a circle in it comes to an end.
        for pid in children.remove(&parent).unwrap_or_default() {
            queue.push_back(pid);
            if table.get(&pid).is_some_and(|entry| !entry.dead) {
                found.push(pid);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::testing::{Child, eventually};

    fn table(entries: &[(u32, u32, bool)]) -> Table {
        entries.iter().map(|&(pid, parent, dead)| (pid, Entry { parent, dead, threads: 2 })).collect()
    }

    fn check(root: u32, expected: &[u32]) {
        // 10 is a dead process between 2 and nobody; 20 hangs below 10 only through a living chain.
        let table = table(&[
            (1, 0, false),
            (2, 1, false),
            (3, 2, false),
            (4, 3, false),
            (5, 1, false),
            (10, 2, true),
        ]);
        assert_eq!(below(&table, root), expected, "below {root}");
    }

    #[test]
    fn descendants_are_living_and_below() {
        check(1, &[2, 5, 3, 4]);
        check(2, &[3, 4]);
        check(4, &[]);
        check(99, &[]);
    }

    #[test]
    fn a_family_is_those_asked_about_and_their_children() {
        let table =
            table(&[(1, 0, false), (2, 1, false), (3, 2, false), (4, 3, false), (5, 2, true), (6, 1, true)]);
        let check = |asked: &[u32], living, threads, zombies| {
            let found = count(&table, &asked.iter().copied().collect());
            assert_eq!(found, Family { living, threads, zombies }, "{asked:?}");
        };
        check(&[2], 2, 2, 1);
        check(&[2, 3, 4], 3, 6, 1);
        check(&[5], 0, 0, 0);
        check(&[99], 0, 0, 0);
    }

    #[test]
    fn a_circle_in_the_table_comes_to_an_end() {
        assert_eq!(below(&table(&[(7, 8, false), (8, 7, false)]), 7), [8, 7]);
    }

    #[test]
    fn a_table_with_a_missing_parent_is_torn() {
        assert!(is_torn(&table(&[(1, 0, false), (3, 2, false)])));
        assert!(!is_torn(&table(&[(1, 0, false), (2, 1, false)])));
    }

    #[test]
    fn grandchildren_are_found_and_the_dead_are_not() {
        let script = "sleep 60 & sh -c 'sleep 60 & echo ready; wait' & wait";
        let mut child = Child::spawn(Command::new("sh").args(["-c", script]).stdout(Stdio::piped()));
        child.wait_for_line("ready");
        let pid = child.pid();
        eventually("three processes below the shell", || descendants(pid).len() == 3);
        let all = with_descendants(pid);
        assert_eq!(all.len(), 4);
        assert!(all.contains(&pid));
        assert_eq!(children(pid).len(), 2);
        assert!(with_descendants(std::process::id()).contains(&pid));
        child.kill_tree();
        eventually("nothing is left below", || with_descendants(pid).is_empty());
    }
}
