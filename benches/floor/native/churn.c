/* Healthy: blocks of random sizes replace each other in a table, as in a cache: the heap is full of holes. */
#include "serve.h"

enum { SIZE = 4000, BLOCK_MAX = 4096, FOR_EACH = 3 };
static void *table[SIZE];

static void respond(long id, char *reply, size_t size) {
    for (int i = 0; i < FOR_EACH; i++) {
        int slot = rand() % SIZE;
        release(table[slot]);
        table[slot] = keep(16 + (size_t)(rand() % BLOCK_MAX));
    }
    snprintf(reply, size, "%ld", id);
}

int main(void) {
    serve();
}
