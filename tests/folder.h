/* A folder of its own for a test that writes files; what it leaves is removed. */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include <stddef.h>

/* Set-up and teardown of a cmocka test: the working folder is a new one in between. */
int folder_enter(void **state);
int folder_leave(void **state);

void folder_write(const char *path, const char *text);
void folder_write_bytes(const char *path, const char *bytes, size_t length);
/* A new file each time: over an old one some file systems bring it to the disk at once. */
void folder_write_new(const char *path, const char *bytes, size_t length);

size_t folder_size(const char *path);
char *folder_read_bytes(const char *path, size_t *length); /* to be freed */

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

#endif
