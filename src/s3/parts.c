/* The part that is in S3. */
#include "s3/client.h"
#include "s3/counters.h"
#include "s3/keys.h"
#include "s3/s3.h"
#include "s3/settings.h"

static enum err check(const struct config *cfg, struct error *e)
{
    if (s3_settings_of(cfg)->bucket == NULL)
        return error_set(e, ERR_UNPROCESSABLE,
                         "S3_BUCKET_NAME is not set; BLOB_STORE=s3 needs the bucket.");
    return s3_keyring_check(s3_settings_of(cfg), e);
}

static enum err open_blobs(const struct part_context *x, struct slots *out, struct error *e)
{
    return s3_blob_store_open(x->cfg, x->clock, &out->blobs, e);
}

static enum err prepare(const struct config *cfg, struct error *e)
{
    (void)cfg;
    return s3_counters_setup(e);
}

static void write_origin(const struct config *cfg, struct buffer *out)
{
    s3_origin(s3_settings_of(cfg), out);
}

const struct part s3_part = {.name = "s3",
                             .settings = {&s3_settings},
                             .check = check,
                             .prepare = prepare,
                             .open = open_blobs,
                             .write_origin = write_origin,
                             .write_metrics = s3_counters_write};
