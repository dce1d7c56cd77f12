/* Offers, and those who take them: see the header. */
#include "sim/run_crew.h"

/* How often a thread looks for a change before it sleeps: some tens of microseconds, a day's work between two offers. */
enum { LOOKS = 50000 };

int run_crew_create(struct crew *crew, struct error *e)
{
    *crew = (struct crew){.working = 1};
    atomic_init(&crew->changes, 0);
    if (pthread_mutex_init(&crew->mutex, NULL) != 0) return error_set(e, ERROR_FAILURE, "no lock could be made");
    if (pthread_cond_init(&crew->changed, NULL) == 0) return 0;
    pthread_mutex_destroy(&crew->mutex);
    return error_set(e, ERROR_FAILURE, "no lock could be made");
}

void run_crew_free(struct crew *crew)
{
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->mutex);
}

/* ---- with the mutex ---- */

static void change(struct crew *crew)
{
    atomic_fetch_add(&crew->changes, 1);
    if (crew->asleep > 0) pthread_cond_broadcast(&crew->changed);
}

static void await_change(struct crew *crew)
{
    const unsigned seen = atomic_load(&crew->changes);
    pthread_mutex_unlock(&crew->mutex);
    for (int i = 0; i < LOOKS && atomic_load_explicit(&crew->changes, memory_order_relaxed) == seen; i++) {
    }
    pthread_mutex_lock(&crew->mutex);
    crew->asleep++;
    while (atomic_load(&crew->changes) == seen) pthread_cond_wait(&crew->changed, &crew->mutex);
    crew->asleep--;
}

/* What takes longer comes first. */
static struct offer *find(const struct crew *crew, bool only_brief)
{
    struct offer *brief = NULL;
    for (struct offer *o = crew->offers; o != NULL; o = o->next) {
        if (o->places == 0) continue;
        if (o->brief) brief = o;
        else if (!only_brief) return o;
    }
    return brief;
}

static void take(struct crew *crew, struct offer *offer)
{
    offer->places--;
    offer->inside++;
    pthread_mutex_unlock(&crew->mutex);
    offer->take(offer->what);
    pthread_mutex_lock(&crew->mutex);
    offer->places = 0;
    if (--offer->inside == 0) change(crew);
}

/* ---- without it ---- */

void run_crew_begin(struct crew *crew)
{
    pthread_mutex_lock(&crew->mutex);
    crew->working++;
    pthread_mutex_unlock(&crew->mutex);
}

void run_crew_serve(struct crew *crew)
{
    pthread_mutex_lock(&crew->mutex);
    if (--crew->working == 0) change(crew);
    while (crew->working > 0) {
        struct offer *offer = find(crew, false);
        if (offer != NULL) take(crew, offer);
        else await_change(crew);
    }
    pthread_mutex_unlock(&crew->mutex);
}

void run_crew_offer(struct crew *crew, struct offer *offer)
{
    pthread_mutex_lock(&crew->mutex);
    offer->next = crew->offers;
    crew->offers = offer;
    change(crew);
    pthread_mutex_unlock(&crew->mutex);
}

void run_crew_withdraw(struct crew *crew, struct offer *offer)
{
    pthread_mutex_lock(&crew->mutex);
    struct offer **link = &crew->offers;
    while (*link != offer) link = &(*link)->next;
    *link = offer->next;
    while (offer->inside > 0) {
        struct offer *other = offer->brief ? NULL : find(crew, true);
        if (other != NULL) take(crew, other);
        else await_change(crew);
    }
    pthread_mutex_unlock(&crew->mutex);
}
