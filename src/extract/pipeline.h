/* A document and a request in, an extraction out: see docs/architecture.md. */
#ifndef PDF_OCR_EXTRACT_PIPELINE_H
#define PDF_OCR_EXTRACT_PIPELINE_H

#include "extract/page_reader.h"
#include "extract/recognizer.h"
#include "ports/extraction.h"
#include "ports/ocr_engine.h"
#include "ports/page_journal.h"
#include "ports/structurer.h"

#define PIPELINE_ENGINES 8

struct pipeline {
    struct page_reader_limits reader;
    /* The first reads what has no text layer; the others where a request names them. */
    struct ocr_engine ocr[PIPELINE_ENGINES];
    size_t n_ocr;
    struct recognizer *recognizer; /* puts pages upright for engines that do not; borrowed */
    struct structurer structurer;  /* for tables that stay unclear; ops NULL: none */
    enum engine_choice engine;     /* the configured one; a request that is not AUTO wins */
    int ocr_dpi;
    size_t max_document_bytes; /* of a searchable PDF; 0: any number */
};

/* Runs r on the PDF at pdf_fd. progress is kept current (c reads it). journal may be NULL.
 * Permanent failures are ERR_UNPROCESSABLE; a region in which nothing was found is no error but a
 * warning in its result and in the outcome. What an engine that is called over the network needs is
 * read a batch at a time; there are never more pixels in memory than a batch has
 * (extract/raster_batch.h). *out is freed by the caller with extraction_free, on errors too. */
enum err pipeline_run(const struct pipeline *p, int pdf_fd, const struct extraction_request *r,
                      const struct checkpoint *c, const struct page_journal *journal,
                      struct job_progress *progress, struct extraction *out, struct error *e);

#endif
