//! What the cgroups around a process limit, and how often the kernel killed in one for want of memory.

use std::fs;
use std::path::{Path, PathBuf};

use procfs::ProcessCGroup;
use procfs::process::{MountInfo, Process};

use crate::memory::memory_total;
use crate::process::open;

/// A memory limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// In bytes.
    pub bytes: u64,
    /// Which one, in words.
    pub what: String,
}

/// Where the kernel counts the processes that it killed in a cgroup because memory ran out. It can be read
/// after the process died, as long as the cgroup is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OomCounter {
    path: PathBuf,
}

impl OomCounter {
    /// Processes killed until now; `None` when the cgroup is gone or the kernel does not count.
    pub fn read(&self) -> Option<u64> {
        let text = fs::read_to_string(&self.path).ok()?;
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
    }
}

/// What a cgroup limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Memory; the kernel kills a process when it cannot be kept.
    Memory,
    /// Memory; beyond it the kernel slows the processes down.
    MemoryHigh,
    /// Processes and threads together; no more can be started.
    Tasks,
}

/// A limit of one cgroup on the way from a process to the root, and what all processes in it use of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupLimit {
    pub(crate) bound: Bound,
    /// In bytes, or tasks.
    pub(crate) most: u64,
    pub(crate) used: u64,
    pub(crate) what: String,
}

/// The two versions of the interface, which name their files differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    /// The file of a limit. Version 1 has a soft limit too, but it slows nobody down: it only says whose memory is
    /// taken first when the machine has none left.
    const fn limit_file(self, bound: Bound) -> Option<&'static str> {
        match (bound, self) {
            (Bound::Memory, Self::One) => Some("memory.limit_in_bytes"),
            (Bound::Memory, Self::Two) => Some("memory.max"),
            (Bound::MemoryHigh, Self::One) => None,
            (Bound::MemoryHigh, Self::Two) => Some("memory.high"),
            (Bound::Tasks, _) => Some("pids.max"),
        }
    }

    const fn usage_file(self, bound: Bound) -> &'static str {
        match (bound, self) {
            (Bound::Tasks, _) => "pids.current",
            (_, Self::One) => "memory.usage_in_bytes",
            (_, Self::Two) => "memory.current",
        }
    }

    /// What `memory.stat` calls the cached files that are given up before anybody is killed.
    const fn cache_field(self) -> &'static str {
        match self {
            Self::One => "total_inactive_file ",
            Self::Two => "inactive_file ",
        }
    }

    const fn events_file(self) -> &'static str {
        match self {
            Self::One => "memory.oom_control",
            Self::Two => "memory.events",
        }
    }
}

/// The directory of a cgroup, and that of the hierarchy that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    version: Version,
    directory: PathBuf,
    root: PathBuf,
}

/// The least memory limit on the way from the cgroup of a process to the root. One that exceeds the machine's
/// memory limits nothing, and version 1 spells "unlimited" as such a number.
pub fn cgroup_limit(pid: u32) -> Option<Limit> {
    let limits = group_limits(pid).into_iter().filter(|limit| limit.bound == Bound::Memory);
    limits.map(|limit| Limit { bytes: limit.most, what: limit.what }).min_by_key(|limit| limit.bytes)
}

/// The counter of the cgroup that a process is in.
pub fn oom_kills(pid: u32) -> Option<OomCounter> {
    let counter = |group: Group| OomCounter { path: group.directory.join(group.version.events_file()) };
    groups(pid, "memory").into_iter().map(counter).find(|counter| counter.read().is_some())
}

/// Every limit of the cgroups from that of a process up to the root: the nearest need not be the one that is
/// reached first, since outer ones are shared with others.
pub(crate) fn group_limits(pid: u32) -> Vec<GroupLimit> {
    let total = memory_total().unwrap_or(u64::MAX);
    let of = |controller: &str, bounds: &'static [Bound]| {
        let groups = groups(pid, controller);
        groups.into_iter().flat_map(|group| bounds.iter().flat_map(move |bound| limits(&group, *bound)))
    };
    let memory = of("memory", &[Bound::Memory, Bound::MemoryHigh]).filter(|limit| limit.most < total);
    memory.chain(of("pids", &[Bound::Tasks])).collect()
}

/// The groups that a process has for one controller. Where both versions are mounted, a controller is in one of
/// them, and the group in the other has none of its files.
fn groups(pid: u32, controller: &str) -> Vec<Group> {
    let read = || -> Option<Vec<Group>> {
        let memberships = open(pid).ok()?.cgroups().ok()?.0;
        // Our own mounts, not those of the process: it is we who open the files.
        let mounts = Process::myself().ok()?.mountinfo().ok()?.0;
        Some(mounts.iter().filter_map(|mount| group(mount, &memberships, controller)).collect())
    };
    read().unwrap_or_default()
}

/// The group that one mounted hierarchy has for a process with these memberships.
fn group(mount: &MountInfo, memberships: &[ProcessCGroup], controller: &str) -> Option<Group> {
    let has_it = |list: &[String]| list.iter().any(|name| name == controller);
    let (version, membership) = match mount.fs_type.as_str() {
        "cgroup2" => (Version::Two, memberships.iter().find(|group| group.hierarchy == 0)?),
        "cgroup" if mount.super_options.contains_key(controller) => {
            (Version::One, memberships.iter().find(|group| has_it(&group.controllers))?)
        }
        _ => return None,
    };
    let inside = within(&mount.root, &membership.pathname)?;
    Some(Group { version, directory: mount.mount_point.join(inside), root: mount.mount_point.clone() })
}

/// The path of a group below the part of the hierarchy that is mounted; `None` when it lies outside. In a
/// container without a cgroup namespace both carry the path on the host.
fn within(mounted: &str, path: &str) -> Option<PathBuf> {
    let inside = Path::new(path).strip_prefix(mounted).ok()?;
    let climbs = inside.components().any(|part| part == std::path::Component::ParentDir);
    (!climbs).then(|| inside.to_path_buf())
}

/// A limit of the group and of those above it.
fn limits(group: &Group, bound: Bound) -> Vec<GroupLimit> {
    lineage(group).iter().filter_map(|directory| limit(group, directory, bound)).collect()
}

/// The group and those above it that limit it too. In version 1 a group without `use_hierarchy` limits itself only.
fn lineage(group: &Group) -> Vec<&Path> {
    let limits_below = |directory: &Path| {
        let flag = fs::read_to_string(directory.join("memory.use_hierarchy")).unwrap_or_default();
        flag.trim() != "0"
    };
    let own = group.directory.as_path();
    let above = own.ancestors().skip(1).take_while(|directory| directory.starts_with(&group.root));
    std::iter::once(own).chain(above.take_while(|directory| limits_below(directory))).collect()
}

fn limit(group: &Group, directory: &Path, bound: Bound) -> Option<GroupLimit> {
    let file = group.version.limit_file(bound)?;
    // "max" is no number and no limit.
    let most = number(&directory.join(file))?;
    let path = Path::new("/").join(directory.strip_prefix(&group.root).ok()?);
    let what = format!("{file} of cgroup {}", path.display());
    Some(GroupLimit { bound, most, used: used(group.version, directory, bound), what })
}

/// What is in use, without what the kernel gives up before it kills.
fn used(version: Version, directory: &Path, bound: Bound) -> u64 {
    let used = number(&directory.join(version.usage_file(bound))).unwrap_or(0);
    if bound == Bound::Tasks {
        return used;
    }
    let stat = fs::read_to_string(directory.join("memory.stat")).unwrap_or_default();
    let cache = stat.lines().find_map(|line| line.strip_prefix(version.cache_field())?.trim().parse().ok());
    used.saturating_sub(cache.unwrap_or(0))
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::testing::{Child, eventually};

    fn mount(line: &str) -> MountInfo {
        MountInfo::from_line(line).unwrap()
    }

    fn membership(hierarchy: u32, controllers: &[&str], pathname: &str) -> ProcessCGroup {
        let controllers = controllers.iter().map(ToString::to_string).collect();
        ProcessCGroup { hierarchy, controllers, pathname: pathname.into() }
    }

    fn check(line: &str, memberships: &[ProcessCGroup], expected: Option<(Version, &str)>) {
        let found = group(&mount(line), memberships, "memory").map(|group| (group.version, group.directory));
        assert_eq!(found, expected.map(|(version, path)| (version, PathBuf::from(path))), "{line}");
    }

    const V2: &str = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw";
    const V1: &str = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
    const V1_CONTAINER: &str = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
    const V1_CPU: &str = "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu";

    #[test]
    fn a_group_is_found_in_each_kind_of_hierarchy() {
        let two = [membership(0, &[], "/user.slice/app")];
        check(V2, &two, Some((Version::Two, "/sys/fs/cgroup/user.slice/app")));
        check(V1, &two, None);
        let one = [membership(4, &["memory"], "/docker/abc/x"), membership(1, &["cpu"], "/")];
        check(V1, &one, Some((Version::One, "/sys/fs/cgroup/memory/docker/abc/x")));
        check(V1_CONTAINER, &one, Some((Version::One, "/sys/fs/cgroup/memory/x")));
        check(V1_CPU, &one, None);
    }

    #[test]
    fn a_group_outside_of_what_is_mounted_is_not_looked_for() {
        check(V1_CONTAINER, &[membership(4, &["memory"], "/docker/def")], None);
        check(V2, &[membership(0, &[], "/../../other")], None);
    }

    const V2_HYBRID: &str = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";

    #[test]
    fn where_both_versions_are_mounted_both_are_asked_by_their_own_membership() {
        let both = [membership(0, &[], "/a"), membership(4, &["memory"], "/b")];
        check(V2_HYBRID, &both, Some((Version::Two, "/sys/fs/cgroup/unified/a")));
        check(V1, &both, Some((Version::One, "/sys/fs/cgroup/memory/b")));
    }

    /// The limits of group `a/b` in a hierarchy with these files: each as file name, number, use.
    fn limits_of(version: Version, bound: Bound, files: &[(&str, &str)]) -> Vec<(String, u64, u64)> {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("a/b");
        fs::create_dir_all(&directory).unwrap();
        for (path, text) in files {
            fs::write(root.path().join(path), text).unwrap();
        }
        let found = limits(&Group { version, directory, root: root.path().into() }, bound);
        found.into_iter().map(|limit| (limit.what, limit.most, limit.used)).collect()
    }

    #[test]
    fn every_limit_on_the_way_up_is_told_with_what_is_used_of_it() {
        let files = [
            ("a/b/memory.max", "500\n"),
            ("a/b/memory.current", "300\n"),
            ("a/b/memory.stat", "anon 200\ninactive_file 90\nactive_file 10\n"),
            ("a/memory.max", "1000\n"),
            ("a/memory.current", "950\n"),
            ("memory.max", "max\n"),
            ("a/b/memory.high", "max\n"),
            ("a/memory.high", "800\n"),
        ];
        let hard =
            [("memory.max of cgroup /a/b".into(), 500, 210), ("memory.max of cgroup /a".into(), 1000, 950)];
        assert_eq!(limits_of(Version::Two, Bound::Memory, &files), hard);
        let soft = [("memory.high of cgroup /a".into(), 800, 950)];
        assert_eq!(limits_of(Version::Two, Bound::MemoryHigh, &files), soft);
        assert_eq!(limits_of(Version::Two, Bound::Tasks, &files), []);
        // Version 2 without the memory controller, beside version 1 with it.
        assert_eq!(limits_of(Version::Two, Bound::Memory, &[]), []);
    }

    #[test]
    fn version_one_limits_by_its_own_files_and_only_down_a_hierarchy() {
        let files = [
            ("a/b/memory.limit_in_bytes", "700\n"),
            ("a/b/memory.usage_in_bytes", "400\n"),
            ("a/b/memory.stat", "inactive_file 1\ntotal_inactive_file 100\n"),
            ("a/b/memory.soft_limit_in_bytes", "300\n"),
            ("a/memory.limit_in_bytes", "600\n"),
        ];
        let own = ("memory.limit_in_bytes of cgroup /a/b".to_owned(), 700, 300);
        let outer = ("memory.limit_in_bytes of cgroup /a".to_owned(), 600, 0);
        assert_eq!(limits_of(Version::One, Bound::Memory, &files), [own.clone(), outer]);
        let flat = [&files[..], &[("a/memory.use_hierarchy", "0\n")]].concat();
        assert_eq!(limits_of(Version::One, Bound::Memory, &flat), [own]);
        assert_eq!(limits_of(Version::One, Bound::MemoryHigh, &files), []);
    }

    #[test]
    fn tasks_are_limited_by_number() {
        let files = [("a/pids.max", "100\n"), ("a/pids.current", "40\n"), ("a/b/pids.max", "max\n")];
        let expected = [("pids.max of cgroup /a".to_owned(), 100, 40)];
        assert_eq!(limits_of(Version::One, Bound::Tasks, &files), expected);
        assert_eq!(limits_of(Version::Two, Bound::Tasks, &files), expected);
    }

    #[test]
    fn a_limit_of_this_process_is_one_that_the_machine_can_reach() {
        if let Some(limit) = cgroup_limit(std::process::id()) {
            assert!(limit.bytes > 0 && limit.bytes < memory_total().unwrap(), "{limit:?}");
        }
        assert_eq!(cgroup_limit(u32::MAX), None);
    }

    #[test]
    fn kills_are_counted_and_a_vanished_cgroup_says_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let counter = OomCounter { path: directory.path().join("memory.events") };
        assert_eq!(counter.read(), None);
        fs::write(&counter.path, "low 0\nmax 12\noom 4\noom_kill 3\noom_group_kill 0\n").unwrap();
        assert_eq!(counter.read(), Some(3));
        fs::write(&counter.path, "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n").unwrap();
        assert_eq!(counter.read(), Some(1));
    }

    /// A cgroup of our own with 64 MiB and no swap, at the root of the hierarchy that has the memory controller.
    struct OwnGroup {
        directory: PathBuf,
        version: Version,
    }

    const OWN_GROUP_BYTES: u64 = 64 << 20;

    impl OwnGroup {
        /// `None` where this user may make none.
        fn make() -> Option<Self> {
            groups(std::process::id(), "memory").into_iter().find_map(|group| {
                let directory = group.root.join(format!("drip-test-{}", std::process::id()));
                fs::create_dir(&directory).ok()?;
                let own = Self { directory, version: group.version };
                let _ = own.set("memory.swap.max", "0").or_else(|_| own.set("memory.swappiness", "0"));
                let file = own.version.limit_file(Bound::Memory).unwrap();
                own.set(file, &OWN_GROUP_BYTES.to_string()).is_ok().then_some(own)
            })
        }

        fn set(&self, file: &str, value: &str) -> std::io::Result<()> {
            // Not created where it is missing: then there is no such controller here.
            let mut file = fs::OpenOptions::new().write(true).open(self.directory.join(file))?;
            std::io::Write::write_all(&mut file, value.as_bytes())
        }
    }

    impl Drop for OwnGroup {
        fn drop(&mut self) {
            eventually("the empty cgroup can be removed", || fs::remove_dir(&self.directory).is_ok());
        }
    }

    /// Holds 20 MiB, then 200 more when it is told to.
    const GREEDY: &str = "import sys\nheld=bytearray(b'x')*(20<<20)\nprint('ready',flush=True)\n\
                          sys.stdin.readline()\nmore=bytearray(b'x')*(200<<20)\nprint('alive',flush=True)";

    fn greedy(group: Option<&OwnGroup>) -> Child {
        let procs = group.map_or("/dev/null".into(), |group| group.directory.join("cgroup.procs"));
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$ > $0 && exec python3 -c \"$1\""]).arg(procs).arg(GREEDY);
        let mut child = Child::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        child.wait_for_line("ready");
        child
    }

    #[test]
    fn a_kill_for_want_of_memory_is_counted_and_a_kill_by_a_signal_is_not() {
        let group = OwnGroup::make();
        let mut child = greedy(group.as_ref());
        let counter = oom_kills(child.pid());
        let before = counter.as_ref().and_then(OomCounter::read);
        child.0.kill().unwrap();
        assert_eq!(child.0.wait().unwrap().signal(), Some(9));
        assert_eq!(counter.as_ref().and_then(OomCounter::read), before, "a signal is no want of memory");
        // The rest needs a cgroup that may be filled, which only root can make.
        if let Some(group) = &group {
            check_out_of_memory(group, &counter.expect("our group has a counter"));
        }
    }

    fn check_out_of_memory(group: &OwnGroup, counter: &OomCounter) {
        let mut child = greedy(Some(group));
        let limit = cgroup_limit(child.pid()).unwrap();
        assert_eq!(limit.bytes, OWN_GROUP_BYTES, "{limit:?}");
        let told = group_limits(child.pid()).into_iter().find(|limit| limit.bound == Bound::Memory).unwrap();
        assert!((20 << 20..OWN_GROUP_BYTES).contains(&told.used), "{told:?}");
        let before = counter.read().unwrap();
        drop(child.0.stdin.take());
        assert_eq!(child.0.wait().unwrap().signal(), Some(9), "the kernel ends it");
        assert_eq!(counter.read(), Some(before + 1));
    }
}
