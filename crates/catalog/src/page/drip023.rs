//! No rate limit seen.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP023",
    title: "No rate limit seen",
    category: Category::Limits,
    cwe: &["CWE-770", "CWE-799"],
    severity: SeverityRule::Fixed(Severity::Low),
    what: "Many requests from one client were answered without a single 429 and without headers that speak \
           of a limit.",
    why: "One client can take what is meant for all, and every other weakness (a leak, an expensive query, a \
          guessable code) can be used at full speed. A rate limit does not mend a leak: it only lengthens \
          the time until the end.",
    how_seen: "A scan of a host that the user owns, with a thousand requests and more, none of which was answered \
               with 429. None seen means none at that rate: a limit above it, or one that spares the tester's \
               address, remains invisible. On the machine itself it is not looked for.",
    fix: Fix {
        general: "Limit by what identifies a client best: key or account first, address second. Answer 429 \
                  with Retry-After. Put the cheap limit into the proxy and the exact one for expensive \
                  operations into the application, with a counter that all instances share. The limiter's \
                  own table needs a maximum, or it becomes DRIP003.",
        node: "express-rate-limit or @fastify/rate-limit, with a shared store (Redis or Valkey) when there \
               is more than one process: the store in memory counts per process. Set trust proxy to the \
               exact number of proxies, otherwise everybody shares the proxy's address or chooses one with \
               X-Forwarded-For.",
        python: "slowapi or limits for FastAPI and Starlette, Flask-Limiter for Flask, throttling classes in \
                 Django REST framework. Use Redis or Valkey as storage: memory storage counts per worker. \
                 Take the client's address only from a proxy that you trust.",
        go: "golang.org/x/time/rate with one limiter per client, in a bounded cache so that idle clients are \
             evicted: a plain map of limiters by address is a leak of its own (DRIP003). Limit work in \
             flight as well, with a semaphore.",
        java: "Bucket4j or Resilience4j RateLimiter in a filter, RequestRateLimiter in Spring Cloud Gateway. \
               Keep buckets in a shared store, or in Caffeine with maximumSize.",
    },
    platform: OnPlatform {
        droplet: "nginx: limit_req_zone with $binary_remote_addr, limit_req with burst, and limit_conn; \
                  limit_req_status 429. Its zone has a fixed size, so it does not grow.",
        app_platform: "Autoscaling by requests per second answers a flood with more instances, at their \
                       price; it does not limit anybody. Limit in the application, with a shared counter, or \
                       in a service in front of it. A REQUESTS_PER_SECOND alert tells when it happens.",
        functions: "600 invocations per minute and 120 at once are the limits of a namespace; they protect \
                    the platform, and one client can use up all of them. Check a key first and refuse early: \
                    time is paid for.",
        kubernetes: "Limit in the ingress or gateway where it can (ingress-nginx: \
                     nginx.ingress.kubernetes.io/limit-rps; it counts per replica of the controller), and in \
                     the application for what is expensive. The CPU autoscaler follows a flood up to \
                     maxReplicas; choose that number.",
    },
};
