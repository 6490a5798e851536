/*
 * An HTTP server that answers by a script, for what no real server shows on demand.
 *
 * The first request gets the first step's answer, and so on over all connections; the last step
 * repeats.  What came is kept where the test can look.
 */
#ifndef FA_TESTS_SCRIPTED_H
#define FA_TESTS_SCRIPTED_H

#include "lib/base/cleanup.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SCRIPTED_REQUESTS = 64, SCRIPTED_HEAD = 2048 };

/* What is done behind the answer's bytes. */
enum scripted_end { KEEP, CLOSE, RESET, HANG };

struct scripted_step {
    const char *answer; /* status line, headers, body; "" for none */
    enum scripted_end end;
    size_t read_at_most; /* of the body; 0: all */
    int drip_ms;         /* between any two bytes of the answer; 0: none */
    size_t filler;       /* bytes 'x' behind the answer */
};

struct scripted {
    pid_t pid;
    int port;
    char endpoint[64];
    const struct scripted_step *steps;
    size_t count;
    struct scripted_log {
        atomic_int requests;
        char heads[SCRIPTED_REQUESTS][SCRIPTED_HEAD];
        size_t bodies[SCRIPTED_REQUESTS]; /* their lengths */
    } * log;
};

static inline void
scripted_send(int fd, const struct scripted_step *step)
{
    size_t length = strlen(step->answer);
    static char filler[65536];

    memset(filler, 'x', sizeof filler);
    for (size_t done = 0; done < length;) {
        size_t size = step->drip_ms > 0 ? 1 : length - done;
        ssize_t sent = send(fd, step->answer + done, size, MSG_NOSIGNAL);

        if (sent < 0)
            return;
        done += (size_t)sent;
        usleep((useconds_t)step->drip_ms * 1000);
    }
    for (size_t done = 0; done < step->filler;) {
        size_t left = step->filler - done;
        ssize_t sent = send(fd, filler, left < sizeof filler ? left : sizeof filler, MSG_NOSIGNAL);

        if (sent < 0)
            return;
        done += (size_t)sent;
    }
}

/* Reads one request; false at the connection's end. */
static inline bool
scripted_read(struct scripted *self, int fd, const struct scripted_step **step_r)
{
    static char body[65536];
    char head[SCRIPTED_HEAD] = "";
    size_t length = 0;
    size_t size = 0;
    size_t done = 0;
    int number;
    const char *field;

    while (strstr(head, "\r\n\r\n") == NULL) {
        if (length == sizeof head - 1 || recv(fd, head + length, 1, 0) != 1)
            return false;
        head[++length] = '\0';
    }
    number = atomic_fetch_add(&self->log->requests, 1);
    *step_r = &self->steps[(size_t)number < self->count ? (size_t)number : self->count - 1];
    if (number < SCRIPTED_REQUESTS)
        memcpy(self->log->heads[number], head, sizeof head);
    field = strstr(head, "Content-Length: ");
    if (field != NULL)
        size = strtoull(field + 16, NULL, 10);
    if (strstr(head, "Expect: 100-continue") != NULL)
        (void)!send(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
    if ((*step_r)->read_at_most > 0 && size > (*step_r)->read_at_most)
        size = (*step_r)->read_at_most;
    while (done < size) {
        ssize_t got = recv(fd, body, size - done < sizeof body ? size - done : sizeof body, 0);

        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    if (number < SCRIPTED_REQUESTS)
        self->log->bodies[number] = done;
    return true;
}

static inline void
scripted_serve(struct scripted *self, int fd)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    const struct scripted_step *step;

    while (scripted_read(self, fd, &step)) {
        scripted_send(fd, step);
        if (step->end == HANG)
            pause();
        if (step->end == RESET)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        if (step->end != KEEP)
            break;
    }
    close(fd);
    _exit(0);
}

static inline void
scripted_listen(struct scripted *self, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((in_port_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int yes = 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    self->port = ntohs(address.sin_port);
    snprintf(self->endpoint, sizeof self->endpoint, "http://127.0.0.1:%d", self->port);
    self->pid = fork();
    assert_true(self->pid >= 0);
    if (self->pid > 0) {
        close(listener);
        return;
    }
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd >= 0 && fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(listener);
            scripted_serve(self, fd);
        }
        close(fd);
    }
}

/* Starts the server; the steps live as long as it. */
static inline void
scripted_start(struct scripted *self, const struct scripted_step *steps, size_t count)
{
    *self = (struct scripted){.steps = steps, .count = count};
    self->log =
        mmap(NULL, sizeof *self->log, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(self->log, MAP_FAILED);
    scripted_listen(self, 0);
}

static inline void
scripted_stop(struct scripted *self)
{
    if (self->pid > 0) {
        setpgid(self->pid, self->pid);
        kill(-self->pid, SIGKILL);
        waitpid(self->pid, NULL, 0);
    }
    self->pid = 0;
    if (self->log != NULL)
        munmap(self->log, sizeof *self->log);
    self->log = NULL;
}

#endif
