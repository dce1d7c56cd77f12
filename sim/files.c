#include "sim/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

int files_publish(const char *temporary, const char *path, bool replace, struct error *e)
{
    char *folder = files_folder(path);
    if (folder == NULL) return error_memory(e, "a path", 4096);
    int status = files_sync(temporary, e);
    if (status == 0) {
        status = renameat2(AT_FDCWD, temporary, AT_FDCWD, path, replace ? 0 : RENAME_NOREPLACE);
        if (status != 0 && !replace && errno == EINVAL) { /* a file system without that flag */
            errno = EEXIST;
            if (access(path, F_OK) != 0) status = rename(temporary, path);
        }
        if (status != 0) error_set(e, ERROR_FAILURE, "%s: cannot be put in place: %s", path, strerror(errno));
    }
    if (status == 0) status = files_sync_folder(folder, e);
    free(folder);
    return status;
}

static int write_all(int descriptor, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, text, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -1;
        text += written;
        size -= (size_t)written;
    }
    return 0;
}

static int write_file(const char *path, const char *text, size_t size, struct error *e)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (descriptor < 0) return error_set(e, ERROR_FAILURE, "%s: cannot be made: %s", path, strerror(errno));
    bool good = write_all(descriptor, text, size) == 0;
    int cause = errno;
    if (close(descriptor) != 0 && good) {
        good = false;
        cause = errno;
    }
    return good ? 0 : error_set(e, ERROR_FAILURE, "%s: cannot be written: %s", path, strerror(cause));
}

char *files_temporary(const char *path)
{
    char *name = NULL;
    return asprintf(&name, "%s.enforcesim-tmp", path) >= 0 ? name : NULL;
}

int files_write(const char *path, bool replace, const char *text, size_t size, struct error *e)
{
    char *temporary = files_temporary(path);
    if (temporary == NULL) return error_memory(e, "a path", 4096);
    unlink(temporary); /* of a program that was killed; a link there is not to be followed */
    int status = write_file(temporary, text, size, e);
    if (status == 0) status = files_publish(temporary, path, replace, e);
    if (status != 0) unlink(temporary);
    free(temporary);
    return status;
}
