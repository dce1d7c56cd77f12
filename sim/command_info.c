/* enforcesim info: what a results file holds, where it came from, and whether it is whole. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/command.h"
#include "sim/results.h"

static void print_help(void)
{
    printf("Usage: enforcesim info FILE\n\n"
           "Prints what a results file holds and where it came from, and computes its digest anew: the SHA-256 over names,\n"
           "values and attributes of all that is in it but who made it and when, equal for every number of threads, compiler and optimisation.\n\n"
           "Example:\n  enforcesim info results/essay.h5\n");
}

/* Names from a file must not steer a terminal. */
static void print_safe(const char *text)
{
    for (; *text != '\0'; text++) putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

static void print_line(const char *label, const char *text)
{
    printf("%-12s ", label);
    print_safe(text);
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
    printf("%-12s %zu\n", "replicates", info->n_replicates);
    printf("%-12s", "scenarios");
    for (size_t i = 0; i < info->n_scenarios; i++) {
        printf("%s", i == 0 ? " " : ", ");
        print_safe(info->scenarios[i]);
    }
    printf("\n%-12s %zu\n", "metrics", info->n_metrics);
    for (size_t i = 0; i < info->n_metrics; i++)
        printf("  %-28s %-6s %-12s %s\n", info->metrics[i].name, info->metrics[i].kind, info->metrics[i].unit,
               info->metrics[i].submodel);
}

static int show(const char *path)
{
    struct error e = {0};
    struct results_info info;
    int status = results_info(&info, path, &e) == 0 ? 0 : command_error(&e);
    if (status == 0) {
        print_info(&info);
        print_line("digest", info.digest);
        if (strcmp(info.digest, info.computed) != 0) {
            error_set(&e, ERROR_FAILURE, "%s: the values do not have the digest that the file states: it was changed or damaged",
                      path);
            status = command_error(&e);
        } else {
            printf("%-12s verified: the values have this digest\n", "");
            status = command_finish();
        }
    }
    results_info_free(&info);
    return status;
}

/* HDF5 has bugs that a damaged or hostile file can reach: a crash, or a loop without end, is to cost a child process only. */
static void limit(const char *path)
{
    struct stat status;
    double bytes = stat(path, &status) == 0 ? (double)status.st_size : 0;
    rlim_t seconds = 5 + (rlim_t)(bytes / 2e6); /* a whole file takes a tenth of that */
    setrlimit(RLIMIT_CPU, &(struct rlimit){seconds, seconds});
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

static int show_guarded(const char *path)
{
    struct error e = {0};
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        limit(path);
        status = show(path);
        fflush(NULL);
        _exit(status);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (child < 0) {
        error_set(&e, ERROR_FAILURE, "no process can be made: %s", strerror(errno));
    } else if (WIFEXITED(status)) {
        return WEXITSTATUS(status);
    } else if (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGPIPE) {
        return 128 + WTERMSIG(status);
    } else {
        error_set(&e, ERROR_INPUT, "%s: is damaged: HDF5 fails in reading it (%s)", path, strsignal(WTERMSIG(status)));
    }
    return command_error(&e);
}

int command_info(int argc, char **argv, const struct model *model)
{
    static const struct option known[] = {{"help", no_argument, NULL, 'h'}, {0}};
    struct error e = {0};
    (void)model;
    int option = command_option(argc, argv, "h", known, &e);
    if (option == 'h') {
        print_help();
        return 0;
    }
    const char *path = option == -1 ? command_argument(argc, argv, "FILE", &e) : NULL;
    return path != NULL ? show_guarded(path) : command_error(&e);
}
