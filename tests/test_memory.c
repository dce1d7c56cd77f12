/* What errno == ENOMEM means: memory that was refused, or a heap that something stands behind. */
#include "sim/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void without_the_word_nothing_was_refused(void **state)
{
    (void)state;
    errno = 0;
    assert_false(memory_was_refused());
    errno = EINTR;
    assert_false(memory_was_refused());
    assert_int_equal(errno, EINTR);
}

static void a_heap_that_can_grow_tells_the_truth(void **state)
{
    (void)state;
    const char *end = sbrk(0);
    errno = ENOMEM;
    assert_true(memory_was_refused());
    assert_int_equal(errno, ENOMEM);
    assert_ptr_equal(sbrk(0), end); /* it was looked at only */
}

static void a_heap_that_is_shut_in_leaves_the_word_behind(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *end = sbrk(0);
    char *behind = end + (page - (uintptr_t)end % page) % page + 16 * page;
    void *wall = mmap(behind, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_true(wall == behind);
    errno = ENOMEM;
    const bool refused = memory_was_refused();
    const int after = errno;
    munmap(wall, page);
    assert_false(refused);
    assert_int_equal(after, 0);
}

/* The same, and there is no room elsewhere either. */
static void where_there_is_no_room_it_was_refused(void **state)
{
    (void)state;
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit little = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
        if (setrlimit(RLIMIT_AS, &little) != 0) _exit(2);
        errno = ENOMEM;
        _exit(memory_was_refused() ? 0 : 1);
    }
    int status = -1;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_word_nothing_was_refused),
        cmocka_unit_test(a_heap_that_can_grow_tells_the_truth),
        cmocka_unit_test(a_heap_that_is_shut_in_leaves_the_word_behind),
        cmocka_unit_test(where_there_is_no_room_it_was_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
