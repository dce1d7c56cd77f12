/* enforcesim design: draws a design of experiments and writes it as CSV. Everything that can be refused is refused before anything
 * is written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/apart.h"
#include "sim/command.h"
#include "sim/design_sample.h"
#include "sim/files.h"

#define DEFAULT_LEVELS 4
#define TEXT_(number) #number
#define TEXT(number) TEXT_(number)

struct options {
    const char *method, *config, *prior, *out;
    struct config_overrides overrides;
    const char **paths; /* of parameters */
    size_t n_paths;
    char *seed, *said; /* the setting made of --seed, and how a message calls it; owned */
    char **lists;      /* the arguments of --parameters, cut at their commas; owned */
    size_t n_lists;
    int64_t n, levels;
    bool centred, second_order, force, quiet;
};

enum { SET = 256, SEED, PRIOR, PARAMETERS, CENTRED, SECOND_ORDER, LEVELS, FORCE, QUIET };

static const struct options_row rows[] = {
    {.value = 'n', .name = "number", .argument = "N", .minimum = 1, .maximum = DESIGN_MAX_POINTS, .meaning = "points, or what METHOD makes of it"},
    {.value = 'o', .name = "output", .argument = "FILE", .kind = OPTIONS_CSV, .meaning = "the file to write; -: stdout"},
    {.value = PRIOR, .name = "prior", .argument = "NAME", .kind = OPTIONS_PRIOR,
     .meaning = "distributions of priors/NAME.cfg in the folder of CONFIG or the folder above it; or the path of a file (with a '/' "
                "or ending in .cfg). Without it, each parameter's own range, all of it alike"},
    {.value = PARAMETERS, .name = "parameters", .argument = "PATH,PATH,...", .kind = OPTIONS_PATHS, .repeats = true,
     .meaning = "these columns only, GROUP.NAME as 'enforcesim params' lists them, levers apart; with a prior, of those it has"},
    {.value = SEED, .name = "seed", .argument = "N", .meaning = "where randomness starts (run.seed): the same seed gives the same file"},
    {.value = SET, .name = "set", .argument = "PATH=VALUE", .kind = OPTIONS_SETTING, .repeats = true,
     .meaning = "change a setting of CONFIG, against which the points are checked"},
    {.value = CENTRED, .name = "centred", .meaning = "lhs: points in the middle of their strata, not anywhere in them"},
    {.value = SECOND_ORDER, .name = "second-order", .meaning = "sobol: rows for the indices of pairs as well"},
    {.value = LEVELS, .name = "levels", .argument = "L", .minimum = 2, .maximum = DESIGN_MAX_LEVELS, .initial = TEXT(DEFAULT_LEVELS),
     .meaning = "morris: levels of the grid, even"},
    {.value = FORCE, .name = "force", .meaning = "replace FILE"},
    {.value = QUIET, .name = "quiet", .meaning = "say nothing but errors and warnings"},
    {0},
};

static const struct options_term methods[] = {
    {"lhs", "Latin hypercube: N points, in each column one in every N-th part of it"},
    {"sobol", "for Sobol' indices: N (D + 2) points of D columns, N a power of two, from a scrambled Sobol' sequence, in the order of "
              "SALib; with --second-order N (2 D + 2)"},
    {"morris", "for elementary effects: N trajectories of D + 1 points, in the order of SALib"},
    {"grid", "every combination of N levels of each column, from end to end in equal shares of its distribution; a flag, a choice, and "
             "a whole number with no more values, has all of its values"},
    {0},
};

static const struct options_limit limits[] = {
    {"points", DESIGN_MAX_POINTS}, {"columns", DESIGN_MAX_COLUMNS}, {"values", DESIGN_MAX_VALUES}, {0}};

const struct options_command command_of_design = {
    .name = "design", .synopsis = "METHOD CONFIG -n N -o FILE.csv [OPTION]...",
    .purpose = "draw a design of experiments: lhs, sobol, morris or grid", .work = command_design,
    .arguments = (const struct options_argument[]){{.name = "METHOD", .kind = OPTIONS_WORD, .words = "lhs|sobol|morris|grid"},
                                                   {.name = "CONFIG", .kind = OPTIONS_CONFIG}, {0}},
    .rows = rows,
    .description = "Draws a design of experiments: points in the space of what is not known, one line of a CSV file for each. The "
                   "columns are the uncertain parameters, those of a prior, or those named; 'enforcesim check CONFIG --design FILE' "
                   "checks such a file. METHOD:",
    .terms = methods,
    .notes = "A fixed parameter of a prior is a column of its own, after those that vary. Whole numbers are rounded. Comments at the "
             "head of the file say how it was drawn; the one that begins with '# problem: ' is what SALib has to be told.\n\n"
             "A point that breaks a rule between parameters cannot be run: lhs and grid say how many do, and sobol and morris, which "
             "need every row, write nothing then.",
    .limits = limits,
    .examples = "enforcesim design lhs configs/essay.cfg -n 500 --prior neutral -o lhs.csv\n"
                "enforcesim design morris configs/essay.cfg -n 20 --prior neutral -o morris.csv\n"
                "enforcesim design sobol configs/essay.cfg -n 1024 --prior neutral -o sobol.csv \\\n"
                "  --parameters health.backlash_own,market.price_elasticity,police.leak\n"
                "enforcesim design grid configs/essay.cfg -n 5 -o grid.csv \\\n"
                "  --parameters beliefs.belief_model,police.leak\n",
};

/* ---- options ---- */

static int add_seed(struct options *o, const char *seed, const char **set, const char **said, struct error *e)
{
    if (o->seed != NULL) return error_set(e, ERROR_INPUT, "--seed is given twice; allowed: once");
    if (asprintf(&o->seed, "run.seed=%s", seed) < 0) {
        o->seed = NULL;
        return error_memory(e, "an option", 100);
    }
    if (asprintf(&o->said, "--seed %s", seed) < 0) {
        o->said = NULL;
        return error_memory(e, "an option", 100);
    }
    set[o->overrides.n_set] = o->seed;
    said[o->overrides.n_set++] = o->said;
    return 0;
}

/* "PATH, PATH, ...": empty pieces are nothing, nor are blanks around a path. */
static int add_parameters(struct options *o, const char *list, struct error *e)
{
    size_t pieces = 1;
    for (const char *c = list; *c != '\0'; c++) pieces += *c == ',' || *c == ' ';
    const char **longer = realloc(o->paths, (o->n_paths + pieces) * sizeof *longer);
    if (longer != NULL) o->paths = longer;
    char *copy = strdup(list);
    if (longer == NULL || copy == NULL) {
        free(copy);
        return error_memory(e, "an option", (double)strlen(list));
    }
    o->lists[o->n_lists++] = copy;
    size_t before = o->n_paths;
    for (char *piece; (piece = strsep(&copy, ", ")) != NULL;) {
        if (*piece != '\0') o->paths[o->n_paths++] = piece;
    }
    return o->n_paths > before ? 0
                               : error_set(e, ERROR_INPUT, "--parameters names none; allowed: GROUP.NAME,GROUP.NAME");
}

static int find_method(const char *name, enum design_method *method, struct error *e)
{
    for (size_t i = 0; design_methods[i] != NULL; i++) {
        if (strcmp(design_methods[i], name) != 0) continue;
        *method = (enum design_method)i;
        return 0;
    }
    return field_unknown("method", name, design_methods, e);
}

/* METHOD and CONFIG, which are left after the options, and what belongs to the method. */
static int check_options(struct options *o, int argc, char **argv, enum design_method *method, struct error *e)
{
    if (optind == argc)
        return error_set(e, ERROR_INPUT, "design: the method is missing; allowed: lhs, sobol, morris, grid");
    o->method = argv[optind++];
    if (find_method(o->method, method, e) != 0) return -1;
    o->config = command_argument(argc, argv, "CONFIG", e);
    if (o->config == NULL) return -1;
    if (o->n < 0) return error_set(e, ERROR_INPUT, "design: -n is missing; see 'enforcesim design --help'");
    if (o->out == NULL || o->out[0] == '\0') return error_set(e, ERROR_INPUT, "design: -o needs the name of a file");
    if (o->centred && *method != DESIGN_lhs)
        return error_set(e, ERROR_INPUT, "--centred says nothing to %s; allowed: with lhs", o->method);
    if (o->second_order && *method != DESIGN_sobol)
        return error_set(e, ERROR_INPUT, "--second-order says nothing to %s; allowed: with sobol", o->method);
    if (o->levels >= 0 && *method != DESIGN_morris)
        return error_set(e, ERROR_INPUT, "--levels says nothing to %s; allowed: with morris", o->method);
    if (o->levels < 0) o->levels = DEFAULT_LEVELS;
    return 0;
}

/* Everything the command line says. 1: --help has been printed. */
static int read_options(struct options *o, int argc, char **argv, const char **set, const char **said,
                        enum design_method *method, struct error *e)
{
    struct options_given given;
    int option;
    while ((option = options_next(argc, argv, &command_of_design, &given, e)) != -1) {
        int status = 0;
        switch (option) {
        case 'n': o->n = given.number; break;
        case 'o': o->out = given.text; break;
        case PRIOR: o->prior = given.text; break;
        case PARAMETERS: status = add_parameters(o, given.text, e); break;
        case SEED: status = add_seed(o, given.text, set, said, e); break;
        case SET: set[o->overrides.n_set++] = given.text; break;
        case CENTRED: o->centred = true; break;
        case SECOND_ORDER: o->second_order = true; break;
        case LEVELS: o->levels = given.number; break;
        case FORCE: o->force = true; break;
        case QUIET: o->quiet = true; break;
        case 'h': options_print_help(stdout, &command_of_design); return 1;
        default: status = -1;
        }
        if (status != 0) return -1;
    }
    return check_options(o, argc, argv, method, e);
}

/* ---- where the design goes ---- */

static bool is_same(const char *path, const struct stat *status)
{
    struct stat other;
    return path != NULL && stat(path, &other) == 0 && other.st_dev == status->st_dev && other.st_ino == status->st_ino;
}

static int check_output(const struct options *o, const char *prior, struct error *e)
{
    struct stat status;
    bool is_there = stat(o->out, &status) == 0;
    if (is_there && S_ISDIR(status.st_mode)) return error_set(e, ERROR_INPUT, "%s: is a folder; name a file", o->out);
    if (is_there && !S_ISREG(status.st_mode))
        return error_set(e, ERROR_INPUT, "%s: is a device or the like; name a file", o->out);
    if (is_there && (is_same(o->config, &status) || is_same(prior, &status)))
        return error_set(e, ERROR_INPUT, "%s: is the scenario file or the prior itself; name another file", o->out);
    if (is_there && !o->force) return error_set(e, ERROR_INPUT, "%s: is there already; --force replaces it", o->out);
    char *folder = files_folder(o->out);
    if (folder == NULL) return error_memory(e, "a path", 4096);
    int result = 0;
    if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode))
        result = error_set(e, ERROR_INPUT, "%s: the folder %s does not exist", o->out, folder);
    else if (access(folder, W_OK | X_OK) != 0)
        result = error_set(e, ERROR_INPUT, "%s: the folder %s cannot be written to", o->out, folder);
    free(folder);
    return result;
}

/* ---- drawing ---- */

static const char *source_of(const struct options *o, const char *prior)
{
    if (o->prior == NULL) return "each parameter's own range";
    const char *slash = strrchr(prior, '/');
    return slash != NULL ? slash + 1 : prior; /* not the path: the same prior elsewhere gives the same file */
}

/* A row that is missing spoils the whole of what sobol and morris are for; the other methods can do without some. */
static int check_points(const struct options *o, const struct design *d, struct study *s, enum design_method method,
                        struct error *e)
{
    struct error cause = {0};
    uint32_t first = 0, invalid = design_invalid(d, s, &first, &cause);
    if (invalid == 0) return 0;
    if (method == DESIGN_sobol || method == DESIGN_morris) {
        return error_set(
            e, cause.kind,
            "%u of %u points cannot be run, the first because %.400s, and %s needs every point; allowed: ranges where "
            "none breaks a rule (--prior), or other columns (--parameters)",
            invalid, d->n_points, cause.text, o->method);
    }
    command_say("enforcesim: %.300s:%u: %.500s; %u of %u points cannot be run, this is the first", o->out,
                d->lines[first], cause.text, invalid, d->n_points);
    return 0;
}

static int draw_and_write(const struct options *o, struct design *d, const struct design_plan *plan, struct study *s,
                          const char *prior, struct error *e)
{
    const char *source = source_of(o, prior);
    if (design_sample(d, plan, e) != 0) return -1;
    if (design_number_lines(d, plan, source, e) != 0) return -1;
    if (check_points(o, d, s, plan->method, e) != 0) return -1;
    if (*apart_stop() != 0) return error_set(e, ERROR_INTERRUPTED, "interrupted; nothing has been written");
    const bool prints = strcmp(o->out, "-") == 0;
    if (design_write(prints ? NULL : o->out, o->force, d, plan, source, e) != 0) return -1;
    if (!o->quiet && !prints) {
        command_say("wrote %s: %u point%s, %u column%s, %u of which var%s", o->out, d->n_points,
                    d->n_points == 1 ? "" : "s", d->n_columns, d->n_columns == 1 ? "" : "s", plan->n_varied,
                    plan->n_varied == 1 ? "ies" : "y");
    }
    return 0;
}

static int choose_and_draw(const struct options *o, struct study *s, enum design_method method, const struct prior *p,
                           const char *prior, struct error *e)
{
    struct design d = {.model = s->model};
    struct design_plan plan = {.model = s->model,
                               .method = method,
                               .seed = s->seed,
                               .n = (uint32_t)o->n,
                               .levels = (uint32_t)o->levels,
                               .centred = o->centred,
                               .second_order = o->second_order};
    int status = design_choose(&plan, p, o->paths, o->n_paths, e);
    if (status == 0) status = draw_and_write(o, &d, &plan, s, prior, e);
    design_free(&d);
    design_plan_free(&plan);
    return status;
}

static int work(const struct options *o, enum design_method method, const struct model *model, struct error *e)
{
    struct study study;
    struct prior p = {.model = model};
    if (config_load(&study, NULL, model, o->config, &o->overrides, e) != 0) return -1;
    char *prior = o->prior != NULL ? prior_path(o->config, o->prior, e) : NULL;
    int status = o->prior != NULL && (prior == NULL || prior_read(&p, model, prior, e) != 0) ? -1 : 0;
    if (status == 0 && strcmp(o->out, "-") != 0) status = check_output(o, prior, e);
    if (status == 0) status = choose_and_draw(o, &study, method, o->prior != NULL ? &p : NULL, prior, e);
    prior_free(&p);
    free(prior);
    study_free(&study);
    return status;
}

int command_design(int argc, char **argv, const struct model *model)
{
    struct error e = {0};
    size_t n = (size_t)argc + 1;
    const char **texts = calloc(2 * n, sizeof *texts);
    struct options o = {.n = -1, .levels = -1, .lists = calloc(n, sizeof *o.lists)};
    enum design_method method = DESIGN_lhs;
    int status = -1;
    if (texts == NULL || o.lists == NULL) {
        error_memory(&e, "the arguments", (double)n);
    } else {
        o.overrides = (struct config_overrides){.set = texts, .said = texts + n};
        status = read_options(&o, argc, argv, texts, texts + n, &method, &e);
        if (status == 0) status = work(&o, method, model, &e);
    }
    status = status < 0 ? command_error(&e) : command_finish();
    if (e.kind == ERROR_INTERRUPTED) status = 128 + *apart_stop();
    for (size_t i = 0; i < o.n_lists; i++) free(o.lists[i]);
    free(o.lists);
    free(o.paths);
    free(o.seed);
    free(o.said);
    free(texts);
    return status;
}
