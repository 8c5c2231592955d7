/* Port: what proposes the structure of a table it sees (Gemini). Its words are not believed: the
 * pipeline keeps only what it finds among the words that were read (extract/verify.h). */
#ifndef PDF_OCR_PORTS_STRUCTURER_H
#define PDF_OCR_PORTS_STRUCTURER_H

#include "ports/extraction.h"
#include "ports/page.h"

/* Rows of cells as text; row i has cols[i] cells, in texts one row after the other. */
struct table_proposal {
    size_t n_rows;
    size_t *cols;         /* owned */
    char **texts;         /* owned, each owned */
    size_t n_texts;       /* the sum of cols */
    struct error failure; /* why there is none; kind ERR_OK: it is as above */
};

void table_proposal_free(struct table_proposal *p);

struct structurer_ops {
    enum engine engine;

    /* n images at once; out[i] belongs to images[i]. No table in an image is no rows; an image that
     * gets no answer, or a bad one, costs the others nothing: out[i].failure tells. */
    enum err (*propose)(void *self, const struct raster *images, size_t n,
                        const struct checkpoint *c, struct table_proposal *out, struct error *e);
    void (*close)(void *self);
};

struct structurer {
    const struct structurer_ops *ops; /* NULL: none */
    void *self;
};

#endif
