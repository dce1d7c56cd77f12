/* What a C test asks of fault_shim.so, with which it has started itself anew. */
#ifndef TESTS_FAULT_SHIM_H
#define TESTS_FAULT_SHIM_H

#include <stdbool.h>
#include <stdint.h>

/* From now on, counted from 1, the calls `first` to `last` fail; first = 0: none. Error 0: a write or read falls short. */
void fault_arm(const char *call, uint64_t first, uint64_t last, int error);

/* How many such calls there have been since. */
uint64_t fault_count(const char *call);

/* In this process nothing fails any more, nor is it counted. */
void fault_end(void);

/* The functions of HDF5 that can fail; a NULL ends them. */
extern const char *const fault_hdf_names[];

/* Whether a call of one of them is to fail: between the shim's own parts. */
bool fault_hdf(const char *name);

#endif
