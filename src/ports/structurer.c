#include "ports/structurer.h"

#include <stdlib.h>
#include <string.h>

void table_proposal_free(struct table_proposal *p)
{
    for (size_t i = 0; i < p->n_texts; i++)
        free(p->texts[i]);
    free(p->texts);
    free(p->cols);
    memset(p, 0, sizeof *p);
}
