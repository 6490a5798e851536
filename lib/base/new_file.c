#include "lib/base/new_file.h"
#include "lib/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
fa_new_file_open(struct fa_new_file *new, const char *path, mode_t mode, struct fa_error *err)
{
    FA_AUTO_FD fd = -1;
    int length = snprintf(new->temporary, sizeof new->temporary, "%s.%d.new", path, (int)getpid());

    if (length < 0 || (size_t)length >= sizeof new->temporary)
        return fa_error_errno(err, FA_E_INTERNAL, ENAMETOOLONG, "create %s", path);
    /* One that a crash left behind; O_EXCL because nobody's link is to be followed. */
    unlink(new->temporary);
    fd = open(new->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode);
    new->path = path;
    new->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (new->file == NULL)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "create %s", new->temporary);
    fa_steal_fd(&fd);
    return 0;
}

int
fa_new_file_close(struct fa_new_file *new, bool written, int (*place)(const char *, const char *),
                  struct fa_error *err)
{
    int why;

    written = written && fflush(new->file) == 0 && fsync(fileno(new->file)) == 0;
    written = fclose(new->file) == 0 && written;
    if (written && place(new->temporary, new->path) == 0) {
        unlink(new->temporary);
        return 0;
    }
    why = errno;
    unlink(new->temporary);
    return fa_error_errno(err, FA_E_INTERNAL, why, "write %s", new->path);
}
