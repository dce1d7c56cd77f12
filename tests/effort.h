/* How much work a test does. `make test` runs every test in its short form; `make verify` sets ENFORCESIM_VERIFY=1 and the
 * same tests do more: more days, more persons, more seeds. */
#ifndef TESTS_EFFORT_H
#define TESTS_EFFORT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline int64_t effort(int64_t brief, int64_t full)
{
    const char *asked = getenv("ENFORCESIM_VERIFY");
    return asked != NULL && strcmp(asked, "1") == 0 ? full : brief;
}

#endif
