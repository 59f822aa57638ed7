/* Healthy: one thread for each hundredth request, with scratch memory in an arena of its own; all of them end. */
#include <pthread.h>

#include "serve.h"

enum { SCRATCH = 100 * 1024, EVERY = 100 };

static void *work(void *id) {
    char *scratch = malloc(SCRATCH);
    if (scratch) memset(scratch, (int)(long)id, SCRATCH);
    free(scratch);
    return 0;
}

static void respond(long id, char *reply, size_t size) {
    pthread_t thread;
    void *large = keep(id % 2 ? 1000000 : 1000);
    if (id % EVERY == 0 && pthread_create(&thread, 0, work, (void *)id) == 0) pthread_join(thread, 0);
    release(large);
    snprintf(reply, size, "%ld", id);
}

int main(void) {
    serve();
}
