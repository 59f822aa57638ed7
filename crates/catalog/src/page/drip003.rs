//! Memory grows with client-chosen keys.

use drip_model::Category;

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP003",
    title: "Memory grows with keys that clients choose",
    category: Category::Memory,
    cwe: &["CWE-770"],
    severity: SeverityRule::ByTimeToLimit,
    what: "The service keeps something for every value it has not seen before: a path segment, a query \
           parameter, a header, a session. Repeating one request costs nothing; each new value stays. It is \
           a cache, a registry or a set of metric labels without a maximum.",
    why: "Whoever chooses the keys chooses how much memory the service uses. Random paths from one client \
          fill it, and so do crawlers and scanners without meaning to. Tests with a few hundred ids do not \
          show it. An expiry alone does not bound it: keys may arrive faster than they expire, or be checked \
          only on read and then never be removed.",
    how_seen: "Drip compares the same request repeated with one that carries a new value each time, in the \
               path, the query, a header or the body. It reports this when only the second makes memory \
               grow, beyond what a cache may hold (--assume-cache), without an end. A cache whose expiry is \
               longer than the run looks the same.",
    fix: Fix {
        general: "Give the collection a maximum number of entries and evict the least recently used; an \
                  expiry comes second. Key it by something finite: the route's template instead of the URL, \
                  a known user instead of a header. Check that the thing exists before keeping anything for \
                  it, so that unknown ids cost nothing. Keep sessions in a store with expiry, outside the \
                  process.",
        node: "Replace the Map or object by lru-cache with max (or maxSize) and ttl; ttl alone does not \
               bound it. The usual places: memoised functions, a Map of in-flight or seen ids, DataLoader \
               instances kept longer than a request, rate limiters and sessions in memory, prom-client \
               labels. Label metrics with the route's template (Express: req.route.path), never with \
               req.url.",
        python: "Replace the dict by cachetools.TTLCache(maxsize=..., ttl=...) or give functools.lru_cache a \
                 maxsize and hashable arguments from a finite set. The usual places: module-level dicts \
                 keyed by id, functools.cache, prometheus_client labels with the raw path, logging.getLogger \
                 with an id in its name, a defaultdict that creates an entry on every lookup.",
        go: "Replace the map or sync.Map by a bounded cache (for example hashicorp/golang-lru/v2/expirable \
             with a size and a time to live). The usual places: deduplication and singleflight maps that are \
             never deleted from, one limiter or mutex per client address, metric vectors labelled with a \
             path or a user. Label with the route's pattern (Request.Pattern since Go 1.23).",
        java: "Replace the ConcurrentHashMap by Caffeine.newBuilder().maximumSize(n).expireAfterWrite(d). \
               The usual places: computeIfAbsent on client input, @Cacheable with the default \
               ConcurrentMapCacheManager, which has no limit, sessions in memory, Micrometer tags with the \
               raw URI. Bound tags with MeterFilter.maximumAllowableTags.",
    },
    platform: OnPlatform {
        droplet: "Give the service its own memory limit (systemd: MemoryMax=), so that the kernel's OOM \
                  killer ends it and not another process, and alert on \
                  v1/insights/droplet/memory_utilization_percent. A rate limit in the proxy slows the \
                  filling; it does not bound it.",
        app_platform: "Autoscaling does not help: it has no memory metric, and each instance fills up by \
                       itself. Set MEM_UTILIZATION and RESTART_COUNT alerts at the component in the app \
                       spec. A shared cache belongs in a managed database rather than in each instance.",
        functions: "Module-level caches survive in warm containers and fill up with keys; recycling caps \
                    them. Memory is 128 MB to 1 GB, 256 MB unless set, and there is no memory metric. Bound \
                    the cache, or keep it outside the function.",
        kubernetes: "Set resources.limits.memory: the kernel then kills only this container and the kubelet \
                     restarts it in place. A HorizontalPodAutoscaler on memory only adds pods that fill up \
                     as well. A shared cache with its own eviction (for example Redis or Valkey with \
                     maxmemory and an LRU policy) is bounded once for all pods.",
    },
};
