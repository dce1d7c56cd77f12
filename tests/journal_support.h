/* Journals for tests: any, and plain ones, of eight replicates of three values. */
#ifndef TESTS_JOURNAL_SUPPORT_H
#define TESTS_JOURNAL_SUPPORT_H

#include "sim/journal.h"

/* Made or resumed, which must work. */
struct journal *support_journal_create(const char *path, const struct journal_identity *identity);
struct journal *support_journal_resume(const char *path, const struct journal_identity *identity);

/* That a call with this status has made no journal and says so. */
void support_journal_refused(int status, const struct journal *j, const struct error *e, const char *text);

/* ---- plain ones ---- */

enum { PLAIN_VALUES = 3, PLAIN_REPLICATES = 8, PLAIN_RECORD = 8 + PLAIN_VALUES * 8 };

extern const struct journal_identity plain_identity;

double plain_value(uint32_t replicate, size_t i);
void plain_append(struct journal *j, uint32_t replicate); /* its values */
struct journal *plain_create(const char *path);
struct journal *plain_resume(const char *path);

/* The journal holds exactly these replicates, the bits of a number, with their values. */
void plain_assert_holds(const struct journal *j, unsigned replicates);

/* A journal "run.partial" of replicates 0, 1 and 2, and its bytes, to be freed. */
char *plain_three(size_t *size);

#endif
