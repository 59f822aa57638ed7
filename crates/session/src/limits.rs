//! Which limits a growing service runs into, and how near they are.

use drip_judge::Limit;
use drip_model::Runtime;

const MIB: u64 = 1 << 20;
/// What we reckon with when nobody set a limit: the default instance of the platforms that our users deploy to.
const ASSUMED: u64 = 512 * MIB;

/// V8's default heap limit by the memory it may use, measured with Node 20 under cgroup limits: (memory at least,
/// heap limit), MiB.
const V8_HEAP_MIB: [(u64, u64); 5] = [(0, 259), (1024, 524), (2048, 1048), (4096, 2096), (16384, 4144)];

/// What is known about the room that a service has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Room {
    /// `--limit`.
    pub(crate) stated: Option<u64>,
    /// The least limit of the process's cgroup and those above it.
    pub(crate) cgroup: Option<u64>,
    /// The heap limit that the runtime itself told.
    pub(crate) heap: Option<u64>,
    /// Whether the user set that heap limit by a flag.
    pub(crate) heap_is_set: bool,
    /// Live heap of the warm service, before the doses.
    pub(crate) live_used: Option<u64>,
    /// Anonymous memory then.
    pub(crate) anon_used: Option<u64>,
}

/// The limits, each with what is used of it. The judge takes the one that is reached first.
pub(crate) fn limits(runtime: Runtime, room: &Room) -> Vec<Limit> {
    let (container, source) = container(room);
    let heap = room.live_used.and_then(|used| heap(runtime, room, container, source, used));
    let whole = || format!("the memory of its container, {source}");
    heap.into_iter()
        .chain(room.anon_used.map(|used| Limit { bytes: container, what: whole(), used }))
        .collect()
}

/// The size of the container, and how we know it.
const fn container(room: &Room) -> (u64, &'static str) {
    match (room.stated, room.cgroup) {
        (Some(stated), _) => (stated, "as --limit says"),
        (None, Some(cgroup)) => (cgroup, "the limit of its cgroup"),
        (None, None) => (ASSUMED, "assumed since no limit was found"),
    }
}

/// The heap's own limit: what the runtime told where that holds there too, else its default for such a container.
fn heap(runtime: Runtime, room: &Room, container: u64, source: &str, used: u64) -> Option<Limit> {
    let in_container = format!("in a container of {} MiB, {source}", container / MIB);
    let is_its_own = room.cgroup.is_some() && room.stated.is_none();
    let (bytes, what) = match room.heap {
        Some(bytes) if room.heap_is_set => (bytes, "the heap limit set by a flag".to_owned()),
        Some(bytes) if is_its_own => (bytes, format!("V8's heap limit {in_container}")),
        _ if runtime == Runtime::Node => {
            (v8_default(container), format!("V8's default heap limit {in_container}"))
        }
        _ => return None,
    };
    Some(Limit { bytes, what, used })
}

fn v8_default(container: u64) -> u64 {
    let fits = |(memory, _): &&(u64, u64)| container >= memory * MIB;
    V8_HEAP_MIB.iter().rev().find(fits).map_or(259, |(_, heap)| *heap) * MIB
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room {
        stated: None,
        cgroup: None,
        heap: Some(4144 * MIB),
        heap_is_set: false,
        live_used: Some(10 * MIB),
        anon_used: Some(60 * MIB),
    };

    fn check(room: &Room, expected: &[(u64, &str)]) {
        let found = limits(Runtime::Node, room);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (limit, (mib, words)) in found.iter().zip(expected) {
            assert_eq!(limit.bytes, mib * MIB, "{limit:?}");
            assert!(limit.what.contains(words), "{limit:?}");
        }
    }

    #[test]
    fn without_a_limit_a_small_container_is_assumed_and_said() {
        check(
            &ROOM,
            &[(259, "V8's default heap limit in a container of 512 MiB, assumed"), (512, "assumed")],
        );
    }

    #[test]
    fn what_the_user_states_is_reckoned_with() {
        check(&Room { stated: Some(2048 * MIB), ..ROOM }, &[(1048, "--limit"), (2048, "--limit")]);
    }

    #[test]
    fn under_a_cgroup_v8_itself_knows_its_limit() {
        let room = Room { cgroup: Some(1024 * MIB), heap: Some(530 * MIB), ..ROOM };
        check(&room, &[(530, "in a container of 1024 MiB, the limit of its cgroup"), (1024, "cgroup")]);
    }

    #[test]
    fn a_flag_of_the_user_counts_everywhere() {
        check(
            &Room { heap: Some(403 * MIB), heap_is_set: true, ..ROOM },
            &[(403, "set by a flag"), (512, "assumed")],
        );
    }

    #[test]
    fn without_a_live_heap_only_the_container_counts() {
        check(&Room { live_used: None, ..ROOM }, &[(512, "assumed")]);
    }
}
