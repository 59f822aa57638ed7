//! Which limits a growing service runs into, and how near they are.

use drip_judge::Limit;
use drip_model::{Runtime, Unit};
use drip_proc::{ProcessLimit, Resource};

use crate::flags::JvmFlags;

const MIB: u64 = 1 << 20;
/// What we reckon with when nobody set a limit: the default instance of the platforms that our users deploy to.
const ASSUMED: u64 = 512 * MIB;
/// The largest that is assumed.
const ASSUMED_MAX: u64 = 1024 * 1024 * MIB;

/// V8's default heap limit by the memory it may use, measured with Node 20 under cgroup limits: (memory at least,
/// heap limit), MiB.
const V8_HEAP_MIB: [(u64, u64); 5] = [(0, 259), (1024, 524), (2048, 1048), (4096, 2096), (16384, 4144)];

/// What is known about the room that a service has. What is in use is that of the warm service, before the doses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Room {
    /// `--limit`.
    pub(crate) stated: Option<u64>,
    /// The least limit of the process's cgroup and those above it.
    pub(crate) cgroup: Option<u64>,
    /// The heap limit that the runtime itself told.
    pub(crate) heap: Option<u64>,
    /// Whether the user set V8's heap limit by a flag.
    pub(crate) heap_is_set: bool,
    /// What the user told the JVM about its heap.
    pub(crate) jvm: JvmFlags,
    /// Go's soft limit, `GOMEMLIMIT`.
    pub(crate) go_memory: Option<u64>,
    /// Live heap, with memory outside of it that it holds (Node's buffers).
    pub(crate) live_used: Option<u64>,
    /// Live heap alone, where that is told apart: only this counts against V8's limit.
    pub(crate) heap_used: Option<u64>,
    /// Processes that share what is live, each with such a heap; 0 counts as one.
    pub(crate) processes: u64,
    /// Anonymous memory.
    pub(crate) anon_used: Option<u64>,
    /// What the kernel says of the process that owns the socket.
    pub(crate) process: Vec<ProcessLimit>,
}

/// What has to grow for a limit to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filling {
    /// The heap alone, without memory outside of it that it holds.
    Heap,
    /// All that is live.
    Live,
    /// All memory of the processes.
    Whole,
}

/// The limits, each with what is used of it, and by what it is filled.
pub(crate) fn limits(runtime: Runtime, room: &Room) -> Vec<(Filling, Limit)> {
    let (container, source) = container(room);
    let whole = || format!("the memory of its container, {source}");
    let heap = heap(runtime, room, container, source).map(|limit| (Filling::Heap, limit));
    let live = collector(runtime, room).map(|limit| (Filling::Live, limit));
    let process = room.process.iter().filter_map(|limit| of_process(limit, room));
    let container =
        room.anon_used.map(|used| Limit { amount: container, unit: Unit::Bytes, what: whole(), used });
    heap.into_iter()
        .chain(live)
        .chain(process.chain(container).map(|limit| (Filling::Whole, limit)))
        .collect()
}

/// The size of the container, and how we know it.
fn container(room: &Room) -> (u64, &'static str) {
    match (room.stated, room.cgroup) {
        (Some(stated), _) => (stated, "as --limit says"),
        (None, Some(cgroup)) => (cgroup, "the limit of its cgroup"),
        (None, None) => (assumed(room.anon_used.unwrap_or(0)), "assumed since no limit was found"),
    }
}

/// A size of container that the warm service fits into: each is twice the one before.
const fn assumed(used: u64) -> u64 {
    let mut size = ASSUMED;
    while used >= size && size < ASSUMED_MAX {
        size *= 2;
    }
    size
}

/// The heap's own limit; that of all processes together, where the requests are shared among several.
fn heap(runtime: Runtime, room: &Room, container: u64, source: &str) -> Option<Limit> {
    let used = room.heap_used.or(room.live_used)?;
    let (bytes, which) = match runtime {
        Runtime::Jvm => jvm_heap(room, container),
        _ => v8_heap(runtime, room, container)?,
    };
    let what = match which {
        SET => SET.to_owned(),
        limit => format!("{limit} in a container of {} MiB, {source}", container / MIB),
    };
    let (processes, together) = match room.processes {
        0 | 1 => (1, String::new()),
        several => (several, format!(", {several} processes together")),
    };
    Some(Limit { amount: bytes.saturating_mul(processes), unit: Unit::Bytes, what: what + &together, used })
}

const SET: &str = "the heap limit set by a flag";

/// What V8 told where that holds there too, else its default for such a container.
fn v8_heap(runtime: Runtime, room: &Room, container: u64) -> Option<(u64, &'static str)> {
    match room.heap {
        Some(bytes) if room.heap_is_set => Some((bytes, SET)),
        Some(bytes) if room.told_in_its_container() => Some((bytes, "V8's heap limit")),
        _ => (runtime == Runtime::Node).then(|| (v8_default(container), "V8's default heap limit")),
    }
}

/// The flag, or what the JVM told where that holds there too, else its share of such a container.
fn jvm_heap(room: &Room, container: u64) -> (u64, &'static str) {
    match (room.jvm.fixed, room.heap) {
        (Some(bytes), told) => (told.unwrap_or(bytes), SET),
        (None, Some(bytes)) if room.told_in_its_container() => (bytes, "the JVM's heap limit"),
        _ => (room.jvm.limit(container), "the JVM's share of memory for its heap"),
    }
}

impl Room {
    /// Whether what the runtime reckoned with when it started is the container that we reckon with.
    const fn told_in_its_container(&self) -> bool {
        self.cgroup.is_some() && self.stated.is_none()
    }
}

/// Go's soft limit is one of all its memory, but garbage gives way: what is live is what fills it.
fn collector(runtime: Runtime, room: &Room) -> Option<Limit> {
    let bytes = room.go_memory.filter(|_| runtime == Runtime::Go)?;
    let what = "GOMEMLIMIT, near which the collector runs all the time and the service crawls".to_owned();
    Some(Limit { amount: bytes, unit: Unit::Bytes, what, used: room.live_used.or(room.anon_used)? })
}

/// Limits of bytes that are the process's own and hold in any container. Those of the cgroup are the container's,
/// except that of `memory.high`, which comes before it.
fn of_process(limit: &ProcessLimit, room: &Room) -> Option<Limit> {
    let (what, used) = match limit.resource {
        Resource::AddressSpace => (format!("the address space that {} allows it", limit.what), limit.used),
        Resource::Data => (format!("the private memory that {} allows it", limit.what), limit.used),
        Resource::CgroupHigh if room.stated.is_none() => {
            (format!("{}, beyond which the kernel slows it down", limit.what), room.anon_used?)
        }
        _ => return None,
    };
    Some(Limit { amount: limit.most, unit: Unit::Bytes, what, used })
}

fn v8_default(container: u64) -> u64 {
    let fits = |(memory, _): &&(u64, u64)| container >= memory * MIB;
    V8_HEAP_MIB.iter().rev().find(fits).map_or(259, |(_, heap)| *heap) * MIB
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> Room {
        Room {
            heap: Some(4144 * MIB),
            live_used: Some(10 * MIB),
            anon_used: Some(60 * MIB),
            ..Room::default()
        }
    }

    fn check(room: &Room, expected: &[(u64, &str)]) {
        check_for(Runtime::Node, room, expected);
    }

    fn check_for(runtime: Runtime, room: &Room, expected: &[(u64, &str)]) {
        let found = limits(runtime, room);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((_, limit), (mib, words)) in found.iter().zip(expected) {
            assert_eq!(limit.amount, mib * MIB, "{limit:?}");
            assert!(limit.what.contains(words), "{limit:?}");
        }
    }

    #[test]
    fn without_a_limit_a_small_container_is_assumed_and_said() {
        check(
            &room(),
            &[(259, "V8's default heap limit in a container of 512 MiB, assumed"), (512, "assumed")],
        );
    }

    #[test]
    fn what_the_user_states_is_reckoned_with() {
        check(&Room { stated: Some(2048 * MIB), ..room() }, &[(1048, "--limit"), (2048, "--limit")]);
    }

    #[test]
    fn under_a_cgroup_v8_itself_knows_its_limit() {
        let room = Room { cgroup: Some(1024 * MIB), heap: Some(530 * MIB), ..room() };
        check(&room, &[(530, "in a container of 1024 MiB, the limit of its cgroup"), (1024, "cgroup")]);
    }

    #[test]
    fn a_flag_of_the_user_counts_everywhere() {
        check(
            &Room { heap: Some(403 * MIB), heap_is_set: true, ..room() },
            &[(403, "set by a flag"), (512, "assumed")],
        );
    }

    #[test]
    fn without_a_live_heap_only_the_container_counts() {
        check(&Room { live_used: None, ..room() }, &[(512, "assumed")]);
    }

    #[test]
    fn buffers_do_not_count_against_the_heap() {
        let told_apart = Room { live_used: Some(40 * MIB), heap_used: Some(10 * MIB), ..room() };
        let found = limits(Runtime::Node, &told_apart);
        assert_eq!((found[0].0, found[0].1.used), (Filling::Heap, 10 * MIB));
        assert_eq!(found[1].0, Filling::Whole);
    }

    #[test]
    fn processes_that_share_the_requests_share_their_heaps() {
        let cluster = Room { processes: 4, stated: Some(4096 * MIB), ..room() };
        check(&cluster, &[(4 * 2096, "4 processes together"), (4096, "--limit")]);
    }

    #[test]
    fn a_virtual_machine_has_its_flag_or_its_share() {
        let jvm = |room: Room, expected: &[(u64, &str)]| check_for(Runtime::Jvm, &room, expected);
        // It told 6 GiB, a quarter of this machine; in the container that we reckon with it has a quarter of that.
        let untold = Room { heap: Some(6144 * MIB), ..room() };
        jvm(
            untold.clone(),
            &[(128, "share of memory for its heap in a container of 512 MiB"), (512, "assumed")],
        );
        let half = JvmFlags { max_percent: 50.0, ..JvmFlags::default() };
        jvm(Room { jvm: half, stated: Some(1024 * MIB), ..untold }, &[(512, "--limit"), (1024, "--limit")]);
        let set = JvmFlags { fixed: Some(300 * MIB), ..JvmFlags::default() };
        jvm(Room { jvm: set, heap: None, ..room() }, &[(300, "set by a flag"), (512, "assumed")]);
        let in_group = Room { cgroup: Some(2048 * MIB), heap: Some(512 * MIB), ..room() };
        jvm(in_group, &[(512, "the JVM's heap limit in a container of 2048 MiB"), (2048, "cgroup")]);
    }

    #[test]
    fn the_soft_limit_of_go_says_what_happens_there() {
        let room = Room { go_memory: Some(200 * MIB), heap: None, ..room() };
        check_for(Runtime::Go, &room, &[(200, "the collector runs all the time"), (512, "assumed")]);
        assert_eq!(limits(Runtime::Go, &room)[0].1.used, 10 * MIB, "garbage gives way");
        check_for(Runtime::Python, &room, &[(512, "assumed")]);
    }

    fn told(resource: Resource, what: &str) -> ProcessLimit {
        ProcessLimit { resource, most: 300 * MIB, used: 100 * MIB, what: what.into() }
    }

    #[test]
    fn limits_of_the_process_count_by_their_own_measure() {
        let process = vec![
            told(Resource::AddressSpace, "ulimit -v"),
            told(Resource::Data, "ulimit -d"),
            told(Resource::CgroupHigh, "memory.high of cgroup /app"),
            told(Resource::Descriptors, "ulimit -n"),
            told(Resource::Machine, "the machine's memory"),
        ];
        let room = Room { process, live_used: None, ..room() };
        check_for(
            Runtime::Python,
            &room,
            &[
                (300, "address space that ulimit -v"),
                (300, "ulimit -d"),
                (300, "slows it down"),
                (512, "assumed"),
            ],
        );
        let found = limits(Runtime::Python, &room);
        assert_eq!((found[0].1.used, found[2].1.used), (100 * MIB, 60 * MIB));
        // The container that the user states is another one.
        let stated = Room { stated: Some(1024 * MIB), ..room };
        check_for(Runtime::Python, &stated, &[(300, "-v"), (300, "-d"), (1024, "--limit")]);
    }
}
