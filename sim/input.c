/* Reading files that others wrote. */
#include "sim/input.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int no_reading(const struct input *in, struct error *e)
{
    return error_set(e, ERROR_INPUT, "%.600s: cannot be read: %s", in->shown, strerror(errno));
}

static int no_opening(const struct input *in, struct error *e)
{
    return error_set(e, ERROR_INPUT, "%.600s: cannot be opened: %s", in->shown, strerror(errno));
}

static int check_regular(const struct input *in, mode_t mode, struct error *e)
{
    if (S_ISDIR(mode)) return error_set(e, ERROR_INPUT, "%.600s: is a folder; allowed: %s", in->shown, in->what);
    if (S_ISREG(mode)) return 0;
    return error_set(e, ERROR_INPUT, "%.600s: is not a regular file; allowed: %s", in->shown, in->what);
}

/* The folder of a path without links, opened part by part, so that a link which turned up after the path was resolved is not
 * followed. `name` receives what comes after the folder. -1 with errno. */
static int open_folder(const char *real, const char **name)
{
    int folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const char *part = real + 1;
    for (const char *slash; folder >= 0 && (slash = strchr(part, '/')) != NULL; part = slash + 1) {
        char one[NAME_MAX + 1];
        snprintf(one, sizeof one, "%.*s", (int)(slash - part), part);
        int next = openat(folder, one, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), cause = errno;
        close(folder);
        errno = cause;
        folder = next;
    }
    *name = *part != '\0' ? part : ".";
    return folder;
}

/* What is no regular file is not even opened, for opening a device can already do something; and checked again when open. */
static int open_regular(const struct input *in, int folder, const char *name, struct stat *status, struct error *e)
{
    if (fstatat(folder, name, status, AT_SYMLINK_NOFOLLOW) != 0) return no_opening(in, e);
    if (check_regular(in, status->st_mode, e) != 0) return -1;
    int descriptor = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) return no_opening(in, e);
    if (fstat(descriptor, status) == 0 && check_regular(in, status->st_mode, e) == 0) return descriptor;
    close(descriptor);
    return no_opening(in, e);
}

/* A results file by mistake. */
static int check_text(const struct input *in, struct error *e)
{
    static const char signature[] = "\x89HDF\r\n\x1a\n";
    if (in->length < sizeof signature - 1 || memcmp(in->text, signature, sizeof signature - 1) != 0) return 0;
    return error_set(e, ERROR_INPUT, "%.600s: is a results file or another of HDF5; allowed: %s", in->shown, in->what);
}

/* A file in /proc or one that grows has no useful size, so `size` is a guess and we read to the end. */
static int read_all(struct input *in, int descriptor, size_t size, struct error *e)
{
    size_t capacity = (size < in->most ? size : in->most) + 2;
    for (;;) {
        char *larger = realloc(in->text, capacity);
        if (larger == NULL) return error_memory(e, in->what, (double)capacity);
        in->text = larger;
        while (in->length < capacity - 1) {
            ssize_t got = read(descriptor, in->text + in->length, capacity - 1 - in->length);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return no_reading(in, e);
            in->text[in->length + (size_t)got] = '\0';
            if (got == 0) return 0;
            in->length += (size_t)got;
        }
        if (in->length > in->most) {
            if (check_text(in, e) != 0) return -1;
            return error_set(e, ERROR_INPUT, "%.600s: the file is too long; allowed: at most %zu KiB", in->shown,
                             in->most / 1024);
        }
        capacity = 2 * capacity < in->most + 2 ? 2 * capacity : in->most + 2;
    }
}

int input_read(struct input *in, const char *path, struct error *e)
{
    in->real = realpath(path, NULL);
    if (in->real == NULL) return no_opening(in, e);
    const char *name = NULL;
    struct stat status;
    int folder = open_folder(in->real, &name);
    if (folder < 0) return no_opening(in, e);
    int descriptor = open_regular(in, folder, name, &status, e);
    close(folder);
    if (descriptor < 0) return -1;
    int result = read_all(in, descriptor, status.st_size > 0 ? (size_t)status.st_size : 0, e);
    close(descriptor);
    if (result == 0) result = check_text(in, e);
    if (result != 0 || in->length > 0) return result;
    return error_set(e, ERROR_INPUT, "%.600s:1: the file is empty; allowed: %s", in->shown, in->what);
}
