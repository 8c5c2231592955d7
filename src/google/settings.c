#include "google/settings.h"

#define NAME(field) offsetof(struct google_names, field)

static const struct setting google_names_rows[] = {
    TEXT_SETTING(NAME, "GCP_PROJECT_ID", NAME(project), NULL, "Google Cloud project"),
    TEXT_SETTING(NAME, "GCP_LOCATION", NAME(location), "us",
                 "location of the Document AI processor"),
    TEXT_SETTING(NAME, "GCP_PROCESSOR_ID", NAME(processor_id), NULL,
                 "Document AI processor that reads scans; Tesseract when not set"),
    TEXT_SETTING(NAME, "GCS_BUCKET_NAME", NAME(bucket), NULL, "bucket of uploads and results"),
    TEXT_SETTING(
        NAME, "GCS_SOURCE_BUCKETS", NAME(source_buckets), NULL,
        "buckets, comma separated, of which any client may name objects as source_url, but "
        "not GCS_BUCKET_NAME; none when not set"),
    TEXT_SETTING(NAME, "BIGQUERY_DATASET", NAME(dataset), "data_hero",
                 "dataset of the analysts' copy"),
    TEXT_SETTING(NAME, "BIGQUERY_LOCATION", NAME(dataset_location), "US",
                 "where a dataset is made"),
    TEXT_SETTING(NAME, "FIRESTORE_DATABASE", NAME(firestore_database), "(default)",
                 "database of the live jobs"),
    TEXT_SETTING(NAME, "FIRESTORE_COLLECTION", NAME(collection), "extraction_jobs",
                 "collection of the live jobs"),
    TEXT_SETTING(NAME, "FEEDBACK_COLLECTION", NAME(feedback_collection), "region_feedback",
                 "collection of the feedback"),
    TEXT_SETTING(NAME, "TASK_QUEUE_LOCATION", NAME(queue_location), "us-central1",
                 "location of the Cloud Tasks queue"),
    TEXT_SETTING(NAME, "TASKS_SERVICE_ACCOUNT", NAME(tasks_account), NULL,
                 "whose OIDC token Cloud Tasks sends; API_KEY is sent when not set"),
    TEXT_SETTING(JWKS, "TASKS_JWKS", NAME(tasks_jwks), "https://www.googleapis.com/oauth2/v3/certs",
                 "Google's keys, which sign Cloud Tasks' tokens"),
};

const struct setting_table google_names =
    SETTING_TABLE(google_names_rows, sizeof(struct google_names));

#define GEMINI(field) offsetof(struct gemini_settings, field)

static const struct setting gemini_rows[] = {
    SECRET_SETTING("GEMINI_API_KEY", GEMINI(api_key), 1, 512,
                   "key of the Gemini API; Gemini is not used without"),
    TEXT_SETTING(NAME, "GEMINI_MODEL", GEMINI(model), "gemini-3.5-flash-lite",
                 "Gemini model that sees tables"),
};

const struct setting_table gemini_settings =
    SETTING_TABLE(gemini_rows, sizeof(struct gemini_settings));

#define ACCESS(field) offsetof(struct google_access, field)

static const struct setting google_access_rows[] = {
    TEXT_SETTING(FILE, "GOOGLE_APPLICATION_CREDENTIALS", ACCESS(credentials_file), NULL,
                 "credentials file; the metadata server is asked when not set"),
    TEXT_SETTING(NAME, "SIGNING_SERVICE_ACCOUNT", ACCESS(signing_account), NULL,
                 "account that signs links; the credentials' own when not set"),
    TEXT_SETTING(FILE, "GOOGLE_CA_FILE", ACCESS(ca_file), NULL,
                 "CA certificates for Google's APIs"),
    INTEGER_SETTING("GOOGLE_PARALLEL_CALLS", ACCESS(parallel), "20", 1, 100,
                    "regions of one job sent to Document AI at once"),
    TEXT_SETTING(NAME, "STORAGE_EMULATOR_HOST", ACCESS(storage_host), NULL,
                 "Cloud Storage emulator"),
    TEXT_SETTING(NAME, "STORAGE_SIGNED_URL_HOST", ACCESS(signed_url_host), NULL,
                 "where signed links point; https://storage.googleapis.com when not set"),
    TEXT_SETTING(NAME, "FIRESTORE_EMULATOR_HOST", ACCESS(firestore_host), NULL,
                 "Firestore emulator"),
    TEXT_SETTING(NAME, "CLOUD_TASKS_EMULATOR_HOST", ACCESS(tasks_host), NULL,
                 "Cloud Tasks emulator"),
    TEXT_SETTING(NAME, "GCE_METADATA_HOST", ACCESS(metadata_host), "metadata.google.internal",
                 "metadata server"),
    TEXT_SETTING(NAME, "CLOUD_TASKS_API_ENDPOINT", ACCESS(tasks_endpoint), NULL,
                 "Cloud Tasks API elsewhere"),
    TEXT_SETTING(NAME, "BIGQUERY_API_ENDPOINT", ACCESS(bigquery_endpoint), NULL,
                 "BigQuery API elsewhere"),
    TEXT_SETTING(NAME, "DOCUMENTAI_API_ENDPOINT", ACCESS(documentai_endpoint), NULL,
                 "Document AI API elsewhere"),
    TEXT_SETTING(NAME, "GEMINI_API_ENDPOINT", ACCESS(gemini_endpoint), NULL,
                 "Gemini API elsewhere"),
    TEXT_SETTING(NAME, "IAMCREDENTIALS_API_ENDPOINT", ACCESS(iam_endpoint), NULL,
                 "IAM Credentials API elsewhere"),
};

const struct setting_table google_access =
    SETTING_TABLE(google_access_rows, sizeof(struct google_access));

const struct google_names *google_names_of(const struct config *cfg)
{
    return config_values(cfg, &google_names);
}

const struct gemini_settings *gemini_settings_of(const struct config *cfg)
{
    return config_values(cfg, &gemini_settings);
}

const struct google_access *google_access_of(const struct config *cfg)
{
    return config_values(cfg, &google_access);
}
