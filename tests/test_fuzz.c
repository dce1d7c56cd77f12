/* The inputs that fuzzing has collected, and every input that ever crashed, once more: the targets of tests/fuzz/ find nothing
 * wrong with them, and what is accepted is read in under half a second. `make fuzz` looks for new ones. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LARGEST = 1 << 20 };

typedef int target(const uint8_t *data, size_t size);

static void replay_file(target *run, const char *path)
{
    static uint8_t bytes[LARGEST];
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    size_t size = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    assert_true(size < sizeof bytes);
    uint8_t *exact = malloc(size + 1); /* so that a sanitizer sees a step beyond */
    assert_non_null(exact);
    for (size_t i = 0; i < size; i++) exact[i] = bytes[i];
    run(exact, size);
    free(exact);
}

/* Replays a folder; returns how many of its files were accepted. */
static int replay(target *run, const char *folder, int least)
{
    int files = 0, accepted = 0;
    DIR *list = opendir(folder);
    if (list == NULL && least == 0) return 0;
    assert_non_null(list);
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
        char path[600];
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        replay_file(run, path);
        files++;
        accepted += fuzz_seconds >= 0;
    }
    closedir(list);
    assert_true(files >= least);
    return accepted;
}

/* Both what is accepted and what is refused must be among them, or the corpus has lost its use. */
#define REPLAYED(name, least)                                                                                          \
    static void name##_inputs(void **state)                                                                            \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        assert_in_range(replay(fuzz_##name, "tests/fuzz/corpus/" #name, 10), least, 10000);                            \
        replay(fuzz_##name, "tests/fuzz/crashers/" #name, 0);                                                          \
    }
REPLAYED(config, 9)
REPLAYED(set, 4)
REPLAYED(journal, 7)
REPLAYED(aggregate, 6)
REPLAYED(design, 6)
REPLAYED(prior, 3)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_inputs),
        cmocka_unit_test(set_inputs),
        cmocka_unit_test(journal_inputs),
        cmocka_unit_test(aggregate_inputs),
        cmocka_unit_test(design_inputs),
        cmocka_unit_test(prior_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
