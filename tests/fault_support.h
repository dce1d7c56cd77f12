/* For C tests in which calls fail: such a program starts itself anew with fault_shim.so before it. */
#ifndef TESTS_FAULT_SUPPORT_H
#define TESTS_FAULT_SUPPORT_H

#include <stdint.h>

/* Runs `tests` with the shim; says why where there can be none, which under a sanitizer is no failure. */
int faults_main(char **argv, int (*tests)(void));

/* As fault_arm and fault_count in fault_shim.h. */
void faults_arm(const char *call, uint64_t first, uint64_t last, int error);
uint64_t faults_count(const char *call);

const char *const *faults_hdf_names(void);

/* In a child: cmocka has handlers of its own for what ends a process. */
void faults_default_signals(void);

#endif
