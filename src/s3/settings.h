/* The settings of S3. Strings are the config's; NULL when not set and without a default. */
#ifndef PDF_OCR_S3_SETTINGS_H
#define PDF_OCR_S3_SETTINGS_H

#include "core/config.h"

struct s3_settings {
    char *bucket;                 /* S3_BUCKET_NAME */
    char *endpoint;               /* S3_ENDPOINT; not set: AWS's */
    char *link_endpoint;          /* S3_LINK_ENDPOINT; not set: endpoint */
    bool path_style;              /* S3_PATH_STYLE: false */
    char *ca_file;                /* S3_CA_FILE */
    char *region;                 /* AWS_REGION: us-east-1 */
    char *access_key;             /* AWS_ACCESS_KEY_ID: secret */
    char *secret_key;             /* AWS_SECRET_ACCESS_KEY: secret */
    char *session_token;          /* AWS_SESSION_TOKEN: secret */
    char *container_relative_uri; /* AWS_CONTAINER_CREDENTIALS_RELATIVE_URI */
    char *container_full_uri;     /* AWS_CONTAINER_CREDENTIALS_FULL_URI */
    char *container_token_file;   /* AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE */
    char *container_token;        /* AWS_CONTAINER_AUTHORIZATION_TOKEN: secret */
    char *metadata_endpoint;      /* AWS_EC2_METADATA_SERVICE_ENDPOINT */
};

extern const struct setting_table s3_settings;

/* Those that cfg was loaded with. */
const struct s3_settings *s3_settings_of(const struct config *cfg);

#endif
