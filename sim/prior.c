/* Reading prior files. */
#include "sim/prior.h"

#include <dirent.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/config_tree.h"
#include "sim/files.h"

static const char form[] = "priors : { GROUP : { NAME : { distribution = \"...\"; ... }; }; };";

enum { MOST_KEYS = 5, KINDS = 6 };

/* The names of distributions, in the order of enum quantile_kind, and the keys each needs. */
static const char *const kind_names[KINDS + 1] = {"uniform", "log_uniform", "triangular", "normal",
                                                  "beta",    "fixed",       NULL};
static const char *const kind_keys[KINDS][MOST_KEYS + 1] = {
    {"distribution", "minimum", "maximum"},
    {"distribution", "minimum", "maximum"},
    {"distribution", "mode", "minimum", "maximum"},
    {"distribution", "mean", "sd", "minimum", "maximum"},
    {"distribution", "alpha", "beta", "minimum", "maximum"},
    {"distribution", "value"},
};
static const char *const word_keys[] = {"distribution", NULL}; /* of a uniform flag or choice */

struct reader {
    struct config_tree *t;
    const config_setting_t *at; /* the entry */
    struct prior_entry *entry;
};

static bool is_word(const struct parameter *row) { return row->type == FIELD_flag || row->type == FIELD_choice; }

/* ---- numbers ---- */

/* A member that is a value of the parameter itself. */
static int own_value(const struct reader *r, const char *key, double *value)
{
    double block = 0;
    struct parameter row = *r->entry->row;
    row.name = key;
    row.offset = 0;
    if (config_store(r->t, config_setting_get_member(r->at, key), &row, &block) != 0) return -1;
    *value = parameter_value(&row, &block);
    return 0;
}

static int number(const struct reader *r, const char *key, double least, double most, double *value)
{
    struct parameter row = {
        .name = key, .unit = "1", .initial = least, .minimum = least, .maximum = most, .type = FIELD_real};
    return config_store(r->t, config_setting_get_member(r->at, key), &row, value);
}

static int read_range(const struct reader *r)
{
    struct distribution *d = &r->entry->distribution;
    const config_setting_t *minimum = config_setting_get_member(r->at, "minimum");
    if (own_value(r, "minimum", &d->minimum) != 0 || own_value(r, "maximum", &d->maximum) != 0) return -1;
    if (!(d->minimum < d->maximum)) {
        return config_fail(r->t, minimum,
                           "minimum = %g is not below maximum = %g; allowed: minimum below maximum, or "
                           "distribution = \"fixed\"",
                           d->minimum, d->maximum);
    }
    if (!isfinite(d->maximum - d->minimum))
        return config_fail(r->t, minimum, "the range is too wide; allowed: at most %g", DBL_MAX);
    if (d->kind == QUANTILE_log_uniform && d->minimum < DBL_MIN)
        return config_fail(r->t, minimum, "minimum = %g has no logarithm; allowed: numbers above 0", d->minimum);
    return 0;
}

static int read_shape(const struct reader *r)
{
    struct distribution *d = &r->entry->distribution;
    const double least = QUANTILE_LEAST_SHAPE, most = QUANTILE_MOST_SHAPE, width = d->maximum - d->minimum;
    switch (d->kind) {
    case QUANTILE_triangular: return number(r, "mode", d->minimum, d->maximum, &d->mode);
    case QUANTILE_normal:
        if (number(r, "mean", d->minimum, d->maximum, &d->mean) != 0) return -1;
        return number(r, "sd", width * 1e-9, width * QUANTILE_MOST_SD, &d->sd);
    case QUANTILE_beta:
        if (number(r, "alpha", least, most, &d->alpha) != 0) return -1;
        return number(r, "beta", least, most, &d->beta);
    case QUANTILE_uniform:
    case QUANTILE_log_uniform:
    case QUANTILE_fixed: break;
    }
    return 0;
}

/* ---- entries ---- */

static int missing_key(const struct reader *r, const char *key, const char *const *keys)
{
    char all[200] = "";
    size_t used = 0;
    for (; *keys != NULL; keys++) used += (size_t)snprintf(all + used, sizeof all - used, " %s = ...;", *keys);
    return config_fail(r->t, r->at, "%s has no %s; allowed: {%s }", r->entry->row->name, key, all);
}

static int check_keys(const struct reader *r, const char *const *keys)
{
    char what[100];
    snprintf(what, sizeof what, "key of a prior that is %s", kind_names[r->entry->distribution.kind]);
    if (config_check_names(r->t, r->at, what, keys) != 0) return -1;
    for (size_t i = 0; keys[i] != NULL; i++) {
        if (config_setting_get_member(r->at, keys[i]) == NULL) return missing_key(r, keys[i], keys);
    }
    return 0;
}

static int read_kind(const struct reader *r)
{
    const config_setting_t *setting = config_setting_get_member(r->at, "distribution");
    const struct parameter *row = r->entry->row;
    const char *name = "";
    if (setting == NULL) return missing_key(r, "distribution", kind_keys[QUANTILE_uniform]);
    if (config_name(r->t, setting, "distribution", &name) != 0) return -1;
    size_t kind = 0;
    while (kind_names[kind] != NULL && strcmp(kind_names[kind], name) != 0) kind++;
    if (kind_names[kind] == NULL) return config_unknown(r->t, setting, "distribution", name, kind_names);
    if (is_word(row) && kind != QUANTILE_uniform && kind != QUANTILE_fixed) {
        return config_fail(r->t, setting, "%s is %s and cannot be %s; allowed: uniform, fixed", row->name,
                           row->type == FIELD_flag ? "a flag" : "a choice", name);
    }
    r->entry->distribution.kind = (enum quantile_kind)kind;
    return 0;
}

static int read_entry(const struct reader *r)
{
    struct distribution *d = &r->entry->distribution;
    if (!config_setting_is_group(r->at))
        return config_wrong_type(r->t, r->at, r->entry->row->name, "a group: { distribution = \"...\"; ... };");
    if (read_kind(r) != 0) return -1;
    bool words = is_word(r->entry->row) && d->kind == QUANTILE_uniform;
    if (check_keys(r, words ? word_keys : kind_keys[d->kind]) != 0) return -1;
    if (words) return 0;
    if (d->kind != QUANTILE_fixed) return read_range(r) != 0 ? -1 : read_shape(r);
    if (own_value(r, "value", &d->minimum) != 0) return -1;
    d->maximum = d->minimum;
    return 0;
}

/* ---- groups ---- */

static int unknown_name(struct config_tree *t, const config_setting_t *at, int64_t group)
{
    const struct parameter *rows = t->model->schedule[group]->parameters;
    size_t n = parameter_count(rows);
    const char **names = calloc(n + 1, sizeof *names);
    if (names == NULL) return error_memory(t->e, "a list of names", (double)n);
    for (size_t i = 0; i < n; i++) names[i] = rows[i].name;
    char what[100];
    snprintf(what, sizeof what, "parameter of %.60s", t->model->schedule[group]->name);
    int status = config_unknown(t, at, what, config_setting_name(at), names);
    free(names);
    return status;
}

static int find_group(struct config_tree *t, const config_setting_t *at, int64_t *group)
{
    const char *name = config_setting_name(at);
    if (t->model->policy != NULL && strcmp(name, t->model->policy) == 0)
        return config_fail(t, at, "the group %s holds levers, which a policy decides; allowed: other groups", name);
    *group = model_group(t->model, name);
    if (*group < 0 || parameter_count(t->model->schedule[*group]->parameters) == 0)
        return config_unknown_group(t, at, name);
    return config_setting_is_group(at) ? 0 : config_wrong_type(t, at, name, "a group: { NAME : { ... }; };");
}

static int read_group(struct config_tree *t, const config_setting_t *at, struct prior *p)
{
    int64_t group;
    if (find_group(t, at, &group) != 0) return -1;
    for (int i = 0; i < config_setting_length(at); i++) {
        const config_setting_t *member = config_setting_get_elem(at, (unsigned)i);
        const struct parameter *row =
            parameter_find(t->model->schedule[group]->parameters, config_setting_name(member));
        if (row == NULL) return unknown_name(t, member, group);
        struct prior_entry *entry = &p->entries[p->n_entries++];
        *entry = prior_of_range(t->model, group, row);
        const struct reader r = {.t = t, .at = member, .entry = entry};
        config_text_where(&t->text, config_setting_source_line(member), entry->where, sizeof entry->where);
        if (read_entry(&r) != 0) return -1;
    }
    return 0;
}

static int by_position(const void *a, const void *b)
{
    uint32_t left = ((const struct prior_entry *)a)->position, right = ((const struct prior_entry *)b)->position;
    return (left > right) - (left < right);
}

static int read_tree(struct config_tree *t, struct prior *p)
{
    static const char *const top[] = {"priors", NULL};
    const config_setting_t *root = config_root_setting(&t->tree);
    if (config_check_names(t, root, "key", top) != 0) return -1;
    const config_setting_t *priors = config_setting_get_member(root, "priors");
    if (priors == NULL) return config_fail(t, NULL, "there are no priors; allowed: %s", form);
    if (!config_setting_is_group(priors)) return config_wrong_type(t, priors, "priors", form);
    size_t count = 0;
    for (int i = 0; i < config_setting_length(priors); i++)
        count += (size_t)config_setting_length(config_setting_get_elem(priors, (unsigned)i));
    p->entries = calloc(count + 1, sizeof *p->entries);
    if (p->entries == NULL) return error_memory(t->e, "the priors", (double)count * sizeof *p->entries);
    for (int i = 0; i < config_setting_length(priors); i++) {
        if (read_group(t, config_setting_get_elem(priors, (unsigned)i), p) != 0) return -1;
    }
    if (p->n_entries == 0) return config_fail(t, priors, "there are no priors; allowed: %s", form);
    qsort(p->entries, p->n_entries, sizeof *p->entries, by_position);
    return 0;
}

int prior_read(struct prior *p, const struct model *model, const char *path, struct error *e)
{
    *p = (struct prior){.model = model};
    struct config_tree t = {.model = model, .e = e};
    config_init(&t.tree);
    int status = config_parse(&t, "a prior file", path);
    if (status == 0) status = read_tree(&t, p);
    config_destroy(&t.tree);
    config_text_free(&t.text);
    if (status != 0) prior_free(p);
    return status;
}

void prior_free(struct prior *p)
{
    free(p->entries);
    *p = (struct prior){.model = p->model};
}

const struct prior_entry *prior_entry(const struct prior *p, const struct parameter *row)
{
    for (uint32_t i = 0; i < p->n_entries; i++) {
        if (p->entries[i].row == row) return &p->entries[i];
    }
    return NULL;
}

struct prior_entry prior_of_range(const struct model *model, int64_t group, const struct parameter *row)
{
    struct prior_entry entry = {.row = row, .group = group, .distribution = {.kind = QUANTILE_uniform}};
    const struct submodel *const *schedule = model->schedule;
    for (int64_t i = 0; i < group; i++) entry.position += (uint32_t)parameter_count(schedule[i]->parameters);
    entry.position += (uint32_t)(row - schedule[group]->parameters);
    entry.distribution.minimum = is_word(row) ? 0 : row->minimum;
    entry.distribution.maximum = row->type == FIELD_flag ? 1 : row->maximum;
    if (row->type == FIELD_choice) {
        entry.distribution.maximum = 0;
        for (const char *word = row->unit; (word = strchr(word, '|')) != NULL; word++) entry.distribution.maximum++;
    }
    return entry;
}

/* ---- where a prior lies ---- */

static char *joined(const char *folder, const char *name, const char *ending, struct error *e)
{
    char *path = NULL;
    bool here = strcmp(folder, ".") == 0;
    if (asprintf(&path, "%s%s%s%s", here ? "" : folder, here || folder[strlen(folder) - 1] == '/' ? "" : "/", name,
                 ending) >= 0)
        return path;
    error_memory(e, "a path", 4096);
    return NULL;
}

enum { MOST_LISTED = 64 };

static bool is_listed(char *const *names, const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0) names++;
    return *names != NULL;
}

/* Adds the names of the priors in a folder to a list that ends with NULL. */
static void list_priors(const char *folder, char *names[MOST_LISTED + 1], size_t *n)
{
    DIR *list = opendir(folder);
    if (list == NULL) return;
    for (const struct dirent *entry; *n < MOST_LISTED && (entry = readdir(list)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length <= 4 || entry->d_name[0] == '.' || strcmp(entry->d_name + length - 4, ".cfg") != 0) continue;
        char *name = strndup(entry->d_name, length - 4);
        if (name != NULL && !is_listed(names, name))
            names[(*n)++] = name;
        else
            free(name);
    }
    closedir(list);
}

static int rising(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void no_prior(const char *name, char *const folders[2], struct error *e)
{
    char *names[MOST_LISTED + 1] = {NULL};
    size_t n = 0;
    for (int i = 0; i < 2; i++) list_priors(folders[i], names, &n);
    qsort(names, n, sizeof *names, rising);
    struct error cause = {0};
    field_unknown("prior", name, (const char *const *)names, &cause);
    size_t length = strlen(cause.text);
    const char *more = length > 0 && cause.text[length - 1] == '?' ? ""
                       : n > 0                                     ? ", or the path of a file"
                                                                   : "; allowed: the path of a file";
    error_set(e, ERROR_INPUT, "--prior %.100s: in %.150s and %.150s %.400s%s", name, folders[0], folders[1], cause.text,
              more);
    for (size_t i = 0; i < n; i++) free(names[i]);
}

/* The folder of the scenario file and the folder above it, each with priors/ in it. */
static int prior_folders(const char *config, char *folders[2], struct error *e)
{
    char *own = files_folder(config), *above = NULL;
    if (own == NULL) return error_memory(e, "a path", 4096);
    const char *slash = strrchr(own, '/');
    bool plain = strcmp(own, ".") != 0 && strcmp(own, "/") != 0 && strcmp(slash != NULL ? slash + 1 : own, "..") != 0;
    above = plain ? files_folder(own) : strcmp(own, ".") == 0 ? strdup("..") : joined(own, "..", "", e);
    folders[0] = joined(own, "priors", "", e);
    folders[1] = above != NULL ? joined(above, "priors", "", e) : NULL;
    free(own);
    free(above);
    return folders[0] != NULL && folders[1] != NULL ? 0 : error_memory(e, "a path", 4096);
}

char *prior_path(const char *config, const char *name, struct error *e)
{
    size_t length = strlen(name);
    char *folders[2] = {NULL, NULL}, *path = NULL;
    if (strchr(name, '/') != NULL || (length > 4 && strcmp(name + length - 4, ".cfg") == 0)) {
        path = strdup(name);
        if (path == NULL) error_memory(e, "a path", (double)length);
        return path;
    }
    int status = prior_folders(config, folders, e);
    for (int i = 0; status == 0 && path == NULL && i < 2; i++) {
        path = joined(folders[i], name, ".cfg", e);
        if (path == NULL) status = -1;
        if (path != NULL && access(path, F_OK) != 0) {
            free(path);
            path = NULL;
        }
    }
    if (status == 0 && path == NULL) no_prior(name, folders, e);
    free(folders[0]);
    free(folders[1]);
    return path;
}
