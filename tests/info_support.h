/* `enforcesim info` as its user sees it: what it prints and how it ends. */
#ifndef TESTS_INFO_SUPPORT_H
#define TESTS_INFO_SUPPORT_H

#include <stddef.h>

struct told {
    int status; /* of its exit, or minus the signal that ended it */
    char out[1 << 16], err[4096];
};

void info_tell(const char *path, struct told *told);

/* Status 0 and a report; or 2 and one line of text that names the file. Nothing in either can steer a terminal. */
void info_assert_decent(const struct told *told, const char *path);
void info_assert_refused(const char *path);

#endif
