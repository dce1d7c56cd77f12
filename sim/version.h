/* Which program this is. The build passes the macros; the texts are for people, never compared. */
#ifndef SIM_VERSION_H
#define SIM_VERSION_H

const char *version_number(void);   /* "0.1.0" */
const char *version_commit(void);   /* the commit it was built from, or "unknown" */
const char *version_date(void);     /* the day of that commit, 2026-11-25, or empty */
const char *version_compiler(void); /* name and version of the compiler, with the flags where the build told them */

#endif
