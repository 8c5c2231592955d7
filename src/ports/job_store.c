#include "ports/job_store.h"

#include <stdlib.h>
#include <string.h>

void job_page_free(struct job_page *p)
{
    for (size_t i = 0; i < p->n; i++)
        job_free(p->jobs[i]);
    free(p->jobs);
    free(p->next_page_token);
    memset(p, 0, sizeof *p);
}

void feedback_clear(struct feedback *f)
{
    free(f->corrections_json);
    free(f->user_id);
    free(f->session_id);
    memset(f, 0, sizeof *f);
}

void feedback_list_free(struct feedback_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        feedback_clear(&l->items[i]);
    free(l->items);
    memset(l, 0, sizeof *l);
}
