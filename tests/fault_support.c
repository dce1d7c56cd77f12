/* Tests with fault_shim.so: see the header. */
#include "tests/fault_support.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fault_shim.h"

static __typeof__(&fault_arm) arm;
static __typeof__(&fault_count) count;

void faults_arm(const char *call, uint64_t first, uint64_t last, int error) { arm(call, first, last, error); }

uint64_t faults_count(const char *call) { return count(call); }

const char *const *faults_hdf_names(void) { return dlsym(RTLD_DEFAULT, "fault_hdf_names"); }

void faults_default_signals(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
}

/* This program again, with the shim before it. */
static bool start_anew(char **argv)
{
    char shim[4096];
    ssize_t length = readlink("/proc/self/exe", shim, sizeof shim - sizeof "fault_shim.so");
    if (length < 0 || getenv("LD_PRELOAD") != NULL) return false;
    shim[length] = '\0';
    strcpy(strrchr(shim, '/') + 1, "fault_shim.so");
    return setenv("LD_PRELOAD", shim, 1) == 0 && execv("/proc/self/exe", argv) == 0;
}

/* Where a sanitizer has put its own malloc into the program, there can be no other before it. */
static bool sanitized(void)
{
    return dlsym(RTLD_DEFAULT, "__asan_init") != NULL || dlsym(RTLD_DEFAULT, "__tsan_init") != NULL;
}

int faults_main(char **argv, int (*tests)(void))
{
    if (sanitized()) {
        printf("under a sanitizer no allocation can be made to fail\n");
        return 0;
    }
    arm = __extension__(__typeof__(&fault_arm)) dlsym(RTLD_DEFAULT, "fault_arm");
    count = __extension__(__typeof__(&fault_count)) dlsym(RTLD_DEFAULT, "fault_count");
    if (arm != NULL && count != NULL) return tests();
    if (start_anew(argv)) return 0;
    printf("fault_shim.so cannot be preloaded\n");
    return 1;
}
