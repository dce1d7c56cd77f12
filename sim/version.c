/* The program's version, commit and compiler, as the build gave them (-DENFORCESIM_VERSION='"..."' and so on). */
#include "sim/version.h"

#ifndef ENFORCESIM_VERSION
#define ENFORCESIM_VERSION "0.1.0"
#endif
#ifndef ENFORCESIM_COMMIT
#define ENFORCESIM_COMMIT "unknown"
#endif
#ifndef ENFORCESIM_DATE
#define ENFORCESIM_DATE ""
#endif
#ifndef ENFORCESIM_COMPILER
#if defined(__clang__)
#define ENFORCESIM_COMPILER __VERSION__
#elif defined(__GNUC__)
#define ENFORCESIM_COMPILER "gcc " __VERSION__
#else
#define ENFORCESIM_COMPILER "unknown"
#endif
#endif

const char *version_number(void)
{
    return ENFORCESIM_VERSION;
}

const char *version_commit(void)
{
    return ENFORCESIM_COMMIT;
}

const char *version_date(void)
{
    return ENFORCESIM_DATE;
}

const char *version_compiler(void)
{
    return ENFORCESIM_COMPILER;
}
