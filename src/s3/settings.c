#include "s3/settings.h"

#define AT(field) offsetof(struct s3_settings, field)

static const struct setting s3_rows[] = {
    TEXT_SETTING(NAME, "S3_BUCKET_NAME", AT(bucket), NULL, "bucket of BLOB_STORE=s3"),
    TEXT_SETTING(BASE_URL, "S3_ENDPOINT", AT(endpoint), NULL,
                 "an S3 server of your own; https://s3.AWS_REGION.amazonaws.com when not set"),
    TEXT_SETTING(BASE_URL, "S3_LINK_ENDPOINT", AT(link_endpoint), NULL,
                 "where links to the bucket point; S3_ENDPOINT when not set"),
    BOOL_SETTING(
        "S3_PATH_STYLE", AT(path_style), "false",
        "whether the bucket is in the path of URLs and not in the host's name, as most servers of "
        "one's own want it"),
    TEXT_SETTING(FILE, "S3_CA_FILE", AT(ca_file), NULL, "CA certificates for the S3 server"),
    TEXT_SETTING(NAME, "AWS_REGION", AT(region), "us-east-1", "region of the bucket"),
    SECRET_SETTING("AWS_ACCESS_KEY_ID", AT(access_key), 1, 128,
                   "key for S3; the container's or the instance's endpoint is asked when not set"),
    SECRET_SETTING("AWS_SECRET_ACCESS_KEY", AT(secret_key), 1, 512, "its secret"),
    SECRET_SETTING("AWS_SESSION_TOKEN", AT(session_token), 1, 8192, "the token of a key that ends"),
    TEXT_SETTING(PATH, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", AT(container_relative_uri), NULL,
                 "path of keys for S3 at the container's endpoint; ECS sets it"),
    TEXT_SETTING(URL, "AWS_CONTAINER_CREDENTIALS_FULL_URI", AT(container_full_uri), NULL,
                 "URL of keys for S3; EKS sets it"),
    TEXT_SETTING(PATH, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", AT(container_token_file), NULL,
                 "file of the token that lets in there; EKS sets it"),
    SECRET_SETTING("AWS_CONTAINER_AUTHORIZATION_TOKEN", AT(container_token), 1, 8192,
                   "that token itself, where there is no file"),
    TEXT_SETTING(BASE_URL, "AWS_EC2_METADATA_SERVICE_ENDPOINT", AT(metadata_endpoint),
                 "http://169.254.169.254",
                 "instance metadata service (IMDSv2), which is asked for keys when nothing above "
                 "names them"),
};

const struct setting_table s3_settings = SETTING_TABLE(s3_rows, sizeof(struct s3_settings));

const struct s3_settings *s3_settings_of(const struct config *cfg)
{
    return config_values(cfg, &s3_settings);
}
