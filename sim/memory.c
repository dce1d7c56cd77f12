/* What errno tells of memory, and what it does not. */
#include "sim/memory.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Bytes: more than what the program's libraries ask for at once, and than by what the heap grows at once. */
static const size_t PROBE = (size_t)128 * 1024 * 1024, STEP = (size_t)1024 * 1024;

/* Where something lies behind the heap the C library takes memory elsewhere, and has then served its caller, but
 * leaves errno behind. That is so if the heap cannot grow though there is plenty of room. Other threads may be growing it, so
 * it is only looked at. */
static bool heap_is_shut_in(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *end = sbrk(0);
    end += (page - (uintptr_t)end % page) % page;
    void *behind = mmap(end, STEP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (behind != MAP_FAILED) munmap(behind, STEP);
    if (behind == end) return false;
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
