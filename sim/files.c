#include "sim/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

char *files_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static int sync_path(const char *path, int flags, struct error *e)
{
    int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
    /* Some file systems cannot sync a folder and say EINVAL; there is nothing better to do then. */
    bool good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    int cause = errno;
    if (fd >= 0 && close(fd) != 0 && good) {
        good = false;
        cause = errno;
    }
    return good ? 0 : error_set(e, ERROR_FAILURE, "%s: cannot be brought to the disk: %s", path, strerror(cause));
}

int files_sync(const char *path, struct error *e) { return sync_path(path, 0, e); }

int files_sync_folder(const char *folder, struct error *e) { return sync_path(folder, O_DIRECTORY, e); }
