/* The library as another program calls it: see the header. The program's own machinery does the work (running_core.h), on a
 * journal in memory. */
#include "sim/embed.h"

#include <fenv.h>
#include <locale.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/command.h"
#include "sim/drift.h"
#include "sim/run.h"
#include "sim/running_core.h"
#include "sim/tables.h"
#include "sim/version.h"

extern const struct model model; /* whatever model this library was linked with */

struct embed {
    struct request request;
    struct study study;
    struct design design;
    struct running running;
    char *config, *warnings;
    atomic_int stop;
    _Atomic(uint64_t) person_days;
    atomic_uint done;
};

int embed_api(void) { return EMBED_API; }

const char *embed_version(void) { return version_number(); }

/* ---- a process that is not ours ---- */

/* How the calling thread rounds and writes numbers is the other program's business, and ours must not depend on it: decimal
 * commas would change what is read and told, other rounding, or numbers that underflow to zero, what is computed. Threads that
 * are started meanwhile inherit the rounding. */
struct manners {
    fenv_t arithmetic;
    locale_t own, before;
};

static void manners_begin(struct manners *m)
{
    fegetenv(&m->arithmetic);
    fesetenv(FE_DFL_ENV);
    m->own = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    m->before = m->own != (locale_t)0 ? uselocale(m->own) : (locale_t)0;
}

static void manners_end(const struct manners *m)
{
    if (m->own != (locale_t)0) {
        uselocale(m->before);
        freelocale(m->own);
    }
    fesetenv(&m->arithmetic);
}

/* ---- beginning ---- */

static int take_request(struct request *q, const struct embed_request *from, struct error *e)
{
    *q = (struct request){.config = from->config, .design = from->design, .design_text = from->design_text};
    q->overrides = (struct config_overrides){.set = from->set, .said = from->said, .n_set = from->n_set,
                                             .scenarios = from->scenarios, .n_scenarios = from->n_scenarios};
    q->history = strdup(from->history);
    if (q->history == NULL) return error_memory(e, "the command line", 100);
    error_clean(q->history); /* it goes into the results, and from there to pages and terminals */
    return from->threads == NULL ? 0 : command_whole("-j", from->threads, 1, REQUEST_THREADS, &q->threads, e);
}

static struct journal_identity identity_of(const struct running *r)
{
    return (struct journal_identity){.config = r->config, .model = r->s->model->name, .program = version_number(), .seed = r->s->seed,
                                     .replicates = r->units, .values = r->record.values, .aggregated = running_aggregated(r)};
}

/* Everything is kept in memory, if only for a while: the values, and a file that is made of them. */
static int check_room(const struct running *r, struct error *e)
{
    static const double COMPRESSED = 0.25; /* a results file as a share of its values */
    const struct journal_identity identity = identity_of(r);
    const double need = journal_size(&identity, r->units) * (1 + COMPRESSED) + study_memory(r->s), have = study_machine_memory();
    if (need <= have) return 0;
    return error_set(e, ERROR_INPUT,
                     "these results need %.1f GB of memory; allowed: the machine's %.1f GB, so keep less (run.output, run.metrics), or "
                     "let 'enforcesim run' write them to a file", need / 1e9, have / 1e9);
}

static int load(struct embed *m, const struct embed_request *request, struct error *e)
{
    struct running *r = &m->running;
    if (take_request(&m->request, request, e) != 0) return -1;
    *r = (struct running){.q = &m->request, .s = &m->study, .design = m->request.design != NULL ? &m->design : NULL};
    r->ranks = (struct ranks){.count = 1, .here = 1};
    r->threads = study_run_threads(0);
    if (running_load(r, &m->study, &m->design, &m->config, e) != 0 || check_room(r, e) != 0) return -1;
    const struct journal_identity identity = identity_of(r);
    return journal_in_memory(&r->journal, &identity, e);
}

struct embed *embed_begin(const struct embed_request *request, struct error *e)
{
    struct manners manners;
    struct embed *m = calloc(1, sizeof *m);
    if (m == NULL) {
        error_memory(e, "a study", sizeof *m);
        return NULL;
    }
    m->study.model = m->design.model = &model;
    m->running.s = &m->study;
    atomic_init(&m->stop, 0);
    atomic_init(&m->person_days, 0);
    atomic_init(&m->done, 0);
    manners_begin(&manners);
    const int status = load(m, request, e);
    manners_end(&manners);
    if (status == 0) return m;
    embed_end(m);
    return NULL;
}

/* ---- running ---- */

void embed_stop(struct embed *study) { atomic_store(&study->stop, 1); }

void embed_progress(const struct embed *study, struct embed_progress *progress)
{
    *progress = (struct embed_progress){.person_days = atomic_load(&study->person_days), .done = atomic_load(&study->done),
                                        .units = study->running.units};
}

/* Callbacks have the running as their context, which is a member of what we want. */
static struct embed *embed_of(void *context)
{
    return (struct embed *)((unsigned char *)context - offsetof(struct embed, running));
}

static void progressed(void *context, const struct run_progress *latest)
{
    struct embed *m = embed_of(context);
    atomic_store(&m->person_days, latest->person_days);
    atomic_store(&m->done, latest->units);
}

/* What is wrong with a point is told, in numbers, by the thread that finds it. */
static int place(void *context, uint32_t point, struct study *own, struct error *e)
{
    struct manners manners;
    manners_begin(&manners);
    const int status = embed_of(context)->running.design != NULL ? running_options(context).place(context, point, own, e) : 0;
    manners_end(&manners);
    return status;
}

static int tell(struct embed *m, struct error *e)
{
    size_t size = 0;
    struct running *r = &m->running;
    struct error told = {0};
    FILE *out = open_memstream(&m->warnings, &size);
    if (out == NULL) return error_memory(e, "the warnings", 100);
    if (r->failed > 0) {
        running_tell_failed(r, "the results", &told);
        fprintf(out, "%s\n", told.text);
    }
    if (r->design == NULL) drift_warn(out, r->s, &r->record, r->journal);
    return fclose(out) == 0 ? 0 : error_memory(e, "the warnings", 100);
}

int embed_run(struct embed *study, struct error *e)
{
    struct manners manners;
    struct run_options options = running_options(&study->running);
    options.threads = study->request.threads > 0 ? study->running.threads : 0;
    options.stop = &study->stop;
    options.progress = progressed;
    options.place = place;
    manners_begin(&manners);
    int status = study_run(&study->study, &options, e);
    if (status == 0) status = tell(study, e);
    manners_end(&manners);
    return status;
}

/* ---- the results ---- */

const char *embed_warnings(const struct embed *study) { return study->warnings != NULL ? study->warnings : ""; }

void *embed_results(struct embed *study, size_t *size, struct error *e)
{
    struct manners manners;
    char created[32], digest[RESULTS_DIGEST];
    struct running *r = &study->running;
    manners_begin(&manners);
    void *image = NULL;
    if (running_created(created, sizeof created, e) == 0) {
        const struct results_content content = running_content(r, created);
        image = results_image(&content, size, digest, e);
    }
    journal_close(r->journal);
    r->journal = NULL;
    manners_end(&manners);
    return image;
}

void embed_end(struct embed *study)
{
    if (study == NULL) return;
    running_free(&study->running, &study->study, &study->design, study->config);
    free(study->request.history);
    free(study->warnings);
    free(study);
}

/* ---- what is declared ---- */

typedef int table(FILE *out, enum tables_format format, const struct model *model, const char *group, struct error *e);

static char *as_json(table *write, const char *group, struct error *e)
{
    size_t size = 0;
    char *text = NULL;
    struct manners manners;
    manners_begin(&manners);
    FILE *out = open_memstream(&text, &size);
    int status = out != NULL ? write(out, TABLES_JSON, &model, group, e) : -1;
    if (out != NULL && fclose(out) != 0) status = -1;
    manners_end(&manners);
    if (status == 0) return text;
    error_memory(e, "the table", 100);
    free(text);
    return NULL;
}

char *embed_parameters(const char *group, struct error *e) { return as_json(tables_parameters, group, e); }

char *embed_metrics(struct error *e) { return as_json(tables_metrics, NULL, e); }

void embed_free(void *memory) { free(memory); }
