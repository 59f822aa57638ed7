//! The memory limit of the cgroup around a process, and how often the kernel killed in it for want of memory.

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

/// The two versions of the interface, which name their files differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    const fn limit_file(self) -> &'static str {
        match self {
            Self::One => "memory.limit_in_bytes",
            Self::Two => "memory.max",
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
    let total = memory_total().unwrap_or(u64::MAX);
    let limits = groups(pid).into_iter().filter_map(|group| least_limit(&group));
    limits.filter(|limit| limit.bytes < total).min_by_key(|limit| limit.bytes)
}

/// The counter of the cgroup that a process is in.
pub fn oom_kills(pid: u32) -> Option<OomCounter> {
    let counter = |group: Group| OomCounter { path: group.directory.join(group.version.events_file()) };
    groups(pid).into_iter().map(counter).find(|counter| counter.read().is_some())
}

fn groups(pid: u32) -> Vec<Group> {
    let read = || -> Option<Vec<Group>> {
        let memberships = open(pid).ok()?.cgroups().ok()?.0;
        // Our own mounts, not those of the process: it is we who open the files.
        let mounts = Process::myself().ok()?.mountinfo().ok()?.0;
        Some(mounts.iter().filter_map(|mount| group(mount, &memberships)).collect())
    };
    read().unwrap_or_default()
}

/// The group that one mounted hierarchy has for a process with these memberships.
fn group(mount: &MountInfo, memberships: &[ProcessCGroup]) -> Option<Group> {
    let has_memory = |list: &[String]| list.iter().any(|name| name == "memory");
    let (version, membership) = match mount.fs_type.as_str() {
        "cgroup2" => (Version::Two, memberships.iter().find(|group| group.hierarchy == 0)?),
        "cgroup" if mount.super_options.contains_key("memory") => {
            (Version::One, memberships.iter().find(|group| has_memory(&group.controllers))?)
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

fn least_limit(group: &Group) -> Option<Limit> {
    let file = group.version.limit_file();
    let upwards = group.directory.ancestors().take_while(|directory| directory.starts_with(&group.root));
    let limits = upwards.filter_map(|directory| {
        let bytes = fs::read_to_string(directory.join(file)).ok()?.trim().parse().ok()?;
        let path = Path::new("/").join(directory.strip_prefix(&group.root).ok()?);
        Some(Limit { bytes, what: format!("{file} of cgroup {}", path.display()) })
    });
    limits.min_by_key(|limit| limit.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(line: &str) -> MountInfo {
        MountInfo::from_line(line).unwrap()
    }

    fn membership(hierarchy: u32, controllers: &[&str], pathname: &str) -> ProcessCGroup {
        let controllers = controllers.iter().map(ToString::to_string).collect();
        ProcessCGroup { hierarchy, controllers, pathname: pathname.into() }
    }

    fn check(line: &str, memberships: &[ProcessCGroup], expected: Option<(Version, &str)>) {
        let found = group(&mount(line), memberships).map(|group| (group.version, group.directory));
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

    fn limit_of(version: Version, limits: &[(&str, &str)]) -> Option<Limit> {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("a/b");
        fs::create_dir_all(&directory).unwrap();
        for (path, text) in limits {
            fs::write(root.path().join(path), text).unwrap();
        }
        least_limit(&Group { version, directory, root: root.path().into() })
    }

    #[test]
    fn the_least_limit_on_the_way_up_counts() {
        let found = limit_of(Version::Two, &[("a/b/memory.max", "max\n"), ("a/memory.max", "1000\n")]);
        let what = "memory.max of cgroup /a".to_owned();
        assert_eq!(found, Some(Limit { bytes: 1000, what }));
        let found = limit_of(Version::Two, &[("a/b/memory.max", "500\n"), ("a/memory.max", "1000\n")]);
        assert_eq!(found.unwrap().bytes, 500);
        let found = limit_of(Version::One, &[("a/b/memory.limit_in_bytes", "700\n")]);
        assert_eq!(found.unwrap().what, "memory.limit_in_bytes of cgroup /a/b");
        assert_eq!(limit_of(Version::Two, &[("a/memory.max", "max\n")]), None);
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
}
