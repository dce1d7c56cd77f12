/* enforcesim new: writes a scenario file to begin with, of the same tables as everything else. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/command.h"
#include "sim/files.h"

enum { ALL = 256, FORCE, QUIET };

static const struct options_row rows[] = {
    {.value = 'o', .name = "output", .argument = "FILE", .kind = OPTIONS_CONFIG, .meaning = "the file to write, as FILE after the command"},
    {.value = ALL, .name = "all", .meaning = "list the uncertain parameters as well, and not only sizes and forms"},
    {.value = FORCE, .name = "force", .meaning = "replace FILE"},
    {.value = QUIET, .name = "quiet", .meaning = "say nothing but errors"},
    {0},
};

const struct options_command command_of_new = {
    .name = "new", .synopsis = "FILE [OPTION]...", .purpose = "write a commented scenario file to begin with",
    .work = command_new, .arguments = (const struct options_argument[]){{.name = "FILE", .kind = OPTIONS_CONFIG}, {0}}, .rows = rows,
    .description = "Writes a scenario file to begin with: two scenarios, each lever of a policy and each parameter with its default, "
                   "unit, range and meaning in a comment. It includes no other file, and 'check' and 'run' take it as it stands. The "
                   "study is called as the file is. FILE may be - for the standard output.",
    .examples = "enforcesim new my.cfg\n"
                "enforcesim check my.cfg\n"
                "enforcesim run my.cfg -r 20 -o my.h5\n"
                "enforcesim new - --all | less\n",
};

/* ---- the text ---- */

/* "    // sweep_rate = 0.25;        // 1/month, 0 to 30: sweeps in each district"; `sign` in front makes it a comment itself. */
static void write_row(FILE *out, int indent, const char *sign, const struct parameter *row, double value)
{
    char text[128], low[40], high[40];
    parameter_print(row, value, text, sizeof text);
    int column = fprintf(out, "%*s%s%s = %s;", indent, "", sign, row->name, text);
    fprintf(out, "%*s// ", column < 44 ? 44 - column : 1, "");
    parameter_print(row, row->minimum, low, sizeof low);
    parameter_print(row, row->maximum, high, sizeof high);
    if (strcmp(row->unit, "1") != 0 && row->type != FIELD_choice) fprintf(out, "[%s] ", row->unit);
    if (row->type == FIELD_choice) {
        char word[OPTIONS_WORD_LENGTH];
        for (int i = 0; options_word(row->unit, i, word); i++) fprintf(out, "%s\"%s\"", i > 0 ? " or " : "", word);
    } else if (row->type == FIELD_flag) {
        fprintf(out, "true or false");
    } else {
        fprintf(out, "%s to %s", low, high);
    }
    fprintf(out, ": %s\n", row->meaning);
}

static void write_run(FILE *out, const char *name)
{
    fprintf(out, "run = {\n    name = \"%s\";\n    seed = 1;%31s// another seed, another luck; the same for all scenarios\n", name, "");
    for (const struct parameter *row = study_settings; row->name != NULL; row++) {
        const bool size = row->offset == offsetof(struct study, replicates) || row->offset == offsetof(struct study, calendar.burn_in) ||
                          row->offset == offsetof(struct study, calendar.horizon);
        write_row(out, 4, size ? "" : "// ", row, row->initial); /* what is not said may follow from these */
    }
    fprintf(out, "    // metrics = (\"NAME\", \"NAME\");      // these only; 'enforcesim metrics' lists them\n};\n\n");
}

/* Another value of a lever than its default: the other word or truth, or twice as much as long as that is allowed. */
static double changed(const struct parameter *row)
{
    if (row->type == FIELD_choice || row->type == FIELD_flag) return row->initial > 0 ? 0 : 1;
    const double twice = row->initial != 0 ? 2 * row->initial : row->maximum;
    return twice >= row->minimum && twice <= row->maximum ? twice : row->maximum;
}

static void write_policies(FILE *out, const struct model *model)
{
    const int64_t group = model->policy != NULL ? model_group(model, model->policy) : -1;
    const struct parameter *levers = group >= 0 ? model->schedule[group]->parameters : NULL;
    fprintf(out, "// What the policies decide. A lever that a policy does not name has its default, or what the policy has that it inherits from:\n"
                 "// take away the // in front of those you want to set.\n"
                 "policies : {\n    status_quo : {                          // rules during burn-in; what the others are compared with\n");
    for (const struct parameter *row = levers; row != NULL && row->name != NULL; row++) write_row(out, 8, "// ", row, row->initial);
    fprintf(out, "    };\n    other : {\n        inherits = \"status_quo\";\n");
    const struct parameter *example = levers != NULL && model->starter != NULL ? parameter_find(levers, model->starter) : NULL;
    if (example != NULL) write_row(out, 8, "", example, changed(example));
    fprintf(out, "    };\n};\n\n");
}

static void write_parameters(FILE *out, const struct model *model, bool all)
{
    fprintf(out, "// Everything that no policy decides, at its default%s.\nparameters : {\n",
            all ? "" : "; 'enforcesim params' lists the others, with their sources, and 'enforcesim new --all' writes them");
    for (size_t i = 0; model->schedule[i] != NULL; i++) {
        size_t n = 0;
        if (model->policy != NULL && strcmp(model->schedule[i]->name, model->policy) == 0) continue;
        for (const struct parameter *row = model->schedule[i]->parameters; row != NULL && row->name != NULL; row++) {
            if (!all && row->role != ROLE_structural) continue;
            if (n++ == 0) fprintf(out, "    %s : {\n", model->schedule[i]->name);
            write_row(out, 8, "// ", row, row->initial);
        }
        if (n > 0) fprintf(out, "    };\n");
    }
    fprintf(out, "};\n\n");
}

static void write_scenarios(FILE *out)
{
    fprintf(out, "// What is compared. All scenarios go on from the same burn-in, with the same luck.\n"
                 "scenarios = (\n"
                 "    { name = \"status_quo\"; policy = \"status_quo\"; },\n"
                 "    { name = \"other\"; policy = \"other\"; }\n"
                 "    // , { name = \"later\"; policy = \"status_quo\"; phases = ( { day = 365; policy = \"other\"; } ); }\n"
                 ");\n");
}

static char *make_text(const struct model *model, const char *name, bool all, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out == NULL) return NULL;
    fprintf(out, "// A study for %s.\n"
                 "// 'enforcesim check FILE' says what is wrong with it, 'enforcesim run FILE --dry-run' how long it takes, 'enforcesim run FILE'\n"
                 "// runs it. In comments: what may be set, its default, unit, range and meaning.\n\n", model->title);
    write_run(out, name);
    write_policies(out, model);
    write_parameters(out, model, all);
    write_scenarios(out);
    const bool good = !ferror(out);
    if (fclose(out) == 0 && good) return text;
    free(text);
    return NULL;
}

/* ---- the file ---- */

/* The study is called as its file: what a name may not have becomes an underscore. */
static void name_study(const char *path, char name[STUDY_NAME])
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    const size_t length = dot != NULL && dot > base ? (size_t)(dot - base) : strlen(base);
    snprintf(name, STUDY_NAME, "%.*s", (int)length, base);
    for (char *c = name; *c != '\0'; c++) {
        const bool good = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_' || (*c == '-' && c > name);
        if (!good) *c = '_';
    }
    if (name[0] == '\0' || strcmp(path, "-") == 0) snprintf(name, STUDY_NAME, "study");
}

static int check_path(const char *path, bool force, struct error *e)
{
    struct stat status;
    const bool is_there = stat(path, &status) == 0;
    if (is_there && S_ISDIR(status.st_mode)) return error_set(e, ERROR_INPUT, "%s: is a folder; name a file", path);
    if (is_there && !S_ISREG(status.st_mode)) return error_set(e, ERROR_INPUT, "%s: is a device or the like; name a file, or - for the standard output", path);
    if (is_there && !force) return error_set(e, ERROR_INPUT, "%s: is there already; --force replaces it", path);
    char *folder = files_folder(path);
    if (folder == NULL) return error_memory(e, "a path", 4096);
    int result = 0;
    if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode))
        result = error_set(e, ERROR_INPUT, "%s: the folder %s does not exist", path, folder);
    else if (access(folder, W_OK | X_OK) != 0)
        result = error_set(e, ERROR_INPUT, "%s: the folder %s cannot be written to", path, folder);
    free(folder);
    return result;
}

static int write_new(const char *path, bool all, bool force, bool quiet, const struct model *model, struct error *e)
{
    char name[STUDY_NAME];
    size_t size = 0;
    const bool prints = strcmp(path, "-") == 0;
    if (!prints && check_path(path, force, e) != 0) return -1;
    name_study(path, name);
    char *text = make_text(model, name, all, &size);
    if (text == NULL) return error_memory(e, "the text", 1e5);
    int status = 0;
    if (prints) fputs(text, stdout);
    else status = files_write(path, force, text, size, e);
    free(text);
    if (status == 0 && !prints && !quiet) command_say("wrote %s: 'enforcesim check %s' checks it, 'enforcesim run %s' runs it", path, path, path);
    return status;
}

int command_new(int argc, char **argv, const struct model *model)
{
    struct error e = {0};
    struct options_given given;
    const char *path = NULL;
    bool all = false, force = false, quiet = false;
    int option;
    while ((option = options_next(argc, argv, &command_of_new, &given, &e)) != -1) {
        switch (option) {
        case 'o': path = given.text; break;
        case ALL: all = true; break;
        case FORCE: force = true; break;
        case QUIET: quiet = true; break;
        case 'h': options_print_help(stdout, &command_of_new); return 0;
        default: return command_error(&e);
        }
    }
    if (path != NULL && optind < argc) error_set(&e, ERROR_INPUT, "new: '%.200s' is one argument too many beside -o", argv[optind]);
    else if (path == NULL) path = command_argument(argc, argv, "FILE", &e);
    if (path != NULL && path[0] == '\0') error_set(&e, ERROR_INPUT, "new: FILE needs a name");
    if (path == NULL || e.kind != ERROR_NONE || write_new(path, all, force, quiet, model, &e) != 0) return command_error(&e);
    return command_finish();
}
