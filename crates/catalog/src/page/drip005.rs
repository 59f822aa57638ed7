//! Allocator retention or fragmentation, which is not a leak.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP005",
    title: "Memory grew and stopped: warm-up, or an allocator that keeps it",
    category: Category::Memory,
    cwe: &[],
    severity: SeverityRule::Fixed(Severity::Note),
    what: "Anonymous memory rose under load and then stayed where it was. Code was loaded and compiled, \
           pools and caches filled, or the allocator keeps freed pages for later and cannot give back pages \
           on which a little is still in use (fragmentation). It is not a leak.",
    why: "It costs memory, not availability: the limit must leave room for the plateau. It also hides real \
          leaks from graphs of resident memory, which show a rise in both cases.",
    how_seen: "Growth of anonymous memory ended within the run: later doses of requests added nothing that \
               matters. Drip says so as a note, with the height of the plateau. Where a live heap can be \
               read it is the better witness, since an allocator's reserve does not appear in it.",
    fix: Fix {
        general: "Nothing has to be mended. Set the memory limit above the plateau plus the highest load. If \
                  the plateau is too high with glibc, MALLOC_ARENA_MAX=2 limits the arenas that threads get; \
                  jemalloc or mimalloc often fragment less. Large short-lived buffers are what fragments \
                  most: reuse or stream them.",
        node: "Nothing has to be mended. V8 grows its heap before it collects, up to its limit: \
               --max-old-space-size lowers that. Buffers and native addons (image processing above all) \
               allocate outside the heap through the system's allocator; there MALLOC_ARENA_MAX=2 or \
               jemalloc helps. Stream large bodies instead of concatenating Buffers.",
        python: "Nothing has to be mended. CPython returns an arena only when all of it is free, and glibc \
                 keeps what threads freed. MALLOC_ARENA_MAX=2 or jemalloc lowers the plateau; importing \
                 heavy modules once, before workers fork, shares part of their pages. If one rare job causes \
                 the peak, run it in a process of its own.",
        go: "Nothing has to be mended. The runtime lets the heap grow to about twice the live data before it \
             collects (GOGC=100) and returns freed pages to the system slowly. GOMEMLIMIT, at about 90 % of \
             the container's limit, makes it collect and return memory earlier; it is a soft limit.",
        java: "Nothing has to be mended. The JVM keeps heap that it has committed; -Xmx or \
               -XX:MaxRAMPercentage decides how much that may be. G1 gives idle heap back with \
               G1PeriodicGCInterval (JDK 12 and later). Metaspace, code cache and thread stacks come on top: \
               -XX:NativeMemoryTracking=summary shows them.",
    },
    platform: OnPlatform {
        droplet: "Choose a size that leaves room for the plateau of all processes together. Alert well above \
                  it: a policy on v1/insights/droplet/memory_utilization_percent just over the plateau fires \
                  all day.",
        app_platform: "Choose an instance size whose memory is above the plateau at full load, and set \
                       MEM_UTILIZATION above the plateau, or it fires all day.",
        functions: "Set the function's memory above the plateau of a warm container: 128 MB to 1 GB, 256 MB \
                    unless set. More memory costs more GB-seconds for each invocation.",
        kubernetes: "Set requests to the plateau and the limit above it. A HorizontalPodAutoscaler on memory \
                     sees the plateau as load and may never scale down again; scale on CPU or requests \
                     instead.",
    },
};
