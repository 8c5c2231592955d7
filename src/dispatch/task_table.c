#include "dispatch/task_table.h"

#include <stdlib.h>
#include <string.h>

void due_task_free(struct due_task *d)
{
    free(d->path);
    free(d->body);
    free(d->traceparent);
    memset(d, 0, sizeof *d);
}
