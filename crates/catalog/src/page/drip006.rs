//! One request takes a large part of the limit.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP006",
    title: "One request takes a large part of the memory limit",
    category: Category::Memory,
    cwe: &["CWE-789"],
    severity: SeverityRule::Fixed(Severity::High),
    what: "A single request makes memory jump by a large share of what the service may use, and most of it \
           comes back afterwards. It is a spike, not a trend: a file read whole, a result set without a \
           limit, an image decoded, a large document serialised.",
    why: "A few such requests at the same moment pass the limit, and the service is killed although nothing \
          leaks. The average in a graph hides it: the spike lasts less than the interval between two points.",
    how_seen: "Not reported by this version of Drip. By hand: read memory.peak of the service's cgroup \
               (Linux 5.19 or later), send the request once, read it again, and multiply the difference by \
               the requests that may run at the same time.",
    fix: Fix {
        general: "Stream instead of collecting: read, transform and write piece by piece. Put a maximum on \
                  what one request may ask for (page size, body size, pixels of an image) and refuse more \
                  with 413 or 400. Limit how many of the expensive requests run at once, with a queue of \
                  fixed length.",
        node: "Use stream.pipeline from source to response instead of readFile, Buffer.concat or res.json of \
               everything. For uploads use disk or a stream (multer.diskStorage, busboy) instead of \
               multer.memoryStorage. Read query results through a cursor. Set limit on express.json and a \
               limit of pixels on image libraries.",
        python: "Iterate instead of reading: for chunk in file, StreamingResponse or a generator as the \
                 response, server-side cursors (psycopg: a named cursor; SQLAlchemy: yield_per). Do not call \
                 request.get_data(), read() or list() on something whose size a client chooses. In Flask set \
                 MAX_CONTENT_LENGTH.",
        go: "Use io.Copy and json.Decoder or json.Encoder on the stream instead of io.ReadAll and \
             json.Marshal of everything; http.MaxBytesReader around the body; rows.Next instead of a slice \
             of all rows. The argument of ParseMultipartForm is what it may keep in memory, the rest goes to \
             files. Bound concurrency with a semaphore channel.",
        java: "Use InputStream.transferTo, StreamingResponseBody or a reactive stream instead of byte[] and \
               readAllBytes. Set a fetch size and iterate (JPA: getResultStream). Keep \
               spring.servlet.multipart.file-size-threshold low, so that uploads go to disk, and set \
               max-file-size and max-request-size.",
    },
    platform: OnPlatform {
        droplet: "The metrics agent reports about once a minute, so a spike of seconds is not in the graph. \
                  Look in the kernel log for the OOM killer (journalctl -k), and set MemoryMax= on the \
                  service so that it alone pays.",
        app_platform: "Memory of the instance size, less the idle service, divided by the spike, is the \
                       number of such requests at once; more instances help only when the load is spread \
                       over them. A MEM_UTILIZATION alert over five minutes does not see a spike; \
                       RESTART_COUNT does see its end.",
        functions: "Memory is 128 MB to 1 GB per function. Requests and responses are limited to 1 MB, so \
                    spikes come from what the function fetches or unpacks. Hand over a link to object \
                    storage instead of the content.",
        kubernetes: "Averages hide the spike; memory.peak of the container's cgroup and the termination \
                     reason OOMKilled show it. Set the limit to idle memory plus spikes times concurrency, \
                     and limit the concurrency.",
    },
};
