#include "outbound/settings.h"

#define AT(field) offsetof(struct outbound_settings, field)

static const struct setting outbound_rows[] = {
    TEXT_SETTING(NETWORKS, "OUTBOUND_ALLOWED_NETWORKS", AT(allowed_networks), NULL,
                 "networks that clients may name hosts of although they are not public"),
    BOOL_SETTING("OUTBOUND_ALLOW_HTTP", AT(allow_http), "false",
                 "whether clients may name http:// URLs, for closed networks"),
    BOOL_SETTING("OUTBOUND_SOURCE_URLS", AT(source_urls), "true",
                 "whether requests may name a document by its source_url, gs:// ones as well"),
    INTEGER_SETTING("OUTBOUND_TIMEOUT_S", AT(timeout_s), "20", 1, 50,
                    "time that a call to a host named by a client may take"),
    TEXT_SETTING(FILE, "OUTBOUND_CA_FILE", AT(ca_file), NULL,
                 "CA certificates for those hosts; the system's when not set"),
    TEXT_SETTING(FILE, "WEBHOOK_SECRETS_FILE", AT(webhook_secrets), NULL,
                 "secrets that sign callbacks, one a line (docs/webhooks.md); requests may have no "
                 "callback_url when not set"),
    INTEGER_SETTING("WEBHOOK_ATTEMPTS", AT(attempts), "12", 1, 100,
                    "tries of a callback; the delays are RETRY_BASE_S, doubled up to RETRY_MAX_S"),
};

const struct setting_table outbound_settings =
    SETTING_TABLE(outbound_rows, sizeof(struct outbound_settings));

const struct outbound_settings *outbound_settings_of(const struct config *cfg)
{
    return config_values(cfg, &outbound_settings);
}
