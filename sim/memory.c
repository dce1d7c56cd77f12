/* What errno tells of memory, and what it does not. */
#include "sim/memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PROBE = 128 * 1024 * 1024 /* bytes: more than what the program's libraries ask for at once */ };

/* Where something lies behind the heap the C library takes memory elsewhere, and has then served its caller, but
 * leaves errno behind. That is so if the heap cannot grow though there is plenty of room. */
static bool heap_is_shut_in(void)
{
    void *end = sbrk(0);
    if (end == (void *)-1) return false;
    if (sbrk(4096) != (void *)-1) {
        sbrk(-4096);
        return false;
    }
    void *room = mmap(NULL, PROBE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) return false;
    munmap(room, PROBE);
    return true;
}

bool memory_was_refused(void)
{
    if (errno != ENOMEM) return false;
    const bool harmless = heap_is_shut_in();
    errno = harmless ? 0 : ENOMEM;
    return !harmless;
}
