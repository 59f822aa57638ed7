/* What the C services share: the server (one thread), ballast, and the service's own count of its live memory.
 *
 * A service includes this file, defines `respond`, and takes its memory by `keep` and `release`, which count what the
 * allocator really gave. When OWN_COUNT_FILE is set and nothing was asked for a moment, a line is appended.
 */
#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 256,
    REQUEST_BYTES_MAX = 8192,
    CHUNK_HEADER_BYTES = 8, /* before each block of glibc */
    BALLAST_OBJECT_BYTES = 104,
    REST_MS = 100, /* shorter than Drip rests before it reads, so that the count is done by then */
};

static long live_bytes, begun, answered;
static double last_answer;

/* Writes the answer of request `id` to `reply`, a string of at most `size` bytes. */
static void respond(long id, char *reply, size_t size);

static void *keep(size_t size) {
    char *block = malloc(size);
    if (!block) abort();
    memset(block, 1, size);
    live_bytes += (long)malloc_usable_size(block) + CHUNK_HEADER_BYTES;
    return block;
}

__attribute__((unused)) static void release(void *block) {
    if (block) live_bytes -= (long)malloc_usable_size(block) + CHUNK_HEADER_BYTES;
    free(block);
}

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void count_at_rest(const char *file) {
    static long counted;
    if (!file || counted == answered || now_ms() - last_answer < REST_MS) return;
    counted = answered;
    FILE *out = fopen(file, "a");
    if (!out) return;
    fprintf(out, "{\"requests\":%ld,\"bytes\":%ld,\"ms\":0}\n", answered, live_bytes);
    fclose(out);
}

struct connection {
    int socket;
    size_t filled;
    char request[REQUEST_BYTES_MAX];
};

/* Answers every whole request that was received; 0 when the connection shall be closed. */
static int converse(struct connection *connection) {
    size_t room = sizeof connection->request - 1 - connection->filled;
    ssize_t got = recv(connection->socket, connection->request + connection->filled, room, 0);
    if (got <= 0) return 0;
    connection->filled += (size_t)got;
    connection->request[connection->filled] = 0;
    for (char *end; (end = strstr(connection->request, "\r\n\r\n"));) {
        char *length = strcasestr(connection->request, "content-length:");
        size_t whole = (size_t)(end + 4 - connection->request);
        if (length && length < end) whole += strtoul(length + 15, 0, 10);
        if (connection->filled < whole) break;
        char body[256], reply[512];
        respond(++begun, body, sizeof body);
        const char *head = "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s";
        int size = snprintf(reply, sizeof reply, head, strlen(body), body);
        if (send(connection->socket, reply, (size_t)size, MSG_NOSIGNAL) != size) return 0;
        memmove(connection->request, connection->request + whole, connection->filled - whole + 1);
        connection->filled -= whole;
        answered++;
        last_answer = now_ms();
    }
    return connection->filled < sizeof connection->request - 1;
}

static int listen_at(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 128)) {
        perror("listen");
        exit(1);
    }
    return listener;
}

static void load_ballast(void) {
    void **newest = 0;
    const char *megabytes = getenv("BALLAST_MB");
    for (long bytes = megabytes ? atol(megabytes) * 1000000 : 0; bytes > 0; bytes -= BALLAST_OBJECT_BYTES) {
        void **block = keep(BALLAST_OBJECT_BYTES - CHUNK_HEADER_BYTES);
        *block = newest;
        newest = block;
    }
}

static void serve(void) {
    static struct pollfd polled[CONNECTIONS_MAX + 1];
    static struct connection connections[CONNECTIONS_MAX + 1];
    int open = 1, one = 1;
    load_ballast();
    polled[0] = (struct pollfd){.fd = listen_at(getenv("PORT") ? atoi(getenv("PORT")) : 0), .events = POLLIN};
    for (;;) {
        poll(polled, (nfds_t)open, REST_MS / 8);
        count_at_rest(getenv("OWN_COUNT_FILE"));
        for (int i = open - 1; i > 0; i--) {
            if (!polled[i].revents || converse(&connections[i])) continue;
            close(polled[i].fd);
            open--;
            polled[i] = polled[open];
            connections[i] = connections[open];
        }
        if (!(polled[0].revents & POLLIN) || open > CONNECTIONS_MAX) continue;
        int socket = accept(polled[0].fd, 0, 0);
        if (socket < 0) continue;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        polled[open] = (struct pollfd){.fd = socket, .events = POLLIN};
        connections[open++] = (struct connection){.socket = socket};
    }
}
