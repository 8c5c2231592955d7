#include "ports/job_store.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "ports/analytics.h"

const char *const feedback_action_names[FEEDBACK_ACTIONS + 1] = {"delete", "move", "resize",
                                                                 "retype", NULL};

void job_page_free(struct job_page *p)
{
    for (size_t i = 0; i < p->n; i++)
        job_free(p->jobs[i]);
    free(p->jobs);
    free(p->next_page_token);
    memset(p, 0, sizeof *p);
}

bool job_page_add(struct job_page *p, struct job *j)
{
    struct job **jobs = j != NULL ? realloc(p->jobs, (p->n + 1) * sizeof(struct job *)) : NULL;
    if (jobs == NULL) {
        job_free(j);
        return false;
    }
    p->jobs = jobs;
    p->jobs[p->n++] = j;
    return true;
}

enum err job_page_end(struct job_page *p, int page_size, enum err err, struct error *e)
{
    if (err == ERR_OK && p->n > (size_t)page_size) {
        job_free(p->jobs[--p->n]);
        const struct job *last = p->jobs[p->n - 1];
        if ((p->next_page_token = page_token_make(last->created_us, last->id)) == NULL)
            err = error_no_memory(e);
    }
    if (err != ERR_OK)
        job_page_free(p);
    return err;
}

enum err job_page_collect(struct job_page *out, job_query_fn *run, void *store,
                          const struct job_query *queries, size_t n, int max, struct error *e)
{
    enum err err = ERR_OK;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; err == ERR_OK && i < n && out->n < (size_t)max; i++)
        err = run(store, &queries[i], max - (int)out->n, out, e);
    if (err != ERR_OK)
        job_page_free(out);
    return err;
}

enum err page_token_read(const char *token, int64_t *created_us, char id[UUID_LEN + 1],
                         struct error *e)
{
    char text[96];
    size_t n = 0;
    int used = 0;
    if (sodium_base642bin((unsigned char *)text, sizeof text - 1, token, strlen(token), NULL, &n,
                          NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0) {
        text[n] = '\0';
        if (sscanf(text, "%" SCNd64 " %36[0-9a-f-]%n", created_us, id, &used) == 2 &&
            (size_t)used == n)
            return ERR_OK;
    }
    return error_set(e, ERR_BAD_REQUEST, "page_token is not one that this service gave.");
}

char *page_token_make(int64_t created_us, const char *id)
{
    char text[96];
    int n = snprintf(text, sizeof text, "%" PRId64 " %s", created_us, id);
    size_t size = sodium_base64_encoded_len((size_t)n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *token = malloc(size);
    if (token != NULL)
        sodium_bin2base64(token, size, (const unsigned char *)text, (size_t)n,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return token;
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
