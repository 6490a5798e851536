/*
 * The least a FastCGI program can do: what bench/run measures the service against.
 *
 *   trivial SOCKET PROCESSES        answers every request with the same 404
 *   trivial SOCKET PROCESSES PATH   answers every request with X-Accel-Redirect to PATH, a picture
 *
 * It runs until it is told to stop; its processes end with the first one.
 */
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { BACKLOG = 512, ANSWER_BYTES = 4096, PROCESSES_MAX = 1024 };

static int
make_answer(char *answer, const char *path)
{
    if (path != NULL)
        return snprintf(answer, ANSWER_BYTES,
                        "Status: 200\r\nContent-Type: image/png\r\nX-Accel-Redirect: %s\r\n\r\n",
                        path);
    return snprintf(answer, ANSWER_BYTES,
                    "Status: 404\r\nContent-Type: application/problem+json\r\n\r\n"
                    "{\"type\":\"about:blank\",\"status\":404,\"title\":\"Not Found\","
                    "\"detail\":\"Object not found in database.\"}");
}

/* The caller goes on as one of the processes. */
static void
start_processes(long count)
{
    pid_t first = getpid();

    while (--count > 0)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            if (getppid() != first)
                _exit(EXIT_FAILURE);
            return;
        }
}

int
main(int argc, char **argv)
{
    char answer[ANSWER_BYTES];
    FCGX_Request request;
    int length;
    int listener;
    long processes = argc == 3 || argc == 4 ? strtol(argv[2], NULL, 10) : 0;

    if (processes < 1 || processes > PROCESSES_MAX) {
        fprintf(stderr, "usage: trivial SOCKET PROCESSES [PATH]\n");
        return EXIT_FAILURE;
    }
    length = make_answer(answer, argv[3]);
    listener = length < ANSWER_BYTES && FCGX_Init() == 0 ? FCGX_OpenSocket(argv[1], BACKLOG) : -1;
    if (listener < 0 || FCGX_InitRequest(&request, listener, 0) != 0) {
        fprintf(stderr, "trivial: cannot listen on %s\n", argv[1]);
        return EXIT_FAILURE;
    }
    start_processes(processes);
    while (FCGX_Accept_r(&request) == 0)
        FCGX_PutStr(answer, length, request.out);
    return EXIT_FAILURE;
}
