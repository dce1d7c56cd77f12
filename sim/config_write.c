/* The resolved configuration: any study as a scenario file that says everything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config.h"

static void write_metrics(FILE *out, const struct study *s)
{
    size_t n = 0;
    const char *before = "(";
    for (size_t i = 0; s->chosen != NULL && s->model->schedule[i] != NULL; i++) {
        for (const struct metric *row = s->model->schedule[i]->metrics; row != NULL && row->name != NULL; row++) {
            if (!s->chosen[n++]) continue;
            fprintf(out, "%s\"%s\"", before, row->name);
            before = ", ";
        }
    }
    fprintf(out, "%s", s->chosen != NULL ? ")" : "\"all\"");
}

static void write_run(FILE *out, const struct study *s)
{
    fprintf(out, "run = {\n    name = \"%s\";\n", s->name);
    /* Seeds that libconfig would wrap stand in quotes. */
    const char *quote = s->seed > INT32_MAX ? "\"" : "";
    fprintf(out, "    seed = %s%llu%s;\n", quote, (unsigned long long)s->seed, quote);
    for (const struct parameter *row = study_settings; row->name != NULL; row++) {
        char value[64];
        parameter_print(row, parameter_value(row, s), value, sizeof value);
        fprintf(out, "    %s = %s;\n", row->name, value);
    }
    fprintf(out, "    metrics = ");
    write_metrics(out, s);
    fprintf(out, ";\n");
    fprintf(out, "    baseline = \"%s\";\n};\n", s->policies[s->baseline].name);
}

static void write_row(FILE *out, const char *indent, const struct parameter *row, const void *block)
{
    char value[256];
    parameter_print(row, parameter_value(row, block), value, sizeof value);
    fprintf(out, "%s%s = %s;\n", indent, row->name, value);
}

static void write_parameters(FILE *out, const struct study *s, int64_t levers)
{
    fprintf(out, "parameters : {\n");
    for (int64_t i = 0; s->model->schedule[i] != NULL; i++) {
        const struct submodel *submodel = s->model->schedule[i];
        if (i == levers || parameter_count(submodel->parameters) == 0) continue;
        fprintf(out, "    %s : {\n", submodel->name);
        for (const struct parameter *row = submodel->parameters; row->name != NULL; row++) {
            write_row(out, "        ", row, s->policies[s->baseline].values.group[i]);
        }
        fprintf(out, "    };\n");
    }
    fprintf(out, "};\n");
}

/* `brief`: only what differs from the baseline, which all others then inherit. */
static void write_policies(FILE *out, const struct study *s, int64_t levers, bool brief)
{
    fprintf(out, "policies : {\n");
    const struct parameter *rows = levers >= 0 ? s->model->schedule[levers]->parameters : NULL;
    for (uint32_t i = 0; i < s->n_policies; i++) {
        bool heir = brief && i != s->baseline;
        fprintf(out, "    %s : {\n", s->policies[i].name);
        if (heir) fprintf(out, "        inherits = \"%s\";\n", s->policies[s->baseline].name);
        for (const struct parameter *row = rows; row != NULL && row->name != NULL; row++) {
            const void *own = s->policies[i].values.group[levers],
                       *base = s->policies[s->baseline].values.group[levers];
            if (!heir || parameter_value(row, own) != parameter_value(row, base)) write_row(out, "        ", row, own);
        }
        fprintf(out, "    };\n");
    }
    fprintf(out, "};\n");
}

static void write_scenarios(FILE *out, const struct study *s)
{
    fprintf(out, "scenarios = (\n");
    for (uint32_t i = 0; i < s->n_scenarios; i++) {
        const struct scenario *scenario = &s->scenarios[i];
        fprintf(out, "    { name = \"%s\"; policy = \"%s\";", scenario->name,
                s->policies[scenario->phases[0].policy].name);
        for (uint32_t k = 1; k < scenario->n_phases; k++) {
            const struct phase *phase = &scenario->phases[k];
            fprintf(out, "%s\n        { day = %d; policy = \"%s\"; }", k == 1 ? " phases = (" : ",", phase->day,
                    s->policies[phase->policy].name);
        }
        fprintf(out, "%s }%s\n", scenario->n_phases > 1 ? " );" : "", i + 1 < s->n_scenarios ? "," : "");
    }
    fprintf(out, ");\n");
}

/* A file has one value for a parameter that is no lever. */
static int check_common(const struct study *s, int64_t levers, struct error *e)
{
    for (int64_t i = 0; s->model->schedule[i] != NULL; i++) {
        const struct parameter *row = i == levers ? NULL : s->model->schedule[i]->parameters;
        for (; row != NULL && row->name != NULL; row++) {
            double value = parameter_value(row, s->policies[s->baseline].values.group[i]);
            for (uint32_t k = 0; k < s->n_policies; k++) {
                if (parameter_value(row, s->policies[k].values.group[i]) == value) continue;
                return error_set(e, ERROR_INPUT,
                                 "policy '%s': %s.%s differs from policy '%s'; allowed: one value for all, "
                                 "levers apart",
                                 s->policies[k].name, s->model->schedule[i]->name, row->name,
                                 s->policies[s->baseline].name);
            }
        }
    }
    return 0;
}

static int write_all(const struct study *s, int64_t levers, bool brief, char **text, struct error *e)
{
    size_t length = 0;
    FILE *out = open_memstream(text, &length);
    if (out == NULL) return error_memory(e, "the resolved configuration", 0);
    write_run(out, s);
    write_parameters(out, s, levers);
    write_policies(out, s, levers, brief);
    write_scenarios(out, s);
    bool failed = ferror(out) != 0;
    failed = fclose(out) != 0 || failed;
    if (!failed) return 0;
    free(*text);
    *text = NULL;
    return error_memory(e, "the resolved configuration", (double)length);
}

/* More names than a reader allows, counted generously. */
static bool is_large(const struct study *s, int64_t levers, const char *text)
{
    size_t names = 0;
    if (levers >= 0) names = (parameter_count(s->model->schedule[levers]->parameters) + 1) * s->n_policies;
    return strlen(text) > CONFIG_MAX_FILE || names > CONFIG_MAX_KEYS / 2;
}

int config_write_text(const struct study *s, char **text, struct error *e)
{
    int64_t levers = s->model->policy != NULL ? model_group(s->model, s->model->policy) : -1;
    *text = NULL;
    if (check_common(s, levers, e) != 0 || write_all(s, levers, false, text, e) != 0) return -1;
    if (!is_large(s, levers, *text)) return 0;
    free(*text);
    *text = NULL;
    return write_all(s, levers, true, text, e);
}
