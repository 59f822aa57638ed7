//! What limits a process: by cgroups, by `ulimit`, and by the machine.

use procfs::process::{LimitValue, Process, Status};

use crate::cgroup::{Bound, group_limits};
use crate::descriptor::descriptors;
use crate::memory::{memory_available, memory_total};
use crate::process::{ProcError, open};

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Memory of a cgroup, bytes; its processes are killed when it runs out.
    Cgroup,
    /// Memory of a cgroup beyond which its processes are slowed down (`memory.high`), bytes.
    CgroupHigh,
    /// Memory of the machine, bytes.
    Machine,
    /// Address space of the process (`ulimit -v`), bytes, whether it is touched or not. Allocations fail beyond.
    AddressSpace,
    /// Private writable memory of the process (`ulimit -d`), bytes, whether it is touched or not. Allocations fail
    /// beyond.
    Data,
    /// Open descriptors of the process (`ulimit -n`).
    Descriptors,
    /// Processes and threads of the user together (`ulimit -u`); root has no such limit.
    UserTasks,
    /// Processes and threads of a cgroup together (`pids.max`).
    CgroupTasks,
}

impl Resource {
    /// Whether it is counted in bytes; else in things.
    pub const fn is_bytes(self) -> bool {
        !matches!(self, Self::Descriptors | Self::UserTasks | Self::CgroupTasks)
    }
}

/// One limit of a process, and how near it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessLimit {
    /// Of what.
    pub resource: Resource,
    /// The limit: bytes or things, as `resource` says.
    pub most: u64,
    /// What is in use of it now, in the same unit: of the process, or of all that share the limit.
    pub used: u64,
    /// Which limit, in words: `memory.max of cgroup /app`, `ulimit -v`.
    pub what: String,
}

/// Every limit that a process can run into, each with what is used of it now. What is unlimited is left out.
///
/// # Errors
/// When the process is gone or may not be read.
pub fn process_limits(pid: u32) -> Result<Vec<ProcessLimit>, ProcError> {
    let process = open(pid)?;
    let status = process.status().map_err(|cause| ProcError::new(pid, &cause))?;
    let mut found = cgroups(pid);
    found.extend(machine());
    found.extend(resource_limits(pid, &process, &status)?);
    Ok(found)
}

fn cgroups(pid: u32) -> Vec<ProcessLimit> {
    let resource = |bound| match bound {
        Bound::Memory => Resource::Cgroup,
        Bound::MemoryHigh => Resource::CgroupHigh,
        Bound::Tasks => Resource::CgroupTasks,
    };
    let limits = group_limits(pid).into_iter();
    limits
        .map(|limit| ProcessLimit {
            resource: resource(limit.bound),
            most: limit.most,
            used: limit.used,
            what: limit.what,
        })
        .collect()
}

fn machine() -> Option<ProcessLimit> {
    let most = memory_total()?;
    let used = most.saturating_sub(memory_available()?);
    Some(ProcessLimit { resource: Resource::Machine, most, used, what: "the machine's memory".to_owned() })
}

/// The soft values: it is they that the kernel holds a process to.
fn resource_limits(pid: u32, process: &Process, status: &Status) -> Result<Vec<ProcessLimit>, ProcError> {
    let limits = process.limits().map_err(|cause| ProcError::new(pid, &cause))?;
    let bytes = |kib: Option<u64>| kib.unwrap_or(0) * 1024;
    let held = || descriptors(pid).map_or(0, |held| held.len() as u64);
    let user = status.ruid;
    let found = [
        limit(Resource::AddressSpace, limits.max_address_space.soft_limit, "ulimit -v", || {
            bytes(status.vmsize)
        }),
        limit(Resource::Data, limits.max_data_size.soft_limit, "ulimit -d", || bytes(status.vmdata)),
        limit(Resource::Descriptors, limits.max_open_files.soft_limit, "ulimit -n", held),
        limit(Resource::UserTasks, limits.max_processes.soft_limit, "ulimit -u", || tasks_of(user))
            .filter(|_| user != 0),
    ];
    Ok(found.into_iter().flatten().collect())
}

fn limit(
    resource: Resource,
    value: LimitValue,
    what: &str,
    used: impl FnOnce() -> u64,
) -> Option<ProcessLimit> {
    match value {
        LimitValue::Unlimited => None,
        LimitValue::Value(most) => Some(ProcessLimit { resource, most, used: used(), what: what.to_owned() }),
    }
}

/// Processes and threads of a user on this machine, as far as they can be seen.
fn tasks_of(user: u32) -> u64 {
    let Ok(processes) = procfs::process::all_processes() else { return 0 };
    let own = processes.flatten().filter_map(|process| process.status().ok());
    own.filter(|status| status.ruid == user).map(|status| status.threads).sum()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::testing::Child;

    const MIB: u64 = 1 << 20;

    fn limited(ulimits: &str, script: &str) -> Child {
        let shell = format!("ulimit {ulimits}; exec python3 -c \"$0\"");
        let mut child = Child::spawn(
            Command::new("sh").args(["-c", &shell, script]).stdin(Stdio::piped()).stdout(Stdio::piped()),
        );
        child.wait_for_line("ready");
        child
    }

    fn of(pid: u32, resource: Resource) -> Option<ProcessLimit> {
        process_limits(pid).unwrap().into_iter().find(|limit| limit.resource == resource)
    }

    const HOLDS_50_MIB: &str =
        "import sys\nheld=bytearray(50<<20)\nprint('ready',flush=True)\nsys.stdin.read()";

    #[test]
    fn limits_of_the_shell_are_told_with_what_is_used() {
        let child = limited("-v 1048576; ulimit -d 512000; ulimit -n 77", HOLDS_50_MIB);
        let space = of(child.pid(), Resource::AddressSpace).unwrap();
        assert_eq!((space.most, space.what.as_str()), (1024 * MIB, "ulimit -v"));
        assert!((50 * MIB..300 * MIB).contains(&space.used), "{space:?}");
        let data = of(child.pid(), Resource::Data).unwrap();
        assert_eq!(data.most, 500 * MIB);
        assert!((50 * MIB..space.used).contains(&data.used), "{data:?}");
        let files = of(child.pid(), Resource::Descriptors).unwrap();
        assert_eq!(files.most, 77);
        assert!((3..10).contains(&files.used), "{files:?}");
    }

    #[test]
    fn what_is_unlimited_is_left_out_and_the_machine_never_is() {
        let child = limited("-v unlimited", HOLDS_50_MIB);
        assert_eq!(of(child.pid(), Resource::AddressSpace), None);
        let machine = of(child.pid(), Resource::Machine).unwrap();
        assert_eq!(machine.most, memory_total().unwrap());
        assert!(machine.used > 50 * MIB && machine.used < machine.most, "{machine:?}");
        assert!(matches!(process_limits(u32::MAX), Err(ProcError::Gone { .. })));
    }

    /// Takes memory a MiB at a time until the kernel refuses, and tells how much that was.
    const TAKES_ALL: &str = "
import mmap,sys
held=[]
print('ready',flush=True); sys.stdin.readline()
try:
    while True: held.append(mmap.mmap(-1,1<<20,flags=mmap.MAP_PRIVATE|mmap.MAP_ANONYMOUS))
except OSError: print(len(held),flush=True)
";

    /// That what is told as room is the room that the kernel gives.
    fn check_room(ulimit: &str, resource: Resource) {
        let mut child = limited(ulimit, TAKES_ALL);
        let limit = of(child.pid(), resource).unwrap();
        let room = (limit.most - limit.used) / MIB;
        drop(child.0.stdin.take());
        let taken: u64 = child.read_line().trim().parse().unwrap();
        assert!(taken.abs_diff(room) <= 2, "{limit:?}: {room} MiB of room, {taken} taken");
    }

    #[test]
    fn the_room_that_is_told_is_the_room_that_there_is() {
        check_room("-v 262144", Resource::AddressSpace);
        check_room("-d 131072", Resource::Data);
    }

    #[test]
    fn tasks_are_those_of_the_user() {
        let own = open(std::process::id()).unwrap().status().unwrap();
        assert!(tasks_of(own.ruid) >= own.threads);
        assert_eq!(of(std::process::id(), Resource::UserTasks).is_some(), own.ruid != 0 && is_limited());
    }

    fn is_limited() -> bool {
        let limits = open(std::process::id()).unwrap().limits().unwrap();
        !matches!(limits.max_processes.soft_limit, LimitValue::Unlimited)
    }
}
