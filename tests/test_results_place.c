/* Putting the results file in place: at every moment there is the old file, or none, or the complete new one. */
#include "sim/results.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/toy_results.h"

static void assert_content(const char *path, const char *text)
{
    size_t size = 0;
    char *bytes = folder_read_bytes(path, &size);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(bytes, text, size);
    free(bytes);
}

static void write_fails(const struct toy_results *toy, const char *path, bool replace, const char *message)
{
    struct error e = {0};
    char digest[RESULTS_DIGEST], temporary[200];
    const struct results_content content = toy_results_content(toy);
    assert_int_equal(results_write(path, replace, &content, digest, &e), -1);
    assert_int_equal(e.kind, ERROR_FAILURE);
    assert_string_equal(e.text, message);
    snprintf(temporary, sizeof temporary, "%s.enforcesim-tmp", path);
    assert_int_equal(access(temporary, F_OK), -1);
}

static void an_old_file_gives_way_only_when_asked(void **state)
{
    (void)state;
    struct toy_results toy;
    char digest[RESULTS_DIGEST];
    toy_results_run(&toy, 1);
    folder_write("toy.h5", "precious");
    write_fails(&toy, "toy.h5", false, "toy.h5: cannot be put in place: File exists");
    assert_content("toy.h5", "precious");
    write_fails(&toy, "none/toy.h5", false, "none/toy.h5.enforcesim-tmp: cannot be created: No such file or directory");

    folder_write("victim", "precious");
    assert_int_equal(symlink("victim", "toy.h5.enforcesim-tmp"), 0);
    toy_results_write(&toy, "toy.h5", digest);
    assert_content("victim", "precious");
    assert_int_equal(access("toy.h5.enforcesim-tmp", F_OK), -1);
    struct results_info info;
    struct error e = {0};
    assert_int_equal(results_info(&info, "toy.h5", &e), 0);
    assert_string_equal(info.computed, digest);
    results_info_free(&info);
    toy_results_close(&toy);
}

static void a_journal_with_a_gap_is_no_result(void **state)
{
    (void)state;
    struct toy_results toy;
    struct error e = {0};
    toy_results_empty(&toy, 3);
    double *values = calloc(study_values(&toy.study), sizeof *values);
    assert_non_null(values);
    assert_int_equal(journal_append(toy.journal, 0, values, &e), 0);
    assert_int_equal(journal_append(toy.journal, 2, values, &e), 0);
    write_fails(&toy, "toy.h5", true, "toy.partial: holds no such values of replicate 1");
    assert_int_equal(access("toy.h5", F_OK), -1);
    free(values);
    toy_results_close(&toy);
}

/* As of a disk that is full at any point; in a process of its own, for HDF5 does not always survive that. */
static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    struct toy_results toy;
    char digest[RESULTS_DIGEST];
    size_t size = 0;
    toy_results_run(&toy, 1);
    toy_results_write(&toy, "toy.h5", digest);
    free(folder_read_bytes("toy.h5", &size));
    folder_write("toy.h5", "precious");
    for (size_t room = 0; room < size; room += size / 12) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            const struct rlimit limit = {room, room};
            struct error e = {0};
            signal(SIGXFSZ, SIG_IGN);
            if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
            const struct results_content content = toy_results_content(&toy);
            int failed = results_write("toy.h5", true, &content, digest, &e);
            _exit(failed == -1 && e.kind == ERROR_FAILURE && strstr(e.text, "toy.h5.enforcesim-tmp: ") == e.text &&
                          strstr(e.text, "File too large") != NULL
                      ? 0
                      : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        assert_content("toy.h5", "precious");
        assert_int_equal(access("toy.h5.enforcesim-tmp", F_OK), -1);
    }
    toy_results_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(an_old_file_gives_way_only_when_asked),
        IN_FOLDER(a_journal_with_a_gap_is_no_result),
        IN_FOLDER(a_full_disk_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
