/* The settings of Google's services. Strings are the config's; NULL when not set and without a
 * default. */
#ifndef PDF_OCR_GOOGLE_SETTINGS_H
#define PDF_OCR_GOOGLE_SETTINGS_H

#include "core/config.h"

/* What is used. */
struct google_names {
    char *project;             /* GCP_PROJECT_ID */
    char *location;            /* GCP_LOCATION: us; of the Document AI processor */
    char *processor_id;        /* GCP_PROCESSOR_ID; not set: Tesseract reads */
    char *bucket;              /* GCS_BUCKET_NAME */
    char *source_buckets;      /* GCS_SOURCE_BUCKETS */
    char *dataset;             /* BIGQUERY_DATASET: data_hero */
    char *dataset_location;    /* BIGQUERY_LOCATION: US */
    char *firestore_database;  /* FIRESTORE_DATABASE: (default) */
    char *collection;          /* FIRESTORE_COLLECTION: extraction_jobs */
    char *feedback_collection; /* FEEDBACK_COLLECTION: region_feedback */
    char *queue_location;      /* TASK_QUEUE_LOCATION: us-central1 */
    char *tasks_account;       /* TASKS_SERVICE_ACCOUNT: whose OIDC token tasks carry */
    char *tasks_jwks;          /* TASKS_JWKS: the keys of those tokens */
};

struct gemini_settings {
    char *api_key; /* GEMINI_API_KEY: secret */
    char *model;   /* GEMINI_MODEL: gemini-3.5-flash-lite */
};

/* Who asks, and where. */
struct google_access {
    char *credentials_file;    /* GOOGLE_APPLICATION_CREDENTIALS */
    char *signing_account;     /* SIGNING_SERVICE_ACCOUNT */
    char *ca_file;             /* GOOGLE_CA_FILE */
    int64_t parallel;          /* GOOGLE_PARALLEL_CALLS: 20 */
    char *storage_host;        /* STORAGE_EMULATOR_HOST */
    char *signed_url_host;     /* STORAGE_SIGNED_URL_HOST */
    char *firestore_host;      /* FIRESTORE_EMULATOR_HOST */
    char *tasks_host;          /* CLOUD_TASKS_EMULATOR_HOST */
    char *metadata_host;       /* GCE_METADATA_HOST: metadata.google.internal */
    char *tasks_endpoint;      /* CLOUD_TASKS_API_ENDPOINT */
    char *bigquery_endpoint;   /* BIGQUERY_API_ENDPOINT */
    char *documentai_endpoint; /* DOCUMENTAI_API_ENDPOINT */
    char *gemini_endpoint;     /* GEMINI_API_ENDPOINT */
    char *iam_endpoint;        /* IAMCREDENTIALS_API_ENDPOINT */
};

extern const struct setting_table google_names, gemini_settings, google_access;

/* Those that cfg was loaded with. */
const struct google_names *google_names_of(const struct config *cfg);
const struct gemini_settings *gemini_settings_of(const struct config *cfg);
const struct google_access *google_access_of(const struct config *cfg);

#endif
