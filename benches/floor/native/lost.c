/* Leaking: an early return forgets 100 bytes of every fourth request. */
#include "serve.h"

static void respond(long id, char *reply, size_t size) {
    char *text = keep(100);
    snprintf(reply, size, "%ld", id);
    if (id % 4 == 0) return;
    release(text);
}

int main(void) {
    serve();
}
