/* Processes that are threads: see the header. */
#include "tests/meeting.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

struct table {
    struct meeting *meeting;
    const struct study *s;
    const struct run_options *options;
    uint32_t count, refused;
    double *values;
    pthread_barrier_t barrier;
    struct {
        const void *own;
        size_t size;
        bool ill;
    } said[MEETING_MOST];
};

struct process {
    struct table *table;
    uint32_t own;
    struct run_options options;
    struct exchange exchange;
    unsigned char *received;
};

static int gather(void *context, bool ill, const void *own, size_t size, enum exchange_to to, struct exchange_bytes *all,
                  struct error *e)
{
    struct process *p = context;
    struct table *t = p->table;
    bool anybody_ill = false;
    size_t total = 0;
    (void)e;
    t->said[p->own].own = own, t->said[p->own].size = size, t->said[p->own].ill = ill;
    pthread_barrier_wait(&t->barrier);
    for (uint32_t i = 0; i < t->count; i++) {
        anybody_ill = anybody_ill || t->said[i].ill;
        total += t->said[i].size;
    }
    free(p->received);
    p->received = malloc(total + 1); /* never the sender's own, and of the right size: a reader that errs is seen */
    if (p->received == NULL) abort();
    *all = (struct exchange_bytes){p->received, 0};
    for (uint32_t i = 0; i < t->count && (to == EXCHANGE_TO_ALL || p->own == 0); i++) {
        if (t->said[i].size > 0) memcpy(p->received + all->size, t->said[i].own, t->said[i].size);
        all->size += t->said[i].size;
    }
    if (p->own == 0) {
        t->meeting->gathers++;
        t->meeting->empty += total == 0;
        t->meeting->bytes += total;
    }
    pthread_barrier_wait(&t->barrier);
    return anybody_ill ? -1 : 0;
}

static int done(void *context, uint32_t unit, const double *values, struct error *e)
{
    struct process *p = context;
    const size_t n = study_values(p->table->s);
    p->table->meeting->result[p->own].done++;
    if (unit == p->table->refused) return error_set(e, ERROR_FAILURE, "the disk is full");
    if (p->table->values != NULL) memcpy(p->table->values + unit * n, values, n * sizeof *values);
    return 0;
}

static void failed(void *context, uint32_t unit, const struct error *error)
{
    struct process *p = context;
    struct meeting_result *result = &p->table->meeting->result[p->own];
    (void)unit;
    result->failed++;
    memcpy(result->failure, error->text, sizeof result->failure);
}

static void progress(void *context, const struct run_progress *latest)
{
    struct process *p = context;
    p->table->meeting->result[p->own].last = *latest;
}

static int place(void *context, uint32_t point, struct study *own, struct error *e)
{
    const struct run_options *options = ((struct process *)context)->table->options;
    return options->place(options->context, point, own, e);
}

static void *live(void *context)
{
    struct process *p = context;
    struct meeting_result *result = &p->table->meeting->result[p->own];
    result->status = study_run(p->table->s, &p->options, &result->error);
    return NULL;
}

struct meeting meeting_run(const struct study *s, const struct run_options *options, uint32_t count, double *values,
                           uint32_t refused)
{
    struct meeting meeting = {0};
    struct table table = {.meeting = &meeting, .s = s, .options = options, .count = count, .values = values, .refused = refused};
    struct process process[MEETING_MOST];
    pthread_t threads[MEETING_MOST];
    assert_true(count <= MEETING_MOST);
    assert_int_equal(pthread_barrier_init(&table.barrier, NULL, count), 0);
    for (uint32_t i = 0; i < count; i++) {
        process[i] = (struct process){.table = &table, .own = i, .options = *options};
        process[i].exchange = (struct exchange){.count = count, .own = i, .gather = gather, .context = &process[i]};
        process[i].options.exchange = &process[i].exchange;
        process[i].options.context = &process[i];
        process[i].options.place = place;
        if (i > 0) process[i].options.threads = 1; /* such threads may end: see sim/run.h */
        if (i == 0) process[i].options.done = done, process[i].options.failed = failed, process[i].options.progress = progress;
        if (i > 0) assert_int_equal(pthread_create(&threads[i], NULL, live, &process[i]), 0);
    }
    live(&process[0]);
    for (uint32_t i = 1; i < count; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (uint32_t i = 0; i < count; i++) free(process[i].received);
    pthread_barrier_destroy(&table.barrier);
    return meeting;
}
