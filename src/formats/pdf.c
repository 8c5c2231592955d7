/* The document itself as a searchable PDF, which the page reader has made. */
#include "formats/table.h"

enum err format_write_pdf(const struct extraction *x, const struct format_options *o,
                          struct buffer *out, struct error *e)
{
    (void)o;
    (void)e;
    if (x->document != NULL)
        buffer_append(out, x->document, x->document_bytes);
    return ERR_OK;
}
