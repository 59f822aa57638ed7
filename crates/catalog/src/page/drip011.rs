//! The service was killed or crashed under test.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP011",
    title: "Killed or crashed under test",
    category: Category::Availability,
    cwe: &["CWE-400"],
    severity: SeverityRule::Range {
        low: Severity::High,
        high: Severity::Critical,
        rule: "critical when it took fewer requests than one hour at the expected rate brings",
    },
    what: "The process of the service ended while Drip was sending requests. It aborted, crashed, exited or \
           was killed.",
    why: "Whoever can send the same requests can end the service again, after every restart. With one \
          instance that is an outage; with several it is one after the other.",
    how_seen: "Drip watched the process end, and reports its exit status or signal and the requests until \
               then. It says that memory ran out only with proof: the runtime's own message, such as V8's \
               \"Reached heap limit\", or a risen oom_kill counter of the cgroup. A bare exit 137 or signal \
               9 is SIGKILL with its cause unknown.",
    fix: Fix {
        general: "Read the last lines of its output and the kernel log (journalctl -k, or dmesg) for the \
                  moment of death. Exit 137 is SIGKILL: by the kernel when memory ran out, or by somebody. \
                  134 is an abort, 139 a segmentation fault. If memory ran out, find the leak (DRIP001) or \
                  the spike (DRIP006); a larger limit is right only when the need is known and bounded.",
        node: "Exit 134 is an abort. With \"Reached heap limit\" in the output V8 ran into its own heap \
               limit, which is about 259 MiB for Node 20 in a 512 MiB container, far below the container's: \
               find what grows (DRIP001), with --heapsnapshot-near-heap-limit=1 for a snapshot just before \
               the end. Raise --max-old-space-size only for a need that is bounded, and leave room for \
               Buffers and code. Exit 1 is often an unhandled rejection or exception: the stack is in the \
               output. Exit 137 without a message is memory outside the heap, or somebody's SIGKILL.",
        python: "CPython has no heap limit, so a leak ends with SIGKILL by the kernel; look for the oom_kill \
                 counter or the kernel log. gunicorn's line \"was sent SIGKILL! Perhaps out of memory?\" is \
                 a guess. For a segmentation fault in an extension run with -X faulthandler. MemoryError \
                 means that an allocation was refused, by a limit such as RLIMIT_AS.",
        go: "Exit 2 with a stack trace is a panic: net/http recovers those of its handlers, but not of \
             goroutines that a handler starts, and concurrent map writes cannot be recovered at all. SIGKILL \
             without a trace may be the kernel: look for the oom_kill counter. GOMEMLIMIT is soft; with \
             a real leak the collector takes more and more CPU before the end.",
        java: "OutOfMemoryError ends one thread, not the JVM, unless -XX:+ExitOnOutOfMemoryError or \
               -XX:+CrashOnOutOfMemoryError is set; add -XX:+HeapDumpOnOutOfMemoryError and open the dump in \
               Eclipse MAT. A hs_err_pid file means a crash in native code. SIGKILL means the container's \
               limit was passed by heap plus metaspace, threads and direct buffers: lower \
               -XX:MaxRAMPercentage.",
    },
    platform: OnPlatform {
        droplet: "journalctl -k shows \"Out of memory: Killed process\" with its victim, which is not always \
                  the process that took the memory. Run the service under systemd with Restart=on-failure \
                  and a MemoryMax= of its own. A process that dies outside any supervisor stays dead.",
        app_platform: "The component is restarted, and its metrics begin anew, so the last minutes before \
                       the end may not be in the graph. Set a RESTART_COUNT alert in the app spec, at the \
                       component: it also sees an abort at V8's heap limit (exit 134), which a \
                       MEM_UTILIZATION alert at 80 % misses. Shared 0.5gb sizes allow a single instance \
                       only, so each restart is an outage.",
        functions: "An invocation that passes the function's memory fails, and the next one gets a new \
                    container. Memory is set per function, 128 MB to 1 GB, 256 MB unless set, and there is \
                    no memory metric; watch the error rate (FUNCTIONS_ERROR_RATE_PER_MINUTE on App \
                    Platform).",
        kubernetes: "See lastState.terminated of the container: OOMKilled with exit 137 is the cgroup's \
                     limit; Error with 134 is an abort, such as V8's; Error with 137 is usually a SIGKILL \
                     from elsewhere, such as the end of the grace period after a failed liveness probe. Only \
                     the last termination is kept. The kubelet restarts the container in place with growing \
                     delays (CrashLoopBackOff). Eviction of a pod under node pressure is another mechanism.",
    },
};
