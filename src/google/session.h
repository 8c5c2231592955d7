/* The clients and credentials of one process, made from the settings. */
#ifndef PDF_OCR_GOOGLE_SESSION_H
#define PDF_OCR_GOOGLE_SESSION_H

#include "core/config.h"
#include "google/client.h"
#include "google/credentials.h"

struct google_session {
    struct google_client *tokens; /* for the credentials themselves */
    struct google_credentials *credentials;
    struct google_client *stores;  /* storage, Firestore, tasks, BigQuery, IAM */
    struct google_client *engines; /* Document AI, Gemini; a heartbeat may use stores meanwhile */
};

/* Opens all; asks nobody yet. observe may be NULL. */
enum err google_session_open(const struct config *cfg, const struct clock *clock,
                             google_observe_fn observe, struct google_session *out,
                             struct error *e);
void google_session_close(struct google_session *s);

/* Where signed links point: no slash at the end; appended to out. */
void google_link_base(const struct config *cfg, struct buffer *out);

#endif
