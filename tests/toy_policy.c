/* The toy's levers: a group that does nothing but hold them. */
#include "tests/toy_model.h"

PARAMETER_ROWS(struct toy_policy_parameters, TOY_POLICY)

static int check(const void *parameters, struct error *e)
{
    const struct toy_policy_parameters *p = parameters;
    if (p->effort * p->boats <= 50) return 0;
    return error_set(e, ERROR_INPUT, "effort * boats = %g is more than there are fish; allowed: at most 50", p->effort * p->boats);
}

const struct submodel toy_policy = {
    .name = "policy",
    .purpose = "what the authority decides",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct toy_policy_parameters),
    .check = check,
};
