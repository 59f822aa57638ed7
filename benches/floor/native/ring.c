/* Healthy: a ring of the last 10,000 bodies. */
#include "serve.h"

enum { SIZE = 10000, BODY = 1000 };
static void *ring[SIZE];

static void respond(long id, char *reply, size_t size) {
    release(ring[id % SIZE]);
    ring[id % SIZE] = keep(BODY);
    snprintf(reply, size, "%ld", id);
}

int main(void) {
    serve();
}
