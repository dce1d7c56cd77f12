/* enforcesim run: runs a scenario file and writes the results file. Everything that can be refused is refused before the
 * first day is simulated; whatever is finished is in the journal. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "sim/apart.h"
#include "sim/command.h"
#include "sim/design.h"
#include "sim/drift.h"
#include "sim/files.h"
#include "sim/journal.h"
#include "sim/progress.h"
#include "sim/results.h"
#include "sim/run.h"
#include "sim/version.h"

enum { THREADS_MAXIMUM = 1024 };

/* Debug builds (make DEBUG=1) check the model's invariants every day. */
#ifdef ENFORCESIM_DEBUG
static const bool VERIFY = true;
#else
static const bool VERIFY = false;
#endif

struct options {
    const char *config, *design;
    char *out, *partial, *temporary;
    struct config_overrides overrides;
    char **made; /* settings made from options; owned */
    size_t n_made;
    int64_t threads;
    bool resume, force, quiet, show_progress;
    char *history;
};

static void print_help(void)
{
    printf(
        "Usage: enforcesim run CONFIG [OPTION]...\n\n"
        "Runs every scenario of a scenario file and writes a results file (HDF5, opens as netCDF-4).\n\n"
        "  -o, --output FILE      the results file (results/NAME.h5, NAME being run.name)\n"
        "  -r, --replicates N     run.replicates\n"
        "  -j, --threads N        threads, 1 to %d (all cores); the numbers do not depend on it\n"
        "      --seed N           run.seed\n"
        "      --days N           run.horizon\n"
        "      --scenario NAME    run this scenario only; may be given often\n"
        "      --set PATH=VALUE   change a setting of the file; may be given often. Paths: run.NAME, parameters.GROUP.NAME,\n"
        "                         policies.NAME.LEVER, scenarios.NAME.policy, scenarios.NAME.phases.NUMBER.day\n"
        "      --design FILE      run every scenario at each point of a design of experiments (CSV, see 'enforcesim check --help'\n"
        "                         and 'enforcesim design --help'); metrics get a dimension `point`. A point that cannot be run\n"
        "                         is told at the end and in the file, and costs no other\n"
        "      --resume           go on from FILE.partial, which an interrupted run has left\n"
        "      --force            replace FILE, or begin anew in spite of FILE.partial\n"
        "      --quiet            say nothing but errors\n"
        "      --progress WHEN    auto (on a terminal), always or never\n"
        "      --help             this text\n\n"
        "Examples:\n"
        "  enforcesim run configs/essay.cfg\n"
        "  enforcesim run configs/cases/cebu.cfg -r 50 -o cebu.h5\n"
        "  enforcesim run configs/essay.cfg --set parameters.health.backlash_own=0.6 -o backlash.h5\n"
        "  enforcesim run configs/essay.cfg -r 10 --design points.csv -o points.h5\n\n"
        "Exit status: 0 done; 1 failed while running, or points of a design did, 130 or 143 interrupted (what was done is in FILE.partial); 2 refused.\n\n",
        THREADS_MAXIMUM);
    command_print_settings();
}

/* ---- options --------------------------------------------------------------------------------------------------------- */

/* An option that stands for a setting of the file. */
static int setting(struct options *o, const char **set, const char **said, const char *path, const char *option, struct error *e)
{
    char *text = NULL, *name = NULL;
    if (asprintf(&text, "%s=%s", path, optarg) < 0) return error_memory(e, "an option", 100);
    o->made[o->n_made++] = text;
    if (asprintf(&name, "%s %s", option, optarg) < 0) return error_memory(e, "an option", 100);
    o->made[o->n_made++] = name;
    set[o->overrides.n_set] = text;
    said[o->overrides.n_set++] = name;
    return 0;
}

static int progress_option(struct options *o, struct error *e)
{
    if (strcmp(optarg, "always") == 0) o->show_progress = true;
    else if (strcmp(optarg, "never") == 0) o->show_progress = false;
    else if (strcmp(optarg, "auto") != 0)
        return error_set(e, ERROR_INPUT, "--progress %.100s is unknown; allowed: auto, always, never", optarg);
    return 0;
}

/* Everything the command line says. 1: --help has been printed. */
static int read_options(struct options *o, int argc, char **argv, const char **set, const char **said, const char **scenarios,
                        struct error *e)
{
    enum { SET = 256, SCENARIO, SEED, DAYS, DESIGN, RESUME, FORCE, QUIET, PROGRESS };
    static const struct option known[] = {
        {"output", required_argument, NULL, 'o'},   {"replicates", required_argument, NULL, 'r'},
        {"threads", required_argument, NULL, 'j'},  {"seed", required_argument, NULL, SEED},
        {"days", required_argument, NULL, DAYS},    {"scenario", required_argument, NULL, SCENARIO},
        {"set", required_argument, NULL, SET},      {"design", required_argument, NULL, DESIGN}, {"resume", no_argument, NULL, RESUME},
        {"force", no_argument, NULL, FORCE},        {"quiet", no_argument, NULL, QUIET},
        {"progress", required_argument, NULL, PROGRESS}, {"help", no_argument, NULL, 'h'},
        {0}};
    int option;
    o->show_progress = isatty(STDERR_FILENO);
    while ((option = command_option(argc, argv, "o:r:j:h", known, e)) != -1) {
        int status = 0;
        switch (option) {
        case 'o': free(o->out); if ((o->out = strdup(optarg)) == NULL) status = error_memory(e, "a path", 4096); break;
        case 'r': status = setting(o, set, said, "run.replicates", "-r", e); break;
        case 'j': status = command_whole("-j", optarg, 1, THREADS_MAXIMUM, &o->threads, e); break;
        case SEED: status = setting(o, set, said, "run.seed", "--seed", e); break;
        case DAYS: status = setting(o, set, said, "run.horizon", "--days", e); break;
        case SCENARIO: scenarios[o->overrides.n_scenarios++] = optarg; break;
        case SET: set[o->overrides.n_set++] = optarg; break;
        case DESIGN: o->design = optarg; break;
        case RESUME: o->resume = true; break;
        case FORCE: o->force = true; break;
        case QUIET: o->quiet = true; o->show_progress = false; break;
        case PROGRESS: status = progress_option(o, e); break;
        case 'h': print_help(); return 1;
        default: status = -1;
        }
        if (status != 0) return -1;
    }
    o->config = command_argument(argc, argv, "CONFIG", e);
    if (o->config == NULL) return -1;
    if (o->out != NULL && o->out[0] == '\0') return error_set(e, ERROR_INPUT, "-o needs the name of a file");
    if (o->resume && o->force) return error_set(e, ERROR_INPUT, "--resume and --force contradict each other");
    return 0;
}

static int remember_history(struct options *o, int argc, char **argv, struct error *e)
{
    size_t size = sizeof "enforcesim", at = 0;
    for (int i = 0; i < argc; i++) size += strlen(argv[i]) + 1;
    o->history = malloc(size);
    if (o->history == NULL) return error_memory(e, "the command line", (double)size);
    at = (size_t)snprintf(o->history, size, "enforcesim");
    for (int i = 0; i < argc; i++) at += (size_t)snprintf(o->history + at, size - at, " %s", argv[i]);
    error_clean(o->history); /* it goes into the results file, and from there to pages and terminals */
    return 0;
}

/* ---- where the results go ------------------------------------------------------------------------------------------------ */

static int name_output(struct options *o, const struct study *s, struct error *e)
{
    if (o->out == NULL) {
        if (asprintf(&o->out, "results/%s.h5", s->name) < 0) {
            o->out = NULL;
            return error_memory(e, "a path", 4096);
        }
        if (mkdir("results", 0777) != 0 && errno != EEXIST)
            return error_set(e, ERROR_INPUT, "results: the folder cannot be made: %s; name a file with -o", strerror(errno));
    }
    o->partial = results_partial(o->out);
    o->temporary = results_temporary(o->out);
    return o->partial != NULL && o->temporary != NULL ? 0 : error_memory(e, "a path", 4096);
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

static int check_output(const struct options *o, double bytes, struct error *e)
{
    struct stat status, left;
    bool is_there = stat(o->out, &status) == 0, begun = stat(o->partial, &left) == 0;
    if (begun) bytes -= (double)left.st_size; /* it is grown further, or overwritten */
    if (lstat(o->temporary, &left) == 0 && S_ISREG(left.st_mode)) bytes -= (double)left.st_size; /* it is removed */
    struct stat config;
    if (is_there && stat(o->config, &config) == 0 && config.st_dev == status.st_dev && config.st_ino == status.st_ino)
        return error_set(e, ERROR_INPUT, "%s: is the scenario file itself; name another file", o->out);
    if (is_there && S_ISDIR(status.st_mode)) return error_set(e, ERROR_INPUT, "%s: is a folder; name a file", o->out);
    if (is_there && !S_ISREG(status.st_mode)) /* --force is to replace results, not devices */
        return error_set(e, ERROR_INPUT, "%s: is a device or the like; name a file", o->out);
    if (is_there && o->resume && !begun)
        return error_set(e, ERROR_INPUT, "%s: is there already, and no %s to resume from; --force runs anew and replaces it",
                         o->out, o->partial);
    if (is_there && !o->resume && !o->force)
        return error_set(e, ERROR_INPUT, "%s: is there already; --force replaces it", o->out);
    if (begun && !o->resume && !o->force)
        return error_set(e, ERROR_INPUT, "%s: an interrupted run has left this; --resume goes on from it, --force begins anew",
                         o->partial);
    char *folder = files_folder(o->out);
    if (folder == NULL) return error_memory(e, "a path", 4096);
    int result = 0;
    if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode))
        result = error_set(e, ERROR_INPUT, "%s: the folder %s does not exist", o->out, folder);
    else if (access(folder, W_OK | X_OK) != 0)
        result = error_set(e, ERROR_INPUT, "%s: the folder %s cannot be written to", o->out, folder);
    else
        result = check_space(folder, bytes, e);
    free(folder);
    return result;
}

/* ---- running -------------------------------------------------------------------------------------------------------------- */

struct running {
    const struct options *o;
    const struct study *s;
    const struct design *design; /* or NULL */
    const char *config;
    struct journal *journal;
    uint32_t units, threads;
    char **problems;          /* [points] of a design: why one of its units could not be run, or NULL */
    uint32_t *problem_unit;   /* [points] which, the first */
    uint32_t failed;          /* units */
    struct progress progress;
};

static int done(void *context, uint32_t unit, const double *values, struct error *e)
{
    struct running *r = context;
    return journal_append(r->journal, unit, values, e);
}

static int place(void *context, uint32_t point, struct study *own, struct error *e)
{
    const struct running *r = context;
    return design_place(r->design, point, r->threads, own, e);
}

/* Of several units of a point the first is told, whichever failed first. */
static void failed(void *context, uint32_t unit, const struct error *error)
{
    struct running *r = context;
    const uint32_t point = unit / r->s->replicates;
    r->failed++;
    if (r->problems[point] != NULL && r->problem_unit[point] < unit) return;
    char *problem = strdup(error->text);
    if (problem == NULL) return; /* the file then says less, and the exit status the same */
    free(r->problems[point]);
    r->problems[point] = problem;
    r->problem_unit[point] = unit;
}

static void progressed(void *context, const struct run_progress *latest)
{
    struct running *r = context;
    progress_update(&r->progress, latest);
}

static void created_at(char *text, size_t size)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH"); /* reproducible-builds.org: lets two runs write the same bytes */
    time_t now = epoch != NULL ? (time_t)strtoll(epoch, NULL, 10) : time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) == NULL || strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) text[0] = '\0';
}

static void say_done(const struct running *r, double simulated, double writing, const char *digest)
{
    const struct run_progress *p = &r->progress.latest;
    char points[64] = "";
    if (r->o->quiet) return;
    if (r->design != NULL) snprintf(points, sizeof points, "%u points of ", r->design->n_points);
    command_say("wrote %s: %s%u replicates of %u scenarios; %.3g person-days in %.1f s (%.0f M person-days/s), %.1f s of "
                "writing; digest %.12s", r->o->out, points, r->s->replicates, r->s->n_scenarios, (double)p->person_days, simulated,
                simulated > 0 ? (double)p->person_days / simulated / 1e6 : 0, writing, digest);
}

/* What a run says that ends early: one line, with what is left to go on from. */
static int ended_early(struct running *r, const struct error *e)
{
    struct error whole = {0}, unsynced = {0};
    if (journal_sync(r->journal, &unsynced) == 0) unsynced.text[0] = '\0';
    error_set(&whole, e->kind, "%.500s; %u of %u replicates are in %.200s: the same command with --resume goes on%s%.200s", e->text,
              journal_count(r->journal), r->units, r->o->partial, unsynced.text[0] != '\0' ? "; " : "", unsynced.text);
    int shown = command_error(&whole);
    return e->kind == ERROR_INTERRUPTED ? 128 + *apart_stop() : shown;
}

/* The file is complete, but not every point of the design could be run. */
static int tell_failed(const struct running *r)
{
    struct error e = {0};
    uint32_t points = 0, first = 0;
    for (uint32_t i = r->design->n_points; i-- > 0;) {
        if (r->problems[i] == NULL) continue;
        points++;
        first = i;
    }
    error_set(&e, ERROR_FAILURE,
              "%.200s:%u: %.500s; %u of %u points could not be run, this is the first; /design/problem in %.200s lists them",
              r->o->design, r->design->lines[first], points > 0 ? r->problems[first] : "no memory is left to say why", points,
              r->design->n_points, r->o->out);
    return command_error(&e);
}

/* The results are written in a process of its own. */
struct writing {
    const struct running *r;
    struct results_content content;
    char digest[RESULTS_DIGEST];
};

static int write_results(void *context, struct error *e)
{
    struct writing *w = context;
    const struct options *o = w->r->o;
    if (journal_verify(w->r->journal, e) != 0) return -1;
    return results_write(o->out, o->force || o->resume, &w->content, w->digest, e);
}

static int finish(const struct running *r, struct error *e)
{
    char created[32];
    created_at(created, sizeof created);
    double simulated = progress_clock() - r->progress.started - journal_seconds(r->journal), begun = progress_clock();
    struct writing *w = apart_shared(sizeof *w);
    if (w == NULL) return error_memory(e, "writing the results", sizeof *w);
    *w = (struct writing){.r = r,
                          .content = {.study = r->s, .journal = r->journal, .config = r->config, .design = r->design,
                                      .problems = (const char *const *)r->problems,
                                      .provenance = {.program_version = version_number(), .commit = version_commit(),
                                                     .compiler = version_compiler(), .history = r->o->history, .created = created}}};
    if (apart_work(write_results, w, r->o->out, e) != 0) {
        unlink(r->o->temporary); /* where the writer could not do so any more */
        return -1;
    }
    if (unlink(r->o->partial) != 0)
        command_say("enforcesim: %s is complete, but %s cannot be removed: %s", r->o->out, r->o->partial, strerror(errno));
    say_done(r, simulated, progress_clock() - begun + journal_seconds(r->journal), w->digest);
    if (!r->o->quiet && r->design == NULL) drift_warn(r->s, r->journal);
    return 0;
}

static int simulate(struct running *r, struct error *e)
{
    const bool design = r->design != NULL;
    struct run_options options = {.threads = (uint32_t)r->o->threads, .stop = apart_stop(), .skip = journal_finished(r->journal),
                                  .points = design ? r->design->n_points : 0, .place = place, .failed = failed, .done = done,
                                  .progress = progressed, .verify = VERIFY, .context = r};
    unlink(r->o->temporary); /* of a run that was killed */
    r->progress = progress_begin(r->o->show_progress, design ? "replicates of points" : "replicates", r->units,
                                 journal_count(r->journal));
    int status = study_run(r->s, &options, e);
    progress_end(&r->progress);
    if (status == 0) status = finish(r, e);
    if (status != 0) return ended_early(r, e);
    return r->failed > 0 ? tell_failed(r) : 0;
}

/* What decides the numbers: the configuration, and the values of a design. To be freed; NULL: no memory. */
static char *identity_text(const struct running *r)
{
    char digest[65] = "none", *text = NULL;
    if (r->design == NULL) return strdup(r->config);
    design_digest(r->design, digest);
    return asprintf(&text, "%s\n# design %s\n", r->config, digest) < 0 ? NULL : text;
}

static int open_journal(struct running *r, const struct options *o, struct error *e)
{
    char model[200], *text = identity_text(r);
    if (text == NULL) return error_memory(e, "the configuration", (double)strlen(r->config));
    snprintf(model, sizeof model, "%s %s", r->s->model->name, r->s->model->version);
    struct journal_identity identity = {.config = text, .model = model, .program = version_number(), .seed = r->s->seed,
                                        .replicates = r->units, .values = study_values(r->s)};
    double bytes = journal_size(&identity, r->units) + results_size(r->s, r->design, strlen(r->config));
    int status = check_output(o, bytes, e);
    if (status == 0) {
        bool go_on = o->resume && access(o->partial, F_OK) == 0;
        status = go_on ? journal_resume(&r->journal, o->partial, &identity, e)
                       : journal_create(&r->journal, o->partial, &identity, e);
    }
    free(text);
    return status;
}

static int prepare(struct running *r, struct error *e)
{
    const uint32_t points = r->design != NULL ? r->design->n_points : 1;
    if ((double)points * r->s->replicates > STUDY_MAX_REPLICATES)
        return error_set(e, ERROR_INPUT, "%u points of %u replicates are too many; allowed: %d in all", points, r->s->replicates,
                         STUDY_MAX_REPLICATES);
    r->units = points * r->s->replicates;
    r->problems = calloc(points, sizeof *r->problems);
    r->problem_unit = calloc(points, sizeof *r->problem_unit);
    if (r->problems == NULL || r->problem_unit == NULL) return error_memory(e, "the points", (double)points * sizeof *r->problems);
    return 0;
}

static int run_study(struct options *o, const struct study *s, const struct design *design, const char *config, uint32_t threads)
{
    struct error e = {0};
    struct running r = {.o = o, .s = s, .design = design, .config = config, .threads = threads};
    int status = prepare(&r, &e);
    if (status == 0) status = name_output(o, s, &e);
    if (status == 0) status = open_journal(&r, o, &e);
    status = status == 0 ? simulate(&r, &e) : command_error(&e);
    journal_close(r.journal);
    for (uint32_t i = 0; r.problems != NULL && i < (design != NULL ? design->n_points : 1); i++) free(r.problems[i]);
    free(r.problems);
    free(r.problem_unit);
    return status;
}

static int load_and_run(struct options *o, const struct model *model, struct error *e)
{
    struct study study;
    struct design design = {.model = model};
    char *config = NULL;
    if (config_load(&study, &config, model, o->config, &o->overrides, e) != 0) return command_error(e);
    uint32_t threads = o->threads > 0 ? (uint32_t)o->threads : (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
    int status = study_fits(&study, threads, e);
    if (status == 0 && o->design != NULL) status = design_read(&design, model, o->design, e);
    status = status == 0 ? run_study(o, &study, o->design != NULL ? &design : NULL, config, threads) : command_error(e);
    design_free(&design);
    free(config);
    study_free(&study);
    return status;
}

int command_run(int argc, char **argv, const struct model *model)
{
    struct error e = {0};
    struct options o = {.threads = 0};
    size_t n = (size_t)argc + 1;
    const char **texts = calloc(3 * n, sizeof *texts);
    o.made = calloc(2 * n, sizeof *o.made);
    int status = -1;
    if (texts == NULL || o.made == NULL) {
        error_memory(&e, "the arguments", (double)n);
    } else {
        o.overrides = (struct config_overrides){.set = texts, .said = texts + n, .scenarios = texts + 2 * n};
        status = remember_history(&o, argc, argv, &e); /* before getopt puts the arguments in another order */
        if (status == 0) status = read_options(&o, argc, argv, texts, texts + n, texts + 2 * n, &e);
    }
    status = status < 0 ? command_error(&e) : status > 0 ? 0 : load_and_run(&o, model, &e);
    for (size_t i = 0; i < o.n_made; i++) free(o.made[i]);
    free(o.made);
    free(texts);
    free(o.out);
    free(o.partial);
    free(o.temporary);
    free(o.history);
    return status;
}
