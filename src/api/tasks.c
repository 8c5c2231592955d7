/* The targets of Cloud Tasks and of the local dispatcher. */
#include <string.h>

#include "api/handlers.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"

/* {job_id, ...}; *tree is owned by the caller, *job_id is borrowed from it. */
static enum err read_job_id(const struct request *r, json_t **tree, const char **job_id,
                            struct error *e)
{
    enum err err = request_json(r, tree, e);
    if (err != ERR_OK)
        return err;
    struct json_at root = json_root(*tree), id = json_member(&root, "job_id");
    if ((err = json_read_object(&root, e)) == ERR_OK)
        err = json_read_string(&id, UUID_LEN, UUID_LEN, job_id, e);
    if (err == ERR_OK && job_id_check(*job_id, e) != ERR_OK)
        err = json_refuse(&id, e, "must be a UUID");
    return err;
}

void task_answer(struct reply *p, const struct request *r, const char *job_id)
{
    log_context(r->request_id, NULL);
    buffer_puts(&p->body, "{\"job_id\":");
    buffer_json_string(&p->body, job_id);
    buffer_puts(&p->body, "}");
    (void)strncpy(p->job_id, job_id, sizeof p->job_id - 1);
}

enum err task_process_extraction(void *self, struct request *r, struct reply *p, struct error *e)
{
    const struct app *app = self;
    json_t *tree = NULL;
    const char *job_id = NULL;
    enum err err = read_job_id(r, &tree, &job_id, e);
    if (err == ERR_OK) {
        log_context(r->request_id, job_id);
        err = job_process(&app->services, &app->runner, job_id, r->deadline_us, e);
    }
    if (err == ERR_OK)
        task_answer(p, r, job_id);
    json_decref(tree);
    return err;
}

enum err task_retry_job(void *self, struct request *r, struct reply *p, struct error *e)
{
    const struct app *app = self;
    json_t *tree = NULL;
    const char *job_id = NULL;
    int64_t retry_count = 0;
    enum err err = read_job_id(r, &tree, &job_id, e);
    if (err == ERR_OK) {
        struct json_at root = json_root(tree), count = json_member(&root, "retry_count");
        err = json_read_integer(&count, 0, 1000, &retry_count, e);
    }
    if (err == ERR_OK) {
        log_context(r->request_id, job_id);
        err = job_retry_task(&app->services, job_id, (int)retry_count, e);
    }
    if (err == ERR_OK)
        task_answer(p, r, job_id);
    json_decref(tree);
    return err;
}
