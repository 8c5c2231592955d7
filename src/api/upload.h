/* A document on its way in: nginx has put the body into a file. */
#ifndef PDF_OCR_API_UPLOAD_H
#define PDF_OCR_API_UPLOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/form_reader.h"
#include "core/job_service.h"
#include "http/http.h"

#define SHA256_HEX 64

/* Where the document lies: the whole body, or a part of it that is copied out beside it. */
struct incoming {
    int fd;
    uint64_t size;
    char path[512]; /* the file to store */
    bool copied;    /* path is ours to unlink */
    char file_name[FORM_NAME_MAX];
    const char *type; /* application/pdf, image/png, ...; static */
    char sha256[SHA256_HEX + 1];
    json_t *fields;  /* of a form, beside its file: strings by their names; NULL: no form */
    json_t *members; /* of a JSON body, beside its source_url; NULL: none */
};

/* Reads the body: the document itself, a form with a part named file, or JSON with a source_url,
 * from where the document is fetched. *in is to be freed after an error as well. ERR_MEDIA_TYPE,
 * ERR_BAD_REQUEST, ERR_UNPROCESSABLE (no document, empty, a form that is none, a URL that gives
 * none), ERR_TOO_LARGE, ERR_UNAVAILABLE, ERR_STORAGE_FULL. */
enum err incoming_read(const struct services *s, const struct request *r, struct incoming *in,
                       struct error *e);

/* Stores it as a document of owner's, once. *duplicate: the owner has sent these bytes before. */
enum err incoming_store(const struct services *s, const char *owner, const struct incoming *in,
                        bool *duplicate, struct error *e);

void incoming_free(struct incoming *in);

#endif
