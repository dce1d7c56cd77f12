/* What every run is made of: see the header. */
#include "sim/running_core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/run.h"
#include "sim/version.h"

/* Debug builds (make DEBUG=1) check the model's invariants every day. */
#ifdef ENFORCESIM_DEBUG
static const bool VERIFY = true;
#else
static const bool VERIFY = false;
#endif

/* ---- what there is to do -------------------------------------------------------------------------------------------------- */

static int prepare(struct running *r, struct error *e)
{
    const uint32_t points = r->design != NULL ? r->design->n_points : 1;
    if ((double)points * r->s->replicates > STUDY_MAX_REPLICATES)
        return error_set(e, ERROR_INPUT, "%u points of %u replicates are too many; allowed: %d in all", points, r->s->replicates,
                         STUDY_MAX_REPLICATES);
    r->units = points * r->s->replicates;
    r->problems = calloc((size_t)points + 1, sizeof *r->problems);
    r->problem_unit = calloc((size_t)points + 1, sizeof *r->problem_unit);
    if (record_create(&r->record, r->s, e) != 0) return -1;
    r->skip = calloc((size_t)r->units + 1, sizeof *r->skip);
    if (r->problems == NULL || r->problem_unit == NULL || r->skip == NULL)
        return error_memory(e, "the points", (double)points * sizeof *r->problems + r->units);
    return 0;
}

int running_load(struct running *r, struct study *study, struct design *design, char **config, struct error *e)
{
    const struct request *q = r->q;
    const struct model *model = study->model;
    char created[32];
    if (running_created(created, sizeof created, e) != 0) return -1; /* told before anything is computed */
    if (r->ranks.count > 1 && q->ranks_over != RANKS_OVER_UNITS) r->q->overrides.share = (double)r->ranks.here / r->ranks.count;
    r->ranks.over = q->ranks_over;
    if (config_load(study, config, model, q->config, &q->overrides, e) != 0) return -1;
    r->config = *config;
    if (q->threads > 0) r->threads = study_run_threads((uint32_t)q->threads);
    if (study_fits(study, r->threads, e) != 0) return -1;
    if (q->design != NULL && q->design_text == NULL && design_read(design, model, q->design, e) != 0) return -1;
    if (q->design_text != NULL && design_read_text(design, model, q->design, q->design_text, e) != 0) return -1;
    return prepare(r, e);
}

char *running_identity_text(const struct running *r)
{
    char digest[65] = "none", *text = NULL;
    if (r->design == NULL) return strdup(r->config);
    design_digest(r->design, digest);
    return asprintf(&text, "%s\n# design %s\n", r->config, digest) < 0 ? NULL : text;
}

/* Of a design every point is told, so all records are kept. */
const struct record *running_aggregated(const struct running *r)
{
    return r->record.output == OUTPUT_quantiles && r->design == NULL ? &r->record : NULL;
}

/* ---- on the way ------------------------------------------------------------------------------------------------------------ */

static int done(void *context, uint32_t unit, const double *values, struct error *e)
{
    struct running *r = context;
    return journal_append(r->journal, unit, values, e);
}

static void pack(void *context, uint32_t scenarios, const double *values, double *packed)
{
    const struct running *r = context;
    record_pack(&r->record, values, scenarios, packed);
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

struct run_options running_options(struct running *r)
{
    return (struct run_options){.skip = r->skip, .points = r->design != NULL ? r->design->n_points : 0, .place = place,
                                .failed = failed, .pack = pack, .packed = r->record.values, .done = done, .verify = VERIFY,
                                .context = r};
}

/* ---- the results ----------------------------------------------------------------------------------------------------------- */

int running_created(char *text, size_t size, struct error *e)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH"); /* reproducible-builds.org: lets two runs write the same bytes */
    char *end = NULL;
    errno = 0;
    const time_t at = epoch != NULL ? (time_t)strtoll(epoch, &end, 10) : time(NULL);
    const bool number = epoch == NULL || (*epoch >= '0' && *epoch <= '9' && *end == '\0' && errno == 0);
    struct tm utc;
    if (number && gmtime_r(&at, &utc) != NULL && utc.tm_year < 10000 - 1900 && strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
        return 0;
    return error_set(e, ERROR_INPUT, "SOURCE_DATE_EPOCH is '%.100s'; allowed: seconds since 1970, up to the year 9999",
                     epoch != NULL ? epoch : "");
}

struct results_content running_content(const struct running *r, const char *created)
{
    return (struct results_content){.study = r->s, .record = &r->record, .journal = r->journal, .config = r->config,
                                    .design = r->design, .problems = (const char *const *)r->problems,
                                    .provenance = {.program_version = version_number(), .commit = version_commit(),
                                                   .compiler = version_compiler(), .history = r->q->history, .created = created}};
}

void running_tell_failed(const struct running *r, const char *place, struct error *e)
{
    uint32_t points = 0, first = 0;
    for (uint32_t i = r->design->n_points; i-- > 0;) {
        if (r->problems[i] == NULL) continue;
        points++;
        first = i;
    }
    error_set(e, ERROR_FAILURE,
              "%.200s:%u: %.500s; %u of %u points could not be run, this is the first; /design/problem in %.200s lists them",
              r->q->design, r->design->lines[first], points > 0 ? r->problems[first] : "no memory is left to say why", points,
              r->design->n_points, place);
}

void running_free(struct running *r, struct study *study, struct design *design, char *config)
{
    journal_close(r->journal);
    for (uint32_t i = 0; r->problems != NULL && i < (r->design != NULL ? design->n_points : 1); i++) free(r->problems[i]);
    free(r->problems);
    free(r->problem_unit);
    free(r->skip);
    record_free(&r->record);
    design_free(design);
    free(config);
    study_free(study);
}
