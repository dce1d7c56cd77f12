/* Every allocation that can fail while scenario files are read, tables are printed and days are simulated, one at a time: the
 * right result all the same, or one line that says there is no memory. Elsewhere: what is written, tests/test_verify_faults.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/apart.h"
#include "sim/command.h"
#include "sim/config.h"
#include "sim/run.h"
#include "tests/fault_support.h"
#include "tests/folder.h"
#include "tests/small_model.h"
#include "tests/toy_model.h"

/* ---- one piece of work in a child ---- */

struct outcome {
    int status;
    char out[16384], err[2048];
};

static void take(int from, char *text, size_t size)
{
    ssize_t n = pread(from, text, size - 1, 0);
    assert_in_range(n, 0, size - 2);
    text[n] = '\0';
    close(from);
}

static int (*working)(void);
static uint64_t failing;

static int program(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    optind = 0;
    faults_arm("malloc", failing, failing, ENOMEM);
    int status = working();
    faults_arm("malloc", 0, 0, 0);
    fflush(NULL);
    return status;
}

/* As main does it, for libraries may end the process. The k-th allocation of the work fails; 0: none. */
static void outcome_of(int (*work)(void), uint64_t k, struct outcome *outcome)
{
    int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC), status = 0;
    assert_true(out >= 0 && err >= 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        faults_default_signals();
        alarm(60);
        if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) _exit(99);
        working = work;
        failing = k;
        _exit(apart_program(program, 0, NULL));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    outcome->status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    take(out, outcome->out, sizeof outcome->out);
    take(err, outcome->err, sizeof outcome->err);
}

static int count_allocations(int (*work)(void))
{
    int ends[2];
    uint64_t n = 0;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL) _exit(99);
        optind = 0;
        faults_arm("malloc", 0, 0, 0);
        work();
        n = faults_count("malloc");
        _exit(write(ends[1], &n, sizeof n) == sizeof n ? 0 : 99);
    }
    assert_int_equal(read(ends[0], &n, sizeof n), sizeof n);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ends[0]);
    close(ends[1]);
    return (int)n;
}

static bool says_no_memory(const char *said)
{
    static const char *const known[] = {"enforcesim: ", "out of dynamic memory in libconfig", "libgomp: Out of memory",
                                        "\nlibgomp: Out of memory"};
    bool begins = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        begins = begins || strncmp(said, known[i], strlen(known[i])) == 0;
    const char *end = strchr(said + 1, '\n');
    return begins && strcasestr(said, "memory") != NULL && (end == NULL || end[1] == '\0');
}

/* Fails every allocation of `work` in turn, which without that ends in `status`. */
static void fail_in_turn(int (*work)(void), int status)
{
    struct outcome right, found;
    const int n = count_allocations(work);
    int failed = 0;
    outcome_of(work, 0, &right);
    assert_int_equal(right.status, status);
    assert_true(n > 0);
    for (int k = 1; k <= n; k++) {
        outcome_of(work, (uint64_t)k, &found);
        bool same = found.status == status && strcmp(found.out, right.out) == 0 && strcmp(found.err, right.err) == 0;
        if (!same && !((found.status == 1 || found.status == 2) && says_no_memory(found.err)))
            fail_msg("allocation %d of %d: status %d, '%s'", k, n, found.status, found.err);
        failed += !same;
    }
    assert_true(failed > 0);
}

/* ---- scenario files ---- */

static const char scenario_file[] =
    "@include \"policies.cfg\"\n"
    "run = { name = \"x\"; replicates = 3; burn_in = 20; horizon = 50; };\n"
    "parameters : { growth : { birth_rate = 0.01; }; };\n"
    "scenarios = ( { name = \"a\"; policy = \"status_quo\"; },\n"
    "  { name = \"b\"; policy : { boats = 3; }; phases = ( { day = 9; policy = \"parent\"; } ); } );\n";

static void write_files(void)
{
    folder_write("x.cfg", scenario_file);
    folder_write("policies.cfg",
                 "policies : { status_quo : { }; parent : { inherits = \"status_quo\"; boats = 2; }; };\n");
}

static int load(const struct config_overrides *overrides)
{
    struct error e = {0};
    struct study s;
    char *text = NULL;
    if (config_load(&s, &text, &toy_model, "x.cfg", overrides, &e) != 0) return command_error(&e);
    fputs(text, stdout);
    free(text);
    study_free(&s);
    return 0;
}

static int load_plain(void) { return load(NULL); }

static int load_changed(void)
{
    static const char *const set[] = {"run.seed=12",
                                      "run.record_every=10",
                                      "parameters.growth.birth_rate=0.02",
                                      "policies.parent.boats=5",
                                      "scenarios.b.phases.0.day=7",
                                      "scenarios.b.name=c",
                                      "policies.parent.inherits=status_quo"};
    static const char *const kept[] = {"c"};
    return load(
        &(struct config_overrides){.set = set, .n_set = sizeof set / sizeof *set, .scenarios = kept, .n_scenarios = 1});
}

static int set_one(const char *set) { return load(&(struct config_overrides){.set = &set, .n_set = 1}); }
static int wrong_group(void) { return set_one("parameters.groth.birth_rate=1"); }
static int wrong_parameter(void) { return set_one("parameters.growth.brith_rate=1"); }
static int wrong_lever(void) { return set_one("policies.parent.botas=1"); }
static int wrong_policy(void) { return set_one("scenarios.a.policy=parnet"); }
static int wrong_scenario(void) { return set_one("scenarios.z.policy=parent"); }

static void any_allocation_may_fail_while_a_scenario_file_is_read(void **state)
{
    (void)state;
    write_files();
    fail_in_turn(load_plain, 0);
    fail_in_turn(load_changed, 0);
    fail_in_turn(wrong_group, 2);
    fail_in_turn(wrong_parameter, 2);
    fail_in_turn(wrong_lever, 2);
    fail_in_turn(wrong_policy, 2);
    fail_in_turn(wrong_scenario, 2);
}

/* ---- commands ---- */

#define COMMAND(command, ...)                                                                                          \
    char *arguments[] = {__VA_ARGS__, NULL};                                                                           \
    return command((int)(sizeof arguments / sizeof *arguments) - 1, arguments, &toy_model)

static int params(void) { COMMAND(command_params, (char[]){"params"}); }
static int params_of_group(void) { COMMAND(command_params, (char[]){"params"}, (char[]){"growth"}); }
static int metrics(void) { COMMAND(command_metrics, (char[]){"metrics"}); }
static int check(void)
{
    COMMAND(command_check, (char[]){"check"}, (char[]){"x.cfg"}, (char[]){"--set"}, (char[]){"run.seed=7"});
}

static void any_allocation_may_fail_while_tables_are_printed(void **state)
{
    (void)state;
    write_files();
    fail_in_turn(params, 0);
    fail_in_turn(params_of_group, 0);
    fail_in_turn(metrics, 0);
    fail_in_turn(check, 0);
}

/* ---- a run ---- */

static int print(void *context, uint32_t replicate, const double *values, struct error *e)
{
    const struct study *s = context;
    (void)e;
    for (size_t i = 0; i < study_values(s); i += 7) printf("%u %.17g\n", replicate, values[i]);
    return 0;
}

static struct study simulated;

static int simulate(void)
{
    struct error e = {0};
    struct run_options options = {.threads = 1, .done = print, .context = &simulated, .verify = true};
    return study_run(&simulated, &options, &e) == 0 ? 0 : command_error(&e);
}

static void any_allocation_may_fail_while_days_are_simulated(void **state)
{
    (void)state;
    small_study(&simulated, 2, 2);
    fail_in_turn(simulate, 0);
    study_free(&simulated);
}

static int all_tests(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(any_allocation_may_fail_while_a_scenario_file_is_read),
        IN_FOLDER(any_allocation_may_fail_while_tables_are_printed),
        IN_FOLDER(any_allocation_may_fail_while_days_are_simulated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    (void)argc;
    return faults_main(argv, all_tests);
}
