#include "extract/work_budget.h"

#define PASS_EVERY 5000000 /* steps: some hundredths of a second */

enum err work_budget_exceeded(struct error *e)
{
    return error_set(e, ERR_UNPROCESSABLE,
                     "A page is too complex: it holds too many words and lines to be put in order; "
                     "mark smaller regions.");
}

enum err work_budget_spend(struct work_budget *p, size_t a, size_t b, struct error *e)
{
    uint64_t n;
    if (p == NULL)
        return ERR_OK;
    if (__builtin_mul_overflow(a, b, &n) || n > WORK_BUDGET_STEPS - p->steps)
        return work_budget_exceeded(e);
    p->steps += n;
    if (p->steps - p->passed_at < PASS_EVERY)
        return ERR_OK;
    p->passed_at = p->steps;
    return checkpoint_pass(p->c, e);
}
