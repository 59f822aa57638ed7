//! How much memory processes hold, and how much the machine has left.

use procfs::process::Process;
use procfs::{Current, Meminfo, ProcResult};

use crate::process::{ProcError, open};

/// The memory of one process, or of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Anonymous memory in bytes, what was swapped out included. Pages shared by forked processes count in
    /// parts, so that a sum over a tree counts each page once.
    pub anon: u64,
    /// Resident set in bytes, files and shared pages included.
    pub rss: u64,
}

/// What one process holds.
pub fn memory(pid: u32) -> Result<Memory, ProcError> {
    let process = open(pid)?;
    match proportional(&process) {
        Some(memory) => Ok(memory),
        None => {
            resident(&process).map_err(|cause| ProcError::new(pid, &cause))?.ok_or(ProcError::Gone { pid })
        }
    }
}

/// What these processes hold together. One that ended meanwhile holds nothing.
pub fn tree_memory(pids: &[u32]) -> Memory {
    pids.iter().filter_map(|pid| memory(*pid).ok()).fold(Memory::default(), |sum, memory| Memory {
        anon: sum.anon + memory.anon,
        rss: sum.rss + memory.rss,
    })
}

/// The highest resident set of a process since its program began, in bytes. (What getrusage tells includes the
/// memory of whoever forked the process.)
pub fn peak_resident(pid: u32) -> Option<u64> {
    Some(open(pid).ok()?.status().ok()?.vmhwm? * 1024)
}

/// Memory of the machine that could be had without swapping, in bytes.
pub fn memory_available() -> Option<u64> {
    Meminfo::current().ok()?.mem_available
}

/// Memory of the machine, in bytes.
pub fn memory_total() -> Option<u64> {
    Meminfo::current().ok().map(|memory| memory.mem_total)
}

/// Whether the proportional share of a process is told; else memory that processes share counts in each.
pub fn shares_are_told(pid: u32) -> bool {
    open(pid).is_ok_and(|process| proportional(&process).is_some())
}

/// By `smaps_rollup`, whose `Pss_Anon` is there since Linux 5.4.
fn proportional(process: &Process) -> Option<Memory> {
    let rollup = process.smaps_rollup().ok()?;
    let fields = &rollup.memory_map_rollup.0.first()?.extension.map;
    let swapped = fields.get("SwapPss").copied().unwrap_or(0);
    Some(Memory { anon: fields.get("Pss_Anon")? + swapped, rss: *fields.get("Rss")? })
}

/// By `status`, which anybody may read; pages shared by forked processes count in each. `None` for a zombie,
/// which has no memory any more and must not read as one that needs none.
fn resident(process: &Process) -> ProcResult<Option<Memory>> {
    let status = process.status()?;
    let bytes = |kib: Option<u64>| kib.unwrap_or(0) * 1024;
    let anon = bytes(status.rssanon) + bytes(status.vmswap);
    Ok(status.vmrss.map(|rss| Memory { anon, rss: rss * 1024 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{identity, is_alive};
    use crate::testing::{Child, eventually};
    use crate::tree::with_descendants;

    const MIB: u64 = 1024 * 1024;

    fn holding_50_mib() -> Child {
        let mut child = Child::python(
            "import sys\nheld=bytearray(b'x')*(50<<20)\nprint('ready',flush=True)\nsys.stdin.read()",
        );
        child.wait_for_line("ready");
        child
    }

    #[test]
    fn touched_memory_is_anonymous_and_resident() {
        let child = holding_50_mib();
        let memory = memory(child.pid()).unwrap();
        assert!((50 * MIB..80 * MIB).contains(&memory.anon), "{memory:?}");
        assert!(memory.rss > memory.anon, "{memory:?}");
    }

    #[test]
    fn both_ways_of_reading_agree_for_a_process_that_shares_nothing() {
        let child = holding_50_mib();
        let process = open(child.pid()).unwrap();
        let (one, other) = (proportional(&process).unwrap(), resident(&process).unwrap().unwrap());
        assert!(one.anon.abs_diff(other.anon) < 2 * MIB, "{one:?} {other:?}");
        assert!(one.rss.abs_diff(other.rss) < 2 * MIB, "{one:?} {other:?}");
    }

    #[test]
    fn a_page_shared_by_forked_workers_counts_once() {
        let mut child = Child::python(
            "import os,sys\nheld=bytearray(b'x')*(50<<20)\nr,w=os.pipe()\n\
             for _ in range(3):\n if os.fork()==0: os.write(w,b'.'); sys.stdin.read(); os._exit(0)\n\
             while len(os.read(r,1))<1: pass\nos.read(r,1); os.read(r,1)\nprint('ready',flush=True)\nsys.stdin.read()",
        );
        child.wait_for_line("ready");
        let pids = with_descendants(child.pid());
        assert_eq!(pids.len(), 4);
        let memory = tree_memory(&pids);
        assert!((50 * MIB..100 * MIB).contains(&memory.anon), "{memory:?}");
        child.kill_tree();
    }

    #[test]
    fn a_process_that_is_gone_adds_nothing() {
        let child = holding_50_mib();
        assert!(matches!(memory(u32::MAX), Err(ProcError::Gone { .. })));
        assert!(tree_memory(&[u32::MAX, child.pid()]).anon >= 50 * MIB);
    }

    #[test]
    fn a_zombie_has_no_memory_rather_than_none_in_use() {
        let mut child = holding_50_mib();
        let seen = identity(child.pid()).unwrap();
        child.0.kill().unwrap();
        eventually("the killed child is a zombie", || !is_alive(&seen));
        assert!(matches!(memory(seen.pid), Err(ProcError::Gone { .. })));
    }

    #[test]
    fn the_machine_has_memory() {
        assert!(memory_available().unwrap() < memory_total().unwrap());
    }
}
