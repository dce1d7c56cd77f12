/* What the fuzz targets share: promises, and a folder to write into. */
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <zlib.h>

#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLOWER 8
#endif
#elif defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SLOWER 8
#endif
#if !defined SLOWER && !defined __OPTIMIZE__
#define SLOWER 8 /* the promise is that of the optimised program */
#elif !defined SLOWER
#define SLOWER 1
#endif

double fuzz_seconds = -1;

_Noreturn void fuzz_wrong(const char *file, int line, const char *condition, const char *text)
{
    fprintf(stderr, "\n%s:%d: not so: %s\n    %s\n", file, line, condition, text);
    abort();
}

/* ---- time ---- */

double fuzz_cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void fuzz_accepted(double begun)
{
    const char *slower = getenv("ENFORCESIM_SLOWER"); /* set it under valgrind */
    fuzz_seconds = fuzz_cpu() - begun;
    char text[64];
    snprintf(text, sizeof text, "%.3f s", fuzz_seconds);
    fuzz_require(fuzz_seconds < 0.5 * (slower != NULL ? strtod(slower, NULL) : SLOWER), text);
}

/* ---- messages ---- */

/* One line of UTF-8 that steers no terminal. Written anew here, in the plainest way, so that it can disagree with the program. */
void fuzz_one_line(const struct error *e)
{
    const unsigned char *t = (const unsigned char *)e->text;
    fuzz_require(t[0] != '\0' && strlen(e->text) < sizeof e->text, e->text);
    for (size_t i = 0; t[i] != '\0'; i++) {
        fuzz_require(t[i] >= ' ' && t[i] != 0x7F && t[i] < 0xF5, e->text);
        fuzz_require(!(t[i] == 0xC2 && t[i + 1] < 0xA0), e->text);
        fuzz_require(!(t[i] == 0xE2 && t[i + 1] == 0x80 && t[i + 2] >= 0xA8 && t[i + 2] <= 0xAE), e->text);
        fuzz_require(!(t[i] == 0xE2 && t[i + 1] == 0x81 && t[i + 2] >= 0xA6 && t[i + 2] <= 0xA9), e->text);
        size_t more = t[i] >= 0xF0 ? 3 : t[i] >= 0xE0 ? 2 : t[i] >= 0xC0 ? 1 : 0;
        fuzz_require(more > 0 || t[i] < 0x80, e->text);
        for (; more > 0; more--) fuzz_require((t[++i] & 0xC0) == 0x80, e->text);
    }
}

bool fuzz_begins(const char *text, const char *place)
{
    size_t length = strlen(place);
    if (strncmp(text, place, length) != 0) return false;
    text += length;
    if (text[0] == ':' && isdigit((unsigned char)text[1])) {
        text++;
        while (isdigit((unsigned char)*text)) text++;
    }
    return strncmp(text, ": ", 2) == 0;
}

void fuzz_refused(const struct error *e, const char *place)
{
    fuzz_seconds = -1;
    fuzz_require(e->kind == ERROR_INPUT, e->text);
    fuzz_one_line(e);
    fuzz_require(fuzz_begins(e->text, place), e->text);
}

/* ---- files ---- */

static char folder[64];

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void remove_folder(void) { nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

const char *fuzz_folder(void)
{
    if (folder[0] != '\0') return folder;
    snprintf(folder, sizeof folder, "%s/enforcesim.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(folder) == NULL) fuzz_wrong(__FILE__, __LINE__, "a folder", folder);
    atexit(remove_folder);
    return folder;
}

void fuzz_write(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool done = fd >= 0 && write(fd, bytes, size) == (ssize_t)size;
    if (!done || close(fd) != 0) fuzz_wrong(__FILE__, __LINE__, "written", path);
}

size_t fuzz_read(const char *path, void *into, size_t size)
{
    FILE *in = fopen(path, "rb");
    if (in == NULL) fuzz_wrong(__FILE__, __LINE__, "opened", path);
    size_t length = fread(into, 1, size, in);
    fclose(in);
    return length;
}

uint32_t fuzz_checksum(uint32_t crc, const void *data, size_t size)
{
    return size > 0 ? (uint32_t)crc32(crc, data, (unsigned)size) : crc; /* of nothing, zlib makes 0 */
}
