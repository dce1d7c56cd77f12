/* What the fuzz targets share. A target is a function of the bytes it is given: `make fuzz` links it with libFuzzer, and
 * tests/test_fuzz.c replays the inputs kept in tests/fuzz/. Whatever a target finds wrong ends the program with SIGABRT. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/error.h"

int fuzz_config(const uint8_t *data, size_t size);  /* scenario files that include each other */
int fuzz_set(const uint8_t *data, size_t size);     /* --set and --scenario                   */
int fuzz_journal(const uint8_t *data, size_t size); /* FILE.partial                           */
int fuzz_aggregate(const uint8_t *data, size_t size); /* FILE.partial of run.output = "quantiles" */
int fuzz_design(const uint8_t *data, size_t size);  /* designs of experiments, as CSV         */
int fuzz_prior(const uint8_t *data, size_t size);   /* prior files                            */

/* CPU seconds that the input of the last call took to be read, were it accepted; negative: it was refused. */
extern double fuzz_seconds;

/* Promise: an accepted input is read in under half a second. The sanitizers make a program slower, so they get more. */
double fuzz_cpu(void);
void fuzz_accepted(double begun);

#define fuzz_require(condition, ...) ((condition) ? (void)0 : fuzz_wrong(__FILE__, __LINE__, #condition, __VA_ARGS__))
_Noreturn void fuzz_wrong(const char *file, int line, const char *condition, const char *text);

/* A refusal is an ERROR_INPUT of one line without control characters that begins with `place`, then ": " or ":LINE: ". */
void fuzz_refused(const struct error *e, const char *place);
bool fuzz_begins(const char *text, const char *place);
void fuzz_one_line(const struct error *e);

/* A folder of this process in memory, made when first asked for and removed at the end. */
const char *fuzz_folder(void);
void fuzz_write(const char *path, const void *bytes, size_t size);
size_t fuzz_read(const char *path, void *into, size_t size); /* how much of it there is, up to `size` */

/* CRC-32 of what had `crc`, followed by `data`. */
uint32_t fuzz_checksum(uint32_t crc, const void *data, size_t size);

#endif
