/* Fuzz target: scenario files that include each other. The input is the file cases/main.cfg, and after a line "%% N" the file
 * number N of the list below; a file that is not given is not there. Folders lie as in configs/, with links that lead out.
 *
 * What is accepted is written as a resolved configuration that reads back as itself; what is not is refused in one line. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/config.h"
#include "tests/fuzz/fuzz.h"

extern const struct model model;

static const char *const names[] = {"cases/a.cfg",  "cases/b.cfg", "cases/sub/c.cfg",
                                    "policies.cfg", "a.cfg",       "cases/d.cfg"};
enum { N_NAMES = sizeof names / sizeof names[0] };

static bool present[N_NAMES];

static const char *path_of(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    return path;
}

static void make_folders(void)
{
    static bool made;
    if (made) return;
    made = true;
    mkdir(path_of("cases"), 0700);
    mkdir(path_of("cases/sub"), 0700);
    if (symlink("/etc/passwd", path_of("cases/out.cfg")) != 0) return;
    if (symlink("main.cfg", path_of("cases/self.cfg")) != 0) return;
    if (symlink("loop.cfg", path_of("cases/loop.cfg")) != 0) return;
    mkfifo(path_of("cases/pipe.cfg"), 0600);
}

/* The next "\n%% N\n" from `at` on, or the end. */
static const uint8_t *next_mark(const uint8_t *at, const uint8_t *end)
{
    for (; at + 6 <= end; at++) {
        if (memcmp(at, "\n%% ", 4) == 0 && at[5] == '\n') return at;
    }
    return end;
}

static void write_files(const uint8_t *data, size_t size)
{
    const uint8_t *end = data + size, *mark = next_mark(data, end);
    bool written[N_NAMES] = {false};
    fuzz_write(path_of("cases/main.cfg"), data, (size_t)(mark - data));
    while (mark < end) {
        size_t number = mark[4] % N_NAMES;
        const uint8_t *begin = mark + 6;
        mark = next_mark(begin, end);
        fuzz_write(path_of(names[number]), begin, (size_t)(mark - begin));
        written[number] = present[number] = true;
    }
    for (size_t i = 0; i < N_NAMES; i++) {
        if (present[i] && !written[i]) unlink(path_of(names[i]));
        present[i] = written[i];
    }
}

static void check_refused(const struct error *e)
{
    char place[PATH_MAX];
    fuzz_require(e->kind == ERROR_INPUT, e->text);
    fuzz_one_line(e);
    snprintf(place, sizeof place, "%s", path_of("cases/main.cfg"));
    if (fuzz_begins(e->text, place)) return;
    for (size_t i = 0; i < N_NAMES; i++) {
        if (present[i] && fuzz_begins(e->text, path_of(names[i]))) return;
    }
    /* A file may be called by a longer way: cases/./a.cfg, cases/sub/../a.cfg is refused. */
    snprintf(place, sizeof place, "%s/", fuzz_folder());
    const char *colon = strstr(e->text, ".cfg:");
    fuzz_require(strncmp(e->text, place, strlen(place)) == 0 && colon != NULL, e->text);
}

int fuzz_config(const uint8_t *data, size_t size)
{
    make_folders();
    write_files(data, size);
    struct study s;
    struct error e = {0};
    char *text = NULL, *again = NULL;
    double begun = fuzz_cpu();
    fuzz_seconds = -1;
    if (config_load(&s, &text, &model, path_of("cases/main.cfg"), NULL, &e) != 0) {
        fuzz_require(text == NULL && s.policies == NULL && s.scenarios == NULL, e.text);
        check_refused(&e);
        return 0;
    }
    fuzz_accepted(begun);
    study_free(&s);
    fuzz_write(path_of("resolved.cfg"), text, strlen(text));
    fuzz_require(config_load(&s, &again, &model, path_of("resolved.cfg"), NULL, &e) == 0, e.text);
    fuzz_require(strcmp(text, again) == 0, again);
    study_free(&s);
    free(again);
    free(text);
    return 0;
}
