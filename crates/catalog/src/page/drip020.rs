//! Latency drifts upward under constant load.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP020",
    title: "Latency drifts upward under constant load",
    category: Category::Availability,
    cwe: &["CWE-400"],
    severity: SeverityRule::Range {
        low: Severity::Low,
        high: Severity::Medium,
        rule: "a symptom without a memory reading is never more than medium",
    },
    what: "Under a load that does not change, answers become slower and slower. It is a symptom: something \
           is searched, copied or waited for that grows with each request.",
    why: "Each request costs more than the one before, until clients time out. The growing thing may be in \
          memory, but also a table, a log file or a queue of work.",
    how_seen: "Only where Drip could not see memory. It sends pairs of your request and a control, a path \
               that is not there, on one connection, and looks at the longest pauses: whether they become longer with the \
               number of requests, and whether the service stands still towards the end. Medians and 99th \
               percentiles are not used, since they tell leaking from healthy services no better than chance. A \
               weak witness: most leaks make nothing slower, and a busy machine can look the same. Give Drip a \
               memory source (--memory) instead.",
    fix: Fix {
        general: "Find what grows with the number of requests: a list that is searched from its beginning, a \
                  table without an index, a queue that fills faster than it empties, a collector that works \
                  on an ever larger heap. Profile CPU at the start and an hour later and compare.",
        node: "Compare two CPU profiles (node --cpu-prof, or the inspector) and watch \
               perf_hooks.monitorEventLoopDelay. Array.includes, find or indexOf on a growing array are the \
               classic case: use a Map or Set, with a bound. --trace-gc shows whether collections become \
               longer.",
        python: "Compare two profiles (py-spy record on the live process). Look for membership tests on a \
                 growing list, for logging handlers added per request (each message is then written once \
                 more), and for queries without an index. gc.get_stats() shows the work of the collector.",
        go: "Compare two CPU profiles (/debug/pprof/profile, pprof -diff_base). Look for slices searched in \
             a handler, growing mutex contention (/debug/pprof/mutex), goroutines that pile up, and GC share \
             (GODEBUG=gctrace=1).",
        java: "Compare two JFR recordings. Look for lists searched in a handler, locks with growing queues, \
               a full connection pool, and the share of time in GC (-Xlog:gc): collections that become more \
               frequent at the same load mean a heap that fills.",
    },
    platform: OnPlatform {
        droplet: "Compare with memory and disk at the same time: a Droplet that has begun to swap becomes \
                  slow in just this way. free -m and vmstat 1 (columns si and so) show it.",
        app_platform: "The alert REQUEST_DURATION_P95_MS sees it. Autoscaling on p95 latency answers with \
                       more instances, which start fast and become slow in their turn, at their price.",
        functions: "Set FUNCTIONS_AVERAGE_DURATION_MS on App Platform. A drift within one warm container \
                    points to module-level state; a cold start resets it. Duration is what is paid for.",
        kubernetes: "Compare pods by age: if old pods are slower than young ones, the cause is inside the \
                     process; if all are slow at once, it is behind them. CPU throttling at \
                     resources.limits.cpu also looks like a drift: see \
                     container_cpu_cfs_throttled_periods_total.",
    },
};
