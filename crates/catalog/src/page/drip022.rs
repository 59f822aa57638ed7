//! Responses grow, or a list is not paginated.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP022",
    title: "Responses grow, or a list is not paginated",
    category: Category::Limits,
    cwe: &["CWE-770"],
    severity: SeverityRule::Fixed(Severity::Medium),
    what: "An endpoint returns all there is, or as much as the client asks for. Its answer grows with the \
           data, and with it the memory that each request needs to build it.",
    why: "Time and memory of one request grow with the table behind it, without any change of code or \
          traffic. A few requests at once are then a spike (DRIP006). A page size of a million, chosen by \
          the client, does the same at once.",
    how_seen: "Answers that become larger with every dose of a run, by half at least, are reported. With --probes, \
               requests that have a page size in their query (limit, per_page, page[size], top, \u{2026}) ask for ten \
               items and for a million: an answer of a mebibyte or more, twenty times as long as that of ten, \
               shows that there is no maximum, or a very large one.",
    fix: Fix {
        general: "Give every list a default and a maximum page size, on the server, and refuse or clamp \
                  more. Page by key (WHERE id > last ORDER BY id LIMIT n) rather than by offset, which reads \
                  all that it skips. Bound nested and expanded lists too. Stream exports instead of building \
                  them.",
        node: "Clamp in one place: const limit = Math.min(Number(req.query.limit) || 50, 200), and pass it \
               to the query (Prisma: take and cursor; Sequelize: limit). findAll() or find({}) without it is \
               what to search for. In GraphQL, require first or last and set a maximum of depth and cost.",
        python: "Django REST framework: set DEFAULT_PAGINATION_CLASS and PAGE_SIZE, and max_page_size where \
                 clients may choose. FastAPI: limit: int = Query(50, ge=1, le=200). SQLAlchemy: .limit(n); \
                 iterate with yield_per for exports. Search for .all() in handlers.",
        go: "Parse limit, clamp it, and put LIMIT into the SQL, not into the loop over the rows. Allocate \
             slices for the clamped number and never for a number from the request. Write exports row by row \
             with json.Encoder.",
        java: "Return Page or Slice with a Pageable, and set spring.data.web.pageable.max-page-size (2000 \
               unless set). findAll() without a Pageable is what to search for. Beware of a join fetch with \
               paging: Hibernate then pages in memory and warns with HHH90003004 or HHH000104.",
    },
    platform: OnPlatform {
        droplet: "Bandwidth out shows it first: v1/insights/droplet/public_outbound_bandwidth rises at the \
                  same number of requests. Compression in the proxy saves bandwidth, not the memory that \
                  builds the answer.",
        app_platform: "Instance memory must hold the largest answer times the requests at once. Outbound \
                       transfer above the allowance is paid for. REQUEST_DURATION_P95_MS rises with the \
                       answer.",
        functions: "Responses are limited to 1 MB: a list that is not paginated works until it suddenly \
                    fails. Page it, or put the result into object storage and return a link.",
        kubernetes: "Growth by data looks like a leak in a graph over weeks. Compare memory at rest: it \
                     returns after a large answer, and after a leak it does not. Limits need room for the \
                     largest answer times concurrency.",
    },
};
