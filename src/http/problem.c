#include "http/problem.h"

void problem_open(const struct error *e, struct buffer *out)
{
    buffer_printf(out,
                  "{\"type\":\"/api/v1/problems#%s\",\"code\":\"%s\",\"title\":\"%s\","
                  "\"status\":%d,\"detail\":",
                  err_code(e->kind), err_code(e->kind), err_title(e->kind),
                  err_http_status(e->kind));
    buffer_json_string(out, e->detail);
}
