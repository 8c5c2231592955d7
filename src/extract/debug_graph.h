/* The trace of an agentic extraction, as the web client reads it: summary.trace[] with an event
 * {"step":"dispatch_to_specialist","status":"started"} for each region. */
#ifndef PDF_OCR_EXTRACT_DEBUG_GRAPH_H
#define PDF_OCR_EXTRACT_DEBUG_GRAPH_H

#include "base/buffer.h"
#include "ports/extraction.h"

struct debug_graph {
    struct buffer *out;
    bool started;
};

/* A page was read: how many words, by which engine, how many ruling lines. */
void debug_graph_page(struct debug_graph *g, const struct page_content *page, enum engine engine);

/* A page was not read, or not all of it. */
void debug_graph_problem(struct debug_graph *g, int page, const char *detail);

/* A region is handed to the code for its type; and what became of it. */
void debug_graph_dispatch(struct debug_graph *g, const struct region *r);
void debug_graph_done(struct debug_graph *g, const struct region_result *r);

/* Closes the trace and adds the totals. NULL when memory is out; freed by the caller. */
char *debug_graph_finish(struct debug_graph *g, const struct extraction *x);

#endif
