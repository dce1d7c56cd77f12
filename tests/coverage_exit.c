/* Linked into the programs of `make coverage` alone. gcov writes its counts when exit() is called, and our children end by
 * _exit(), which the linker leads here (--wrap=_exit). One in a sandbox may not write: there a process that shares its memory
 * but not its sandbox does it (--wrap=sandbox_enter). Where fault_shim.so stands between, its calls are no longer counted then
 * and fail no more: writing the counts is not the program's doing. */
#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
void __real_sandbox_enter(int output, double seconds, unsigned megabytes);
void __wrap_sandbox_enter(int output, double seconds, unsigned megabytes);

static void (*fault_end)(void);
enum { NONE, WAITING, ASKED, DONE };
static _Atomic int keeper; /* of the counts of a sandboxed process */

static void dump(void)
{
    if (fault_end != NULL) fault_end();
    __gcov_dump(); /* gcov's own destructors then find it done */
}

__attribute__((constructor)) static void begin(void)
{
    fault_end = __extension__(void (*)(void)) dlsym(RTLD_DEFAULT, "fault_end");
    if (atexit(dump) != 0) abort();
}

void __wrap__exit(int status)
{
    if (atomic_load(&keeper) == NONE) {
        dump();
    } else {
        atomic_store(&keeper, ASKED);
        while (atomic_load(&keeper) != DONE) sched_yield();
    }
    __real__exit(status);
}

/* Lets go of all files, lest somebody wait for the end of one; ends with its parent. */
static int keep(void *parent)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    closefrom(0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (atomic_load(&keeper) == WAITING && getppid() == *(pid_t *)parent) nanosleep(&moment, NULL);
    if (atomic_load(&keeper) == ASKED) dump();
    atomic_store(&keeper, DONE);
    __real__exit(0);
}

void __wrap_sandbox_enter(int output, double seconds, unsigned megabytes)
{
    static _Alignas(16) char stack[1 << 18];
    static pid_t parent;
    parent = getpid();
    atomic_store(&keeper, WAITING);
    if (clone(keep, stack + sizeof stack, CLONE_VM, &parent) < 0) atomic_store(&keeper, NONE);
    __real_sandbox_enter(output, seconds, megabytes);
}
