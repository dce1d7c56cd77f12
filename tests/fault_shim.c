/* Calls of the system that fail when told to: a library to be preloaded (LD_PRELOAD) into the program under test. Counting
 * begins with main(), for what the loader does before is not the program's doing, and is common to a process and its children.
 *
 *     FAULT_CALL    which: one of the names below
 *     FAULT_AT      the first call that fails, counted from 1; 0 or nothing: none, only count
 *     FAULT_UNTIL   the last one; nothing: the first only
 *     FAULT_ERRNO   the error's number; 0: a write or read does half of what it was asked to, and says so
 *     FAULT_PAUSE   milliseconds: these calls do not fail, they take that long
 *     FAULT_ROOM    anything: every disk says that there is plenty of room on it
 *     FAULT_COUNTS  a file that holds, as an array of uint64, how often each call has been made so far
 *
 * The name of a function of HDF5 in tests/fault_hdf.c is that of a call as well; only one of them is counted in a process.
 * Of the standard streams nothing fails: a test wants to read what the program says. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault_shim.h"

enum call { MALLOC, WRITE, SYNC, RENAME, CLOSE, OPEN, TRUNCATE, READ, FORK, HDF, CALLS };

static const char *const names[CALLS] = {"malloc", "write",    "sync", "rename", "close",
                                         "open",   "truncate", "read", "fork",   "hdf"};

static _Atomic uint64_t *counts; /* NULL: main has not begun, or this process is at its end */
static enum call chosen = CALLS;
static const char *function; /* of HDF5 */
static uint64_t first, last;
static int error_number;
static long pause_ms;

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* ---- from main on ---- */

static _Atomic uint64_t *counters(void)
{
    const char *path = getenv("FAULT_COUNTS");
    const size_t size = CALLS * sizeof *counts;
    int fd = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (path != NULL && (fd < 0 || ftruncate(fd, (off_t)size) != 0)) abort();
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
    if (shared == MAP_FAILED) abort();
    if (fd >= 0) close(fd);
    return shared;
}

static enum call call_named(const char *name)
{
    if (name[0] == 'H') {
        function = name;
        return HDF;
    }
    for (int i = 0; i < CALLS; i++) {
        if (strcmp(name, names[i]) == 0) return (enum call)i;
    }
    abort();
}

static int (*real_main)(int, char **, char **);

static int begin(int argc, char **argv, char **environment)
{
    const char *asked = getenv("FAULT_CALL");
    if (asked != NULL) chosen = call_named(asked);
    first = number("FAULT_AT", 0);
    last = number("FAULT_UNTIL", first);
    error_number = (int)number("FAULT_ERRNO", EIO);
    pause_ms = (long)number("FAULT_PAUSE", 0);
    counts = counters();
    return real_main(argc, argv, environment);
}

#define REAL(name) (__extension__(__typeof__(&name)) dlsym(RTLD_NEXT, #name))

int __libc_start_main(int (*)(int, char **, char **), int, char **, int (*)(int, char **, char **), void (*)(void),
                      void (*)(void), void *);
int __libc_start_main(int (*its_main)(int, char **, char **), int argc, char **argv, int (*init)(int, char **, char **),
                      void (*fini)(void), void (*loader_fini)(void), void *stack)
{
    real_main = its_main;
    return REAL(__libc_start_main)(begin, argc, argv, init, fini, loader_fini, stack);
}

void fault_arm(const char *call, uint64_t from, uint64_t until, int error)
{
    chosen = call_named(call);
    first = from;
    last = until;
    error_number = error;
    for (int i = 0; i < CALLS; i++) atomic_store(&counts[i], 0);
}

void fault_end(void) { counts = NULL; }

uint64_t fault_count(const char *call) { return atomic_load(&counts[call_named(call)]); }

/* ---- does this call fail? ---- */

static int fails(enum call call)
{
    if (counts == NULL) return 0;
    uint64_t n = atomic_fetch_add(&counts[call], 1) + 1;
    if (call != chosen || first == 0 || n < first || n > last) return 0;
    if (pause_ms > 0) {
        struct timespec left = {pause_ms / 1000, pause_ms % 1000 * 1000000};
        while (nanosleep(&left, &left) != 0) {
        }
        return 0;
    }
    if (error_number != 0) errno = error_number;
    return 1;
}

bool fault_hdf(const char *name) { return function != NULL && strcmp(function, name) == 0 && fails(HDF) != 0; }

/* Of a write or read. Returns 0 where it fails, else how much of it is to be done. */
static size_t amount(enum call call, int fd, size_t size)
{
    if (fd <= STDERR_FILENO || !fails(call)) return size;
    return error_number != 0 ? 0 : (size + 1) / 2;
}

/* ---- memory ---- */

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) { return fails(MALLOC) ? NULL : __libc_malloc(size); }
void *calloc(size_t n, size_t size) { return fails(MALLOC) ? NULL : __libc_calloc(n, size); }
void *realloc(void *old, size_t size) { return fails(MALLOC) ? NULL : __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { return fails(MALLOC) ? NULL : __libc_memalign(alignment, size); }

int posix_memalign(void **made, size_t alignment, size_t size)
{
    void *memory = fails(MALLOC) ? NULL : __libc_memalign(alignment, size);
    if (memory == NULL) return ENOMEM;
    *made = memory;
    return 0;
}

/* ---- files ---- */

#define WRITES(name, type)                                                                                             \
    ssize_t name(int fd, const void *from, size_t size, type at)                                                       \
    {                                                                                                                  \
        size_t some = amount(WRITE, fd, size);                                                                         \
        return size > 0 && some == 0 ? -1 : REAL(name)(fd, from, some, at);                                            \
    }
WRITES(pwrite, off_t)
WRITES(pwrite64, off64_t)

ssize_t write(int fd, const void *from, size_t size)
{
    size_t some = amount(WRITE, fd, size);
    return size > 0 && some == 0 ? -1 : REAL(write)(fd, from, some);
}

ssize_t writev(int fd, const struct iovec *from, int n)
{
    return fd > STDERR_FILENO && fails(WRITE) && error_number != 0 ? -1 : REAL(writev)(fd, from, n);
}

#define READS(name, type)                                                                                              \
    ssize_t name(int fd, void *to, size_t size, type at)                                                               \
    {                                                                                                                  \
        size_t some = amount(READ, fd, size);                                                                          \
        return size > 0 && some == 0 ? -1 : REAL(name)(fd, to, some, at);                                              \
    }
READS(pread, off_t)
READS(pread64, off64_t)

ssize_t read(int fd, void *to, size_t size)
{
    size_t some = amount(READ, fd, size);
    return size > 0 && some == 0 ? -1 : REAL(read)(fd, to, some);
}

/* What the same calls are named where the compiler knows the size of the buffer (_FORTIFY_SOURCE). */
ssize_t __read_chk(int, void *, size_t, size_t);
ssize_t __pread_chk(int, void *, size_t, off_t, size_t);
ssize_t __pread64_chk(int, void *, size_t, off64_t, size_t);
ssize_t __read_chk(int fd, void *to, size_t size, size_t room)
{
    return size > room ? (abort(), -1) : read(fd, to, size);
}
ssize_t __pread_chk(int fd, void *to, size_t size, off_t at, size_t room)
{
    return size > room ? (abort(), -1) : pread(fd, to, size, at);
}
ssize_t __pread64_chk(int fd, void *to, size_t size, off64_t at, size_t room)
{
    return size > room ? (abort(), -1) : pread64(fd, to, size, at);
}

#define OPENS(name)                                                                                                    \
    int name(const char *path, int flags, ...)                                                                         \
    {                                                                                                                  \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                        \
        va_end(rest);                                                                                                  \
        return fails(OPEN) ? -1 : REAL(name)(path, flags, mode);                                                       \
    }
OPENS(open)
OPENS(open64)

int __open_2(const char *, int);
int __open64_2(const char *, int);
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }

/* Linux closes the file even where it says that something was lost. */
int close(int fd)
{
    int fault = fd > STDERR_FILENO && fails(CLOSE), cause = errno, status = REAL(close)(fd);
    if (fault) errno = cause;
    return fault ? -1 : status;
}

/* No test cuts the power, so that bringing files to the disk would only take time. */
int fsync(int fd) { return fails(SYNC) ? -1 : fcntl(fd, F_GETFD) < 0 ? -1 : 0; }
int fdatasync(int fd) { return fsync(fd); }

int ftruncate(int fd, off_t size) { return fails(TRUNCATE) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return fails(TRUNCATE) ? -1 : REAL(ftruncate64)(fd, size); }
int rename(const char *from, const char *to) { return fails(RENAME) ? -1 : REAL(rename)(from, to); }

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    return fails(RENAME) ? -1 : REAL(renameat2)(from_folder, from, to_folder, to, flags);
}

int statvfs(const char *path, struct statvfs *disk)
{
    int status = REAL(statvfs)(path, disk);
    if (status == 0 && getenv("FAULT_ROOM") != NULL) disk->f_bavail = UINT64_C(1) << 40;
    return status;
}

pid_t fork(void) { return fails(FORK) ? -1 : REAL(fork)(); }
