/* Linked into the programs of `make coverage` alone. gcov writes its counts when exit() is called, and our children end by
 * _exit(), which the linker leads here (--wrap=_exit). Where fault_shim.so stands between, its calls are no longer counted and
 * fail no more: writing the counts is not the program's doing. */
#include <dlfcn.h>
#include <stdlib.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

static void (*fault_end)(void);

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
    dump();
    __real__exit(status);
}
