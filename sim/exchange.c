/* A process alone, and how parts are shared out: see the header. */
#include "sim/exchange.h"

const struct exchange exchange_alone = {.count = 1};

int exchange_gather(struct exchange *x, const void *own, size_t size, enum exchange_to to, struct exchange_bytes *all,
                    struct error *e)
{
    x->gathers++;
    if (x->count > 1) return x->gather(x->context, x->ill, own, size, to, all, e);
    *all = (struct exchange_bytes){own, size};
    return x->ill ? -1 : 0;
}

struct exchange_range exchange_parts(const struct exchange *x, uint32_t parts)
{
    return (struct exchange_range){parts, (uint32_t)((uint64_t)parts * x->own / x->count),
                                   (uint32_t)((uint64_t)parts * (x->own + 1) / x->count)};
}
