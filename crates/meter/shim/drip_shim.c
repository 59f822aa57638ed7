/* Preloaded into a native service when the user asks for it: it answers on a Unix socket in the private
 * folder of the run. Whoever connects makes it give free memory back and gets one line of numbers. Nothing of
 * the heap is ever told.
 *
 * Nothing happens before a process listens somewhere, so shells and other helpers that load it too stay as
 * they are. No malloc in the service's threads but that of starting ours, no output, no signal: whatever goes
 * wrong, it stays silent.
 *
 * It is linked against no C library, so that it demands no version of one; what need not exist is weak. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define WEAK __attribute__((weak))
#define BACKLOG 4
/* Thread-local variables of the service take their share of a stack. */
#define STACK_BYTES (256 * 1024)
/* Enough to be told from what other threads do at rest. */
#define PROBE_BYTES (100 * 1024) /* below what malloc maps: freeing a mapping would change its threshold */

struct usage {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
/* Not in musl, nor in glibc before 2.33. */
extern struct usage mallinfo2(void) WEAK;
extern int malloc_trim(size_t) WEAK;
/* In libraries of their own before glibc 2.34. */
extern int pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) WEAK;
extern int pthread_attr_setstacksize(pthread_attr_t *, size_t) WEAK;
/* What glibc's pthread_atfork, which is no part of the shared library, calls. */
extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *) WEAK;

static char folder[sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof "/2147483647.sock"];
static volatile pid_t armed;
static int server = -1;

static size_t in_use(struct usage usage) { return usage.uordblks + usage.hblkhd; }

/* Whether malloc is the one that mallinfo2 counts, rather than jemalloc or another. */
static int is_counted(void) {
    size_t before = in_use(mallinfo2());
    void *volatile probe = malloc(PROBE_BYTES);
    size_t after = in_use(mallinfo2());
    free(probe);
    return probe && after >= before + PROBE_BYTES / 2;
}

static void answer(int client) {
    char line[128];
    int counted = is_counted();
    malloc_trim(0);
    struct usage usage = mallinfo2();
    int length = snprintf(line, sizeof line, "inuse=%zu taken=%zu counted=%d\n", in_use(usage),
                          usage.arena + usage.hblkhd, counted);
    send(client, line, length, MSG_NOSIGNAL);
    /* A process that was forked meanwhile has this connection too, and would keep it open. */
    shutdown(client, SHUT_RDWR);
    close(client);
}

static void *serve(void *unused) {
    prctl(PR_SET_NAME, "drip floor");
    for (;;) {
        int client = accept4(server, NULL, NULL, SOCK_CLOEXEC);
        if (client >= 0) answer(client);
        else if (errno != EINTR && errno != ECONNABORTED) return unused;
    }
}

/* A socket that a living hook listens at stays; one of an earlier program in this process is replaced. */
static int bound(int fd) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s/%d.sock", folder, (int)getpid());
    if (bind(fd, (void *)&at, sizeof at) == 0) return 1;
    if (errno != EADDRINUSE || connect(fd, (void *)&at, sizeof at) == 0 || errno != ECONNREFUSED) return 0;
    unlink(at.sun_path);
    return bind(fd, (void *)&at, sizeof at) == 0;
}

static void start_thread(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    /* Signals of the service are for its own threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_create(&thread, &attributes, serve, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

static void arm(void) {
    int error = errno;
    pid_t self = getpid();
    if (folder[0] && __sync_lock_test_and_set(&armed, self) != self) {
        if (server >= 0) close(server);
        server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (server >= 0 && bound(server) && syscall(SYS_listen, server, BACKLOG) == 0) start_thread();
        else if (server >= 0) server = close(server) - 1;
    }
    errno = error;
}

static void forked(void) {
    if (armed) arm();
}

/* Straight to the kernel, as the C library does: finding the next `listen` would need another library. */
int listen(int fd, int backlog) {
    int result = syscall(SYS_listen, fd, backlog);
    if (result == 0) arm();
    return result;
}

__attribute__((constructor)) static void load(void) {
    const char *path = getenv("DRIP_FLOOR");
    if (!path || strlen(path) >= sizeof folder) return;
    if (!mallinfo2 || !malloc_trim || !pthread_create || !pthread_attr_setstacksize) return;
    strcpy(folder, path);
    if (__register_atfork) __register_atfork(NULL, NULL, forked, NULL);
}
