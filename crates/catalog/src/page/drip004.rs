//! Memory grows with time alone.

use drip_model::Category;

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP004",
    title: "Memory grows with time, without requests",
    category: Category::Memory,
    cwe: &["CWE-401"],
    severity: SeverityRule::ByTimeToLimit,
    what: "Memory rises while nobody asks for anything. The cause is not in a request handler but in \
           something that runs by itself: a timer, a poller, a queue consumer, a reconnect loop, a buffer of \
           metrics or logs.",
    why: "The service dies on a clock, whatever its traffic: after a night, a weekend, a month. Deployments \
          reset the clock, so it shows first in the week in which nobody deploys. All instances started \
          together die together.",
    how_seen: "Between doses of requests Drip waits as long as a dose takes without sending any, and \
               compares the growth of those pauses with that of the doses. Growth that is as fast without \
               requests as with them is growth with time.",
    fix: Fix {
        general: "List what runs by itself: timers, background threads, subscriptions, connection watchers, \
                  exporters of metrics, traces and logs. Each needs a bounded queue that drops or blocks \
                  when it is full, and each reconnect must release what the last one made. An exporter whose \
                  collector cannot be reached is a frequent cause. Two heap profiles of an idle service, an \
                  hour apart, show which one it is.",
        node: "Look at every setInterval and recursive setTimeout: what do they push to, and who takes it \
               away? A reconnect that adds listeners again must remove the old ones (removeAllListeners on \
               the old socket, or an AbortSignal per connection). A readable stream that nobody reads, or \
               write() calls that ignore a false return value, buffer without limit. Keep samples in a ring \
               of fixed size.",
        python: "Give queue.Queue and asyncio.Queue a maxsize. Tasks kept in a set need \
                 task.add_done_callback(tasks.discard). Look at background threads, scheduler jobs and at \
                 the handlers of exporters: a QueueHandler or a batch exporter whose target is down keeps \
                 everything. Use collections.deque(maxlen=...) for samples.",
        go: "Look at every goroutine with a ticker: does it append to something, does it start another \
             goroutine at each tick or reconnect? Stop tickers, cancel the context of the old connection \
             before a new one, and send with select and default, so that a full channel drops instead of \
             piling up goroutines. Compare /debug/pprof/goroutine of an idle service, an hour apart.",
        java: "Give executors and queues a capacity: Executors.newFixedThreadPool and \
               ScheduledThreadPoolExecutor use unbounded ones, new LinkedBlockingQueue() too. Cancelled \
               scheduled tasks stay until their time comes unless setRemoveOnCancelPolicy(true) is set. Look \
               at exporters whose collector is down, and at pools that reconnect.",
    },
    platform: OnPlatform {
        droplet: "A memory graph that rises in a straight line through the night is this one. Alert on \
                  v1/insights/droplet/memory_utilization_percent; the longest window is 1h. A nightly \
                  restart by a timer hides it and moves the failure to the day on which the timer fails.",
        app_platform: "Scaling to more instances multiplies it, and autoscaling has no memory metric. Set \
                       MEM_UTILIZATION and RESTART_COUNT alerts at the component in the app spec; workers \
                       need them as much as services do.",
        functions: "A function does not run between invocations, so timers are not the place to look; growth \
                    that comes with a warm container's age is module-level state. There is no memory metric, \
                    and recycling of containers caps it.",
        kubernetes: "Set resources.limits.memory; the kernel kills at the limit and the kubelet restarts the \
                     container in place. All replicas of a rollout started together and reach the limit at \
                     about the same time, so alert on restarts before it becomes an outage. A \
                     PodDisruptionBudget does not protect from OOM kills.",
    },
};
