//! Sockets or pooled connections grow.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP008",
    title: "Connections grow, or aborted requests are not cleaned up",
    category: Category::Handles,
    cwe: &["CWE-772"],
    severity: SeverityRule::Range {
        low: Severity::Medium,
        high: Severity::High,
        rule: "high when clients can cause it by going away",
    },
    what: "Sockets to clients, to databases or to other services stay open or stay borrowed after the \
           request that used them. Often only requests that a client aborts leave one behind.",
    why: "A pool that is not given back its connections is empty after as many requests as it is large, and \
          from then on every request waits until it times out. What belongs to an aborted request (buffers, \
          a transaction with its locks, a goroutine) stays with it.",
    how_seen: "Sockets are counted by state at rest, when no request of Drip is open, and judged as memory is. By hand: \
               ss -tanp shows the connections of a process by state; many in CLOSE-WAIT are sockets whose other \
               side has gone and that the service has not closed. A pool's own metrics show how many are \
               borrowed at rest.",
    fix: Fix {
        general: "Give back on every path, in finally or its like, and before the response is sent rather \
                  than after. Pass the client's cancellation on to what works for it. Give the pool a \
                  maximum size, a timeout for waiting and a maximum lifetime, and create clients once per \
                  process, not once per request.",
        node: "Release in finally: const client = await pool.connect(); try { ... } finally { \
               client.release(); }, or use pool.query, which does it. Listen to close on the response and \
               abort upstream work with an AbortController. Reuse one http.Agent or undici Pool; consume or \
               destroy every response body, or its connection is not returned.",
        python: "Use with for connections and sessions (SQLAlchemy: with Session() as session; one engine \
                 per process). Create httpx.AsyncClient or aiohttp.ClientSession once. In async code expect \
                 CancelledError when the client goes away: clean up in finally and do not swallow it. \
                 pool_timeout and pool_recycle bound the rest.",
        go: "Use r.Context() for every query and outgoing request, so that a client's abort ends them. defer \
             rows.Close(), defer tx.Rollback() (harmless after Commit), read resp.Body to its end and close \
             it, else the connection is not reused. One http.Client and one sql.DB per process, with \
             SetMaxOpenConns and SetConnMaxLifetime.",
        java: "Use try-with-resources for Connection, Statement and ResultSet. HikariCP reports what was not \
               returned with leakDetectionThreshold; set maximumPoolSize, connectionTimeout and maxLifetime. \
               Complete or time out every AsyncContext and DeferredResult (onTimeout, onError), and close \
               HTTP responses.",
    },
    platform: OnPlatform {
        droplet: "ss -s gives the totals. The proxy in front has its own timeouts (nginx: \
                  proxy_read_timeout, keepalive_timeout); let the service's keep-alive be the longer one, or \
                  the proxy reuses connections that have just been closed.",
        app_platform: "Each instance has a pool of its own: instances times pool size must stay under the \
                       connection limit of the managed database, or put its connection pool (PgBouncer, for \
                       PostgreSQL) between. Autoscaling multiplies a pool that leaks.",
        functions: "Each warm container keeps its own connections, and up to 120 invocations of a namespace \
                    may run at once. Open one client at module level with a pool of one, and use the \
                    database's connection pool.",
        kubernetes: "Replicas times pool size must stay under the database's limit. Fail the readiness probe \
                     when the pool is exhausted, so that requests go elsewhere, and leave the liveness probe \
                     out of it: a restart does not mend a database.",
    },
};
