/* The command line of `run` and `merge`, and where their files are to lie. */
#include "sim/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sim/command.h"
#include "sim/files.h"
#include "sim/results.h"

/* ---- options --------------------------------------------------------------------------------------------------------- */

/* Where the texts of the command line that are settings go. */
struct lists {
    const char **set, **said, **scenarios;
};

/* An option that stands for a setting of the file. */
static int setting(struct request *q, const struct lists *lists, const char *path, const char *option, const char *value,
                   struct error *e)
{
    char *text = NULL, *name = NULL;
    if (asprintf(&text, "%s=%s", path, value) < 0) return error_memory(e, "an option", 100);
    q->made[q->n_made++] = text;
    if (asprintf(&name, "%s %s", option, value) < 0) return error_memory(e, "an option", 100);
    q->made[q->n_made++] = name;
    lists->set[q->overrides.n_set] = text;
    lists->said[q->overrides.n_set++] = name;
    return 0;
}

/* I/N */
static int shard_option(struct request *q, const char *given, struct error *e)
{
    char copy[32], *slash = NULL;
    int64_t shard = 0, shards = 0;
    if (strlen(given) < sizeof copy) {
        memcpy(copy, given, strlen(given) + 1);
        slash = strchr(copy, '/');
    }
    if (slash != NULL) *slash = '\0';
    if (slash == NULL || command_whole("--shard", slash + 1, 1, REQUEST_SHARDS, &shards, NULL) != 0 ||
        command_whole("--shard", copy, 1, shards, &shard, NULL) != 0)
        return error_set(e, ERROR_INPUT, "--shard %.100s is not I/N, as in 3/16; allowed: N from 1 to %d, I from 1 to N", given,
                         REQUEST_SHARDS);
    q->shard = (uint32_t)shard;
    q->shards = (uint32_t)shards;
    return 0;
}

static int name_option(struct request *q, const char *given, struct error *e)
{
    free(q->out);
    q->out = strdup(given);
    return q->out != NULL ? 0 : error_memory(e, "a path", 4096);
}

/* 1: help is asked for. */
static int take_option(struct request *q, int option, const struct options_given *given, const struct lists *lists, struct error *e)
{
    switch (option) {
    case 'o': return name_option(q, given->text, e);
    case 'r': return setting(q, lists, "run.replicates", "-r", given->text, e);
    case 'j': q->threads = given->number; return 0;
    case REQUEST_SEED: return setting(q, lists, "run.seed", "--seed", given->text, e);
    case REQUEST_DAYS: return setting(q, lists, "run.horizon", "--days", given->text, e);
    case REQUEST_SCENARIO: lists->scenarios[q->overrides.n_scenarios++] = given->text; return 0;
    case REQUEST_SET: lists->set[q->overrides.n_set++] = given->text; return 0;
    case REQUEST_DESIGN: q->design = given->text; return 0;
    case REQUEST_SHARD: return shard_option(q, given->text, e);
    case REQUEST_RANKS: q->ranks_over = (enum ranks_over)given->word; return 0;
    case REQUEST_COMPLETE: q->complete = true; return 0;
    case REQUEST_RESUME: q->resume = true; return 0;
    case REQUEST_FORCE: q->force = true; return 0;
    case REQUEST_QUIET: q->quiet = true; return 0;
    case REQUEST_PROGRESS: q->progress = (enum progress_form)given->word; return 0;
    case REQUEST_DRY_RUN: q->only_plans = true; return 0;
    case 'h': return 1;
    default: return -1;
    }
}

/* Adds an argument as a shell takes it, in quotes where it has to be. */
static size_t add_argument(char *to, size_t room, const char *argument)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_", quoted[] = "'\"'\"'";
    if (*argument != '\0' && argument[strspn(argument, plain)] == '\0') return (size_t)snprintf(to, room, " %s", argument);
    size_t n = (size_t)snprintf(to, room, " '");
    for (; *argument != '\0'; argument++) {
        const char one[] = {*argument, '\0'};
        n += (size_t)snprintf(to + n, room - n, "%s", *argument == '\'' ? quoted : one);
    }
    return n + (size_t)snprintf(to + n, room - n, "'");
}

static int remember_history(struct request *q, int argc, char **argv, struct error *e)
{
    size_t size = sizeof "enforcesim", at = 0;
    for (int i = 0; i < argc; i++) size += 5 * strlen(argv[i]) + 3;
    q->history = malloc(size);
    if (q->history == NULL) return error_memory(e, "the command line", (double)size);
    at = (size_t)snprintf(q->history, size, "enforcesim");
    for (int i = 0; i < argc; i++) at += add_argument(q->history + at, size - at, argv[i]);
    error_clean(q->history); /* it goes into the results file, and from there to pages and terminals */
    return 0;
}

/* CONFIG, and for merge the shards after it. */
static int take_arguments(struct request *q, int argc, char **argv, struct error *e)
{
    if (!q->merges) {
        q->config = command_argument(argc, argv, "CONFIG", e);
        return q->config != NULL ? 0 : -1;
    }
    if (argc - optind < 2)
        return error_set(e, ERROR_INPUT, "merge needs CONFIG and the files of at least one shard; see 'enforcesim merge --help'");
    q->config = argv[optind];
    q->parts = (const char *const *)&argv[optind + 1];
    q->n_parts = (size_t)(argc - optind - 1);
    return 0;
}

int request_read(struct request *q, int argc, char **argv, const struct options_command *c, bool merges, bool *help, struct error *e)
{
    const size_t n = (size_t)argc + 1;
    *q = (struct request){.merges = merges};
    *help = false;
    q->texts = calloc(3 * n, sizeof *q->texts);
    q->made = calloc(2 * n, sizeof *q->made);
    if (q->texts == NULL || q->made == NULL) return error_memory(e, "the arguments", (double)n);
    const struct lists lists = {q->texts, q->texts + n, q->texts + 2 * n};
    q->overrides = (struct config_overrides){.set = lists.set, .said = lists.said, .scenarios = lists.scenarios};
    if (remember_history(q, argc, argv, e) != 0) return -1; /* before getopt puts the arguments in another order */
    struct options_given given;
    int option;
    while ((option = options_next(argc, argv, c, &given, e)) != -1) {
        const int status = take_option(q, option, &given, &lists, e);
        *help = status > 0;
        if (status != 0) return status > 0 ? 0 : -1;
    }
    if (q->progress == PROGRESS_AUTO) q->progress = command_has_terminal() && !q->quiet ? PROGRESS_ALWAYS : PROGRESS_NEVER;
    if (take_arguments(q, argc, argv, e) != 0) return -1;
    if (q->out != NULL && strcmp(q->out, "-") == 0)
        return error_set(e, ERROR_INPUT, "-o -: results go to a file; name one, or ./- for one of that name");
    if (q->out != NULL && q->out[0] == '\0') return error_set(e, ERROR_INPUT, "-o needs the name of a file");
    if (q->resume && q->force) return error_set(e, ERROR_INPUT, "--resume and --force contradict each other");
    return 0;
}

/* ---- where the results go ------------------------------------------------------------------------------------------------ */

static int name_output(struct request *q, const struct study *s, struct error *e)
{
    q->named = true;
    if (asprintf(&q->out, "results/%s.h5", s->name) >= 0) return 0;
    q->out = NULL;
    return error_memory(e, "a path", 4096);
}

int request_make_folder(const struct request *q, struct error *e)
{
    if (!q->named || mkdir("results", 0777) == 0 || errno == EEXIST) return 0;
    return error_set(e, ERROR_INPUT, "results: the folder cannot be made: %s; name a file with -o", strerror(errno));
}

static int name_shard(struct request *q, struct error *e)
{
    char *name = results_shard(q->out, q->shard, q->shards);
    free(q->out);
    q->out = name;
    return name != NULL ? 0 : error_memory(e, "a path", 4096);
}

int request_paths(struct request *q, const struct study *s, struct error *e)
{
    if (q->out == NULL && name_output(q, s, e) != 0) return -1;
    if (q->shards > 0 && name_shard(q, e) != 0) return -1;
    q->partial = results_partial(q->out);
    q->temporary = results_temporary(q->out);
    return q->partial != NULL && q->temporary != NULL ? 0 : error_memory(e, "a path", 4096);
}

static int check_space(const char *folder, double bytes, struct error *e)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0) return 0; /* unknown: writing will tell */
    double free_bytes = (double)disk.f_bavail * (double)disk.f_frsize;
    if (bytes <= free_bytes) return 0;
    return error_set(e, ERROR_INPUT, "%s: not enough room on the disk: up to %.1f MB are needed, %.1f MB are free", folder,
                     bytes / 1e6, free_bytes / 1e6);
}

/* --force is to replace results, not what they are made from. */
static bool is_input(const struct request *q, const char *path)
{
    struct stat written, input;
    if (stat(path, &written) != 0) return false;
    for (size_t i = 0; i < q->n_parts + 2; i++) {
        const char *read = i == 0 ? q->config : i == 1 ? q->design : q->parts[i - 2];
        if (read != NULL && stat(read, &input) == 0 && input.st_dev == written.st_dev && input.st_ino == written.st_ino) return true;
    }
    return false;
}

/* A NAME.cfg may be one that the scenario file includes; an unfinished shard may have the name of what is begun here. */
static int check_inputs(const struct request *q, bool is_there, struct error *e)
{
    const size_t length = strlen(q->out);
    if (is_there && (is_input(q, q->out) || (length > 4 && strcmp(q->out + length - 4, ".cfg") == 0)))
        return error_set(e, ERROR_INPUT, "%s: is what the run is made from, or a scenario file; name another file", q->out);
    const char *const before[] = {q->partial, q->temporary};
    for (size_t i = 0; i < 2; i++) {
        if (is_input(q, before[i]))
            return error_set(e, ERROR_INPUT, "%s: is what the run is made from, and %s is first written there; name another file with -o",
                             before[i], q->out);
    }
    return 0;
}

/* What could not be put in place in the end. */
static int check_ways(const struct request *q, bool is_there, struct error *e)
{
    struct stat status;
    if (!is_there && lstat(q->out, &status) == 0)
        return error_set(e, ERROR_INPUT, "%s: is a link to what is not there; name a file", q->out);
    if (lstat(q->temporary, &status) != 0 && errno == ENAMETOOLONG)
        return error_set(e, ERROR_INPUT, "%s: the name is too long, for results are first written to NAME.enforcesim-tmp",
                         q->out);
    if (lstat(q->temporary, &status) == 0 && !S_ISREG(status.st_mode))
        return error_set(e, ERROR_INPUT, "%s: is in the way, for results are first written there; remove it or name another file",
                         q->temporary);
    return 0;
}

int request_check_paths(const struct request *q, double bytes, struct error *e)
{
    struct stat status, left;
    bool is_there = stat(q->out, &status) == 0, begun = stat(q->partial, &left) == 0;
    if (begun) bytes -= (double)left.st_size; /* it is grown further, or overwritten */
    if (lstat(q->temporary, &left) == 0 && S_ISREG(left.st_mode)) bytes -= (double)left.st_size; /* it is removed */
    if (check_ways(q, is_there, e) != 0 || check_inputs(q, is_there, e) != 0) return -1;
    if (is_there && S_ISDIR(status.st_mode)) return error_set(e, ERROR_INPUT, "%s: is a folder; name a file", q->out);
    if (is_there && !S_ISREG(status.st_mode)) /* --force is to replace results, not devices */
        return error_set(e, ERROR_INPUT, "%s: is a device or the like; name a file", q->out);
    if (is_there && q->resume && !begun)
        return error_set(e, ERROR_INPUT, "%s: is there already, and no %s to resume from; --force runs anew and replaces it",
                         q->out, q->partial);
    if (is_there && !q->resume && !q->force)
        return error_set(e, ERROR_INPUT, "%s: is there already; --force replaces it", q->out);
    if (begun && !q->resume && !q->force)
        return error_set(e, ERROR_INPUT, "%s: an interrupted run has left this; --resume goes on from it, --force begins anew",
                         q->partial);
    char *folder = files_folder(q->out);
    if (folder == NULL) return error_memory(e, "a path", 4096);
    int result = 0;
    if (q->only_plans && q->named && access(folder, F_OK) != 0) snprintf(folder, 2, "."); /* where it would be made */
    if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode))
        result = error_set(e, ERROR_INPUT, "%s: the folder %s does not exist", q->out, folder);
    else if (access(folder, W_OK | X_OK) != 0)
        result = error_set(e, ERROR_INPUT, "%s: the folder %s cannot be written to", q->out, folder);
    else
        result = check_space(folder, bytes, e);
    free(folder);
    return result;
}

void request_free(struct request *q)
{
    for (size_t i = 0; i < q->n_made; i++) free(q->made[i]);
    free(q->made);
    free(q->texts);
    free(q->out);
    free(q->partial);
    free(q->temporary);
    free(q->history);
}
