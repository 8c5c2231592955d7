/* GET /metrics: https://prometheus.io/docs/instrumenting/exposition_formats/ */
#include "process/metrics.h"

#include <inttypes.h>

#include "api/handlers.h"

enum err metrics_get(void *self, struct request *r, struct reply *p, struct error *e)
{
    const struct app *app = self;
    const struct task_queue *q = &app->services.queue;
    int64_t depth = -1;
    (void)r;
    p->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_write(&p->body);
    if (app->parts != NULL)
        app->write_metrics(app->parts, &p->body);
    if (q->ops->depth(q->self, &depth, e) == ERR_OK && depth >= 0)
        buffer_printf(&p->body,
                      "# TYPE pdf_ocr_queue_depth gauge\npdf_ocr_queue_depth %" PRId64 "\n", depth);
    return ERR_OK;
}
