/* The server that all load generators are measured against: one thread, level-triggered epoll, one fixed answer.
 * It parses nothing: a request ends with an empty line, and "connection: close" in it ends the connection. After
 * "GET /stall " it stands still for a second.
 * Usage: server PORT */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, BYTES = 65536, BACKLOG = 4096 };

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"msg\":\"ok\"}";
static const char LAST_ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"
                                  "Connection: close\r\n\r\n{\"msg\":\"ok\"}";

static void check(int result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static int listen_on(int port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    check(listener, "socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    check(bind(listener, (struct sockaddr *)&address, sizeof address), "bind");
    check(listen(listener, BACKLOG), "listen");
    return listener;
}

static void add(int poll, int socket) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = socket};
    check(epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
}

static void accept_all(int poll, int listener) {
    int socket, on = 1;
    while ((socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        add(poll, socket);
    }
}

static void serve(int socket) {
    static char bytes[BYTES + 1];
    ssize_t length = read(socket, bytes, BYTES);
    if (length <= 0) {
        close(socket);
        return;
    }
    bytes[length] = 0;
    if (strcasestr(bytes, "\r\nconnection: close\r\n")) {
        if (write(socket, LAST_ANSWER, sizeof LAST_ANSWER - 1) > 0)
            close(socket);
        return;
    }
    if (!strncmp(bytes, "GET /stall ", 11))
        sleep(1);
    for (char *end = bytes; (end = strstr(end, "\r\n\r\n")); end += 4)
        if (write(socket, ANSWER, sizeof ANSWER - 1) < 0)
            return;
}

int main(int count, char **words) {
    if (count != 2)
        return 2;
    int listener = listen_on(atoi(words[1])), poll = epoll_create1(0);
    struct epoll_event events[EVENTS];
    add(poll, listener);
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++)
            if (events[i].data.fd == listener)
                accept_all(poll, listener);
            else
                serve(events[i].data.fd);
    }
}
