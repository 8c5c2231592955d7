#include "extract/debug_graph.h"

static void begin(struct debug_graph *g, const char *step, const char *status)
{
    buffer_puts(g->out, g->started ? ",\n" : "{\"summary\":{\"trace\":[\n");
    g->started = true;
    buffer_printf(g->out, "{\"step\":\"%s\",\"status\":\"%s\"", step, status);
}

void debug_graph_page(struct debug_graph *g, const struct page_content *page, enum engine engine)
{
    begin(g, "read_page", "completed");
    buffer_printf(g->out, ",\"page\":%d,\"words\":%zu,\"rules\":%zu,\"engine\":\"%s\"}",
                  page->info.number, page->words.n, page->n_rules, engine_names[engine]);
}

void debug_graph_problem(struct debug_graph *g, int page, const char *detail)
{
    begin(g, "read_page", "failed");
    buffer_printf(g->out, ",\"page\":%d,\"detail\":", page);
    buffer_json_string(g->out, detail);
    buffer_puts(g->out, "}");
}

static void region_fields(struct debug_graph *g, const struct region *r)
{
    buffer_puts(g->out, ",\"region_id\":");
    buffer_json_string(g->out, r->id);
    buffer_printf(g->out,
                  ",\"region_type\":\"%s\",\"page\":%d,\"bbox\":{\"x\":%.6f,\"y\":%.6f,\"w\":%.6f,"
                  "\"h\":%.6f},\"confidence\":%.3f",
                  region_type_names[r->type], r->page, r->box.x, r->box.y, r->box.w, r->box.h,
                  r->confidence);
}

void debug_graph_dispatch(struct debug_graph *g, const struct region *r)
{
    begin(g, "dispatch_to_specialist", "started");
    region_fields(g, r);
    buffer_puts(g->out, "}");
}

/* How an engine of this machine read the region: by lines of the page, or some of it by cells of
 * its ruled grid, where these were surer. */
static void reading(struct debug_graph *g, const struct region_result *r)
{
    size_t alone = 0;
    for (size_t i = 0; i < r->words.n; i++)
        alone += r->words.items[i].alone;
    if (r->engine == ENGINE_TESSERACT)
        buffer_printf(g->out, ",\"read_by\":\"%s\",\"words\":%zu,\"words_by_cells\":%zu",
                      alone > 0 ? "lines and cells" : "lines", r->words.n, alone);
}

void debug_graph_done(struct debug_graph *g, const struct region_result *r)
{
    begin(g, "dispatch_to_specialist", "completed");
    region_fields(g, &r->region);
    buffer_printf(g->out, ",\"engine\":\"%s\"", engine_names[r->engine]);
    reading(g, r);
    buffer_printf(g->out, ",\"tables\":%zu,\"form_fields\":%zu,\"warning\":", r->n_tables,
                  r->n_fields);
    buffer_json_string(g->out, r->warning);
    buffer_puts(g->out, "}");
}

char *debug_graph_finish(struct debug_graph *g, const struct extraction *x)
{
    if (!g->started)
        buffer_puts(g->out, "{\"summary\":{\"trace\":[");
    buffer_printf(g->out,
                  "],\n\"outcome\":\"%s\",\"regions_count\":%zu,\"pages_total\":%d,"
                  "\"pages_read\":%d}}\n",
                  job_outcome_names[x->outcome], x->n_results, x->pages_total, x->pages_read);
    return buffer_take(g->out);
}
