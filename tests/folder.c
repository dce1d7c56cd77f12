/* Folders for tests: made, entered, and removed with what is in them. */
#include "tests/folder.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct folders {
    char own[32];
    char *old;
};

int folder_enter(void **state)
{
    struct folders *folders = calloc(1, sizeof *folders);
    if (folders == NULL) return -1;
    *state = folders;
    snprintf(folders->own, sizeof folders->own, "/tmp/enforcesim.XXXXXX");
    folders->old = getcwd(NULL, 0);
    return folders->old == NULL || mkdtemp(folders->own) == NULL || chdir(folders->own) != 0 ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

int folder_leave(void **state)
{
    struct folders *folders = *state;
    int status = chdir(folders->old) != 0 || nftw(folders->own, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 ? -1 : 0;
    free(folders->old);
    free(folders);
    return status;
}

void folder_write_bytes(const char *path, const char *bytes, size_t length)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

void folder_write(const char *path, const char *text) { folder_write_bytes(path, text, strlen(text)); }

void folder_write_new(const char *path, const char *bytes, size_t length)
{
    unlink(path);
    folder_write_bytes(path, bytes, length);
}

size_t folder_size(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (size_t)status.st_size;
}

char *folder_read_bytes(const char *path, size_t *length)
{
    *length = folder_size(path);
    char *bytes = malloc(*length + 1);
    FILE *in = fopen(path, "r");
    assert_true(bytes != NULL && in != NULL);
    assert_int_equal(fread(bytes, 1, *length, in), *length);
    assert_int_equal(fclose(in), 0);
    return bytes;
}
