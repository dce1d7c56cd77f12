/* enforcesim info: what a results file holds, where it came from, and whether it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/command.h"
#include "sim/results.h"
#include "sim/sandbox.h"

const struct options_command command_of_info = {
    .name = "info", .synopsis = "FILE", .purpose = "tell what a results file holds, where it came from, its digest",
    .work = command_info, .arguments = (const struct options_argument[]){{.name = "FILE", .kind = OPTIONS_RESULTS}, {0}},
    .description = "Prints what a results file holds and where it came from, and computes its digest anew: the SHA-256 over names, "
                   "values and attributes of all that is in it but who made it and when, equal for every number of threads, "
                   "compiler and optimisation.",
    .examples = "enforcesim info results/essay.h5\n",
};

static void print_safe(const char *text) { command_print(stdout, text); }

static void print_line(const char *label, const char *text)
{
    printf("%-12s ", label);
    print_safe(text);
    putchar('\n');
}

/* Names take as much room as they have characters; a program that counts bytes would misplace the columns after them. */
static void print_cell(const char *text, int width)
{
    print_safe(text);
    for (int n = command_width(text); n < width; n++) putchar(' ');
    putchar(' ');
}

static void print_metric(const struct results_metric *metric)
{
    printf("  ");
    print_cell(metric->name, 28);
    print_cell(metric->kind, 6);
    print_cell(metric->unit, 12);
    print_safe(metric->submodel);
    putchar('\n');
}

static void print_info(const struct results_info *info)
{
    print_line("title", info->title);
    print_line("study", info->study);
    print_line("created", info->created);
    print_line("by", info->history);
    printf("%-12s ", "program");
    print_safe(info->program_version);
    printf(", model version ");
    print_safe(info->model_version);
    printf(", commit ");
    print_safe(info->commit);
    putchar('\n');
    print_line("compiler", info->compiler);
    print_line("seed", info->seed);
    printf("%-12s %d days of burn-in, %d days of policy\n", "time", info->burn_in, info->horizon);
    if (info->n_times > 0)
        printf("%-12s %zu, days %d to %d\n", "records", info->n_times, info->times[0], info->times[info->n_times - 1]);
    if (info->n_points > 0) printf("%-12s %zu, of a design\n", "points", info->n_points);
    printf("%-12s %zu\n", "replicates", info->n_replicates);
    print_line("output", info->output);
    printf("%-12s", "scenarios");
    for (size_t i = 0; i < info->n_scenarios; i++) {
        printf("%s", i == 0 ? " " : ", ");
        print_safe(info->scenarios[i]);
    }
    printf("\n%-12s %zu\n", "metrics", info->n_metrics);
    for (size_t i = 0; i < info->n_metrics; i++) print_metric(&info->metrics[i]);
}

/* ---- the child ----
 *
 * HDF5 has bugs that a damaged or hostile file can reach: a crash, a loop without end or worse is to cost a process that can
 * do no harm. It sends the report and, after a zero byte, what is wrong with the file: the parent prints them. */

enum { MEMORY = 512 /* megabytes */, ANSWER_MAXIMUM = 4 << 20 };

static double time_allowed(const char *path)
{
    struct stat status;
    return 5 + (stat(path, &status) == 0 ? (double)status.st_size / 2e6 : 0); /* a whole file takes a tenth of that */
}

static void answer(const char *path)
{
    struct error e = {0};
    struct results_info info;
    if (results_info(&info, path, &e) == 0) {
        print_info(&info);
        print_line("digest", info.digest);
        if (strcmp(info.digest, info.computed) == 0)
            printf("%-12s verified: the values have this digest\n", "");
        else
            error_set(&e, ERROR_INPUT,
                      "%s: the values do not have the digest that the file states: it was changed or damaged", path);
    }
    results_info_free(&info);
    putchar('\0');
    fputs(e.text, stdout);
}

static pid_t ask(const char *path, int *from)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        sandbox_enter(ends[1], time_allowed(path), MEMORY);
        answer(path);
        _exit(fflush(stdout) == 0 ? 0 : 1);
    }
    close(ends[1]);
    if (child < 0) close(ends[0]);
    *from = ends[0];
    return child;
}

/* ---- the parent ---- */

/* All that comes, up to the maximum, with a zero at its end; NULL without memory. */
static char *hear(int from, size_t *length)
{
    char *all = malloc(ANSWER_MAXIMUM + 1);
    *length = 0;
    while (all != NULL && *length < ANSWER_MAXIMUM) {
        ssize_t n = read(from, all + *length, ANSWER_MAXIMUM - *length);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        *length += (size_t)n;
    }
    if (all != NULL) all[*length] = '\0';
    close(from); /* a child that has more to say ends when it tries */
    return all;
}

/* The report, and what is wrong with the file. The child may have been taken over: nothing of it reaches a terminal unseen. */
static int tell(char *said, size_t length, struct error *e)
{
    const size_t report = strlen(said);
    for (char *line = said, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        print_safe(line);
        putchar('\n');
    }
    if (report < length && said[report + 1] == '\0') return command_finish();
    error_set(e, ERROR_INPUT, "%s", report < length ? said + report + 1 : "the file holds too much to be told");
    return command_error(e);
}

static int show_guarded(const char *path)
{
    struct error e = {0};
    int status = 0, from = -1;
    size_t length = 0;
    pid_t child = ask(path, &from);
    if (child < 0) {
        error_set(&e, ERROR_FAILURE, "no process can be made: %s", strerror(errno));
        return command_error(&e);
    }
    char *said = hear(from, &length);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    int result = 1;
    if (said == NULL) {
        error_memory(&e, "the answer", ANSWER_MAXIMUM);
        result = command_error(&e);
    } else if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || length == ANSWER_MAXIMUM)) {
        result = tell(said, length, &e);
    } else if (WIFEXITED(status)) {
        error_set(&e, ERROR_FAILURE, "%s: the process that reads it ended with status %d", path, WEXITSTATUS(status));
        result = command_error(&e);
    } else {
        error_set(&e, ERROR_INPUT, "%s: is damaged: HDF5 fails in reading it (%s)", path, strsignal(WTERMSIG(status)));
        result = command_error(&e);
    }
    free(said);
    return result;
}

int command_info(int argc, char **argv, const struct model *model)
{
    struct options_given given;
    struct error e = {0};
    (void)model;
    int option = options_next(argc, argv, &command_of_info, &given, &e);
    if (option == 'h') {
        options_print_help(stdout, &command_of_info);
        return 0;
    }
    const char *path = option == -1 ? command_argument(argc, argv, "FILE", &e) : NULL;
    return path != NULL ? show_guarded(path) : command_error(&e);
}
