/* What the kernel alone costs: the least that a client of one read and one write per request can do.
 * Usage: raw load PORT CONNECTIONS SECONDS THREADS   closed loops that parse nothing
 *        raw timer PER_SECOND SECONDS                a timer that does nothing, and how late it is
 * Prints one line of JSON. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, BYTES = 65536, THREADS = 64, LATE_MICROS = 1000000 };

struct part {
    int port, connections;
    double seconds;
    long requests;
};

static const char REQUEST[] = "GET /data HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void check(int result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static void ask(int socket) { check(write(socket, REQUEST, sizeof REQUEST - 1), "write"); }

static void connect_one(int poll, int port) {
    int connection = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.fd = connection};
    check(connect(connection, (struct sockaddr *)&address, sizeof address), "connect");
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    check(epoll_ctl(poll, EPOLL_CTL_ADD, connection, &event), "epoll_ctl");
    ask(connection);
}

static void *loop(void *argument) {
    struct part *part = argument;
    char bytes[BYTES];
    struct epoll_event events[EVENTS];
    int poll = epoll_create1(0);
    double start = now(), time = start;
    for (int i = 0; i < part->connections; i++)
        connect_one(poll, part->port);
    while (time - start < part->seconds) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            check(read(events[i].data.fd, bytes, BYTES) > 0 ? 0 : -1, "read");
            part->requests++;
            /* A load generator has to know how long each request took. */
            time = now();
            ask(events[i].data.fd);
        }
    }
    return NULL;
}

static int load(int port, int connections, double seconds, int threads) {
    struct part parts[THREADS] = {0};
    pthread_t ids[THREADS];
    long requests = 0;
    double start = now();
    if (threads < 1 || threads > THREADS)
        return 2;
    for (int i = 0; i < threads; i++) {
        int share = connections / threads + (i < connections % threads);
        parts[i] = (struct part){.port = port, .connections = share, .seconds = seconds};
        check(-pthread_create(&ids[i], NULL, loop, &parts[i]), "pthread_create");
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        requests += parts[i].requests;
    }
    printf("{\"requests\": %ld, \"busySeconds\": %.3f}\n", requests, now() - start);
    return 0;
}

static int timer(double per_second, double seconds) {
    static long late[LATE_MICROS + 1];
    int poll = epoll_create1(0);
    struct epoll_event event;
    long ticks = per_second * seconds, seen = 0, micros = 0;
    double start = now();
    prctl(PR_SET_TIMERSLACK, 1UL);
    for (long tick = 0; tick < ticks; tick++) {
        double due = start + tick / per_second, wait;
        while ((wait = due - now()) > 0) {
            struct timespec timeout = {.tv_sec = wait, .tv_nsec = (wait - (long)wait) * 1e9};
            epoll_pwait2(poll, &event, 1, &timeout, NULL);
        }
        micros = (now() - due) * 1e6;
        late[micros < LATE_MICROS ? micros : LATE_MICROS]++;
    }
    for (micros = 0; micros < LATE_MICROS && (seen += late[micros]) < ticks * 0.999; micros++)
        ;
    printf("{\"lateP999Micros\": %ld}\n", micros);
    return 0;
}

int main(int count, char **words) {
    if (count == 6 && !strcmp(words[1], "load"))
        return load(atoi(words[2]), atoi(words[3]), atof(words[4]), atoi(words[5]));
    if (count == 4 && !strcmp(words[1], "timer"))
        return timer(atof(words[2]), atof(words[3]));
    return 2;
}
