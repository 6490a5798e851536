/*
 * fileapi-cad: reads a part's file, writes figures, model and picture.
 *
 * The one program that parses what users upload.  It has no database, no network, no token; by hand
 * it is a converter.
 */
#include "jobs/cad/analysis.h"
#include "jobs/cad/part.h"
#include "lib/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_CONTENT = 3, EXIT_USAGE = 64 };

static const char usage_text[] =
    "usage: fileapi-cad --in FILE [--metrics FILE] [--glb FILE [--meshopt]] [--png FILE]\n"
    "                   [--png-small FILE] [--name NAME] [--size PIXELS] [--progress FILE]\n"
    "\n"
    "  --in FILE        the part: STEP, IGES, STL, OBJ or 3MF, told by its content\n"
    "  --metrics FILE   figures, as JSON\n"
    "  --glb FILE       the model, as binary glTF 2.0\n"
    "  --meshopt        compress the model (EXT_meshopt_compression)\n"
    "  --png FILE       the picture\n"
    "  --png-small FILE the same in half the size\n"
    "  --name NAME      the model's name\n"
    "  --size PIXELS    the picture's side, 16 to 1024 (512)\n"
    "  --progress FILE  a line for every step\n"
    "  --no-sandbox     keep the rights of whoever calls, where the kernel has no sandbox\n"
    "\n"
    "A FILE may be fd:N, an open descriptor.  Exit status: 0 done, 3 the file cannot be used,\n"
    "1 anything else went wrong.\n";

static int
usage(FILE *out, int status)
{
    fputs(usage_text, out);
    return status;
}

/* Opens a file, or takes the descriptor that "fd:N" names; -1 with a message. */
static int
open_file(const char *name, int flags)
{
    char *end;
    long number;
    int fd;

    if (strncmp(name, "fd:", 3) == 0) {
        number = strtol(name + 3, &end, 10);
        fd = *end == '\0' && number >= 0 && number < 1024 ? (int)number : -1;
        errno = EBADF;
    } else {
        fd = open(name, flags | O_CLOEXEC, 0666);
    }
    if (fd < 0 || fcntl(fd, F_GETFD) < 0) {
        fprintf(stderr, "fileapi-cad: open %s: %s\n", name, strerror(errno));
        return -1;
    }
    return fd;
}

/* Opens what was asked for; -1 when one cannot be opened. */
static int
open_files(const char *const names[FA_CAD_FILES], struct fa_cad_request *request)
{
    for (int i = 0; i < FA_CAD_FILES; i++) {
        request->files[i] = -1;
        if (names[i] == NULL)
            continue;
        request->files[i] =
            open_file(names[i], i == FA_CAD_IN ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC);
        if (request->files[i] < 0)
            return -1;
    }
    return 0;
}

/* Exact formats are for the program with Open CASCADE, which lies beside this one and takes the
 * same arguments; descriptors named in them stay open.  Returns only when that failed. */
static int
become_exact(char **argv)
{
    static const char name[] = "fileapi-cad-exact";
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof name);
    char *slash;

    path[length > 0 ? length : 0] = '\0';
    slash = strrchr(path, '/');
    if (slash != NULL) {
        memcpy(slash + 1, name, sizeof name);
        execv(path, argv);
    }
    fprintf(stderr, "fileapi-cad: cannot start %s: %s\n", name, strerror(errno));
    return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        {"in", required_argument, NULL, FA_CAD_IN},
        {"metrics", required_argument, NULL, FA_CAD_METRICS},
        {"glb", required_argument, NULL, FA_CAD_GLB},
        {"png", required_argument, NULL, FA_CAD_PNG},
        {"png-small", required_argument, NULL, FA_CAD_PNG_SMALL},
        {"progress", required_argument, NULL, FA_CAD_PROGRESS},
        {"name", required_argument, NULL, 'n'},
        {"size", required_argument, NULL, 's'},
        {"meshopt", no_argument, NULL, 'm'},
        {"no-sandbox", no_argument, NULL, 'u'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    const char *names[FA_CAD_FILES] = {NULL};
    struct fa_cad_request request = {.name = "part", .size = FA_RENDER_SIZE};
    struct fa_error err = {0};
    bool boxed = true;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'n')
            request.name = optarg;
        else if (option == 's')
            request.size = (uint32_t)strtoul(optarg, NULL, 10);
        else if (option == 'm')
            request.meshopt = true;
        else if (option == 'u')
            boxed = false;
        else if (option == 'h')
            return usage(stdout, EXIT_SUCCESS);
        else if (option == 'v')
            return puts("fileapi-cad " PACKAGE_VERSION) < 0;
        else if (option == '?')
            return usage(stderr, EXIT_USAGE);
        else
            names[option] = optarg;
    }
    if (names[FA_CAD_IN] == NULL || optind < argc || request.size < 16 ||
        request.size > FA_RENDER_SIZE_MAX)
        return usage(stderr, EXIT_USAGE);
    if (open_files(names, &request) < 0)
        return EXIT_FAILURE;
    if (fa_brep_open == NULL && fa_part_is_exact(request.files[FA_CAD_IN]))
        return become_exact(argv);
    if ((!boxed || fa_sandbox_enter(request.files[FA_CAD_IN], &err) == 0) &&
        fa_cad_analyse(&request, &err) == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "fileapi-cad: %s\n", err.detail);
    if (err.action[0] != '\0')
        fprintf(stderr, "HINT: %s\n", err.action);
    return err.code == FA_E_CONTENT ? EXIT_CONTENT : EXIT_FAILURE;
}
