/* The settings of calls to hosts that clients name. Strings are the config's. */
#ifndef PDF_OCR_OUTBOUND_SETTINGS_H
#define PDF_OCR_OUTBOUND_SETTINGS_H

#include "core/config.h"

struct outbound_settings {
    char *allowed_networks; /* OUTBOUND_ALLOWED_NETWORKS; NULL: public addresses only */
    bool allow_http;        /* OUTBOUND_ALLOW_HTTP: false */
    bool source_urls;       /* OUTBOUND_SOURCE_URLS: true */
    int64_t timeout_s;      /* OUTBOUND_TIMEOUT_S: 20; of a whole call */
    char *ca_file;          /* OUTBOUND_CA_FILE; NULL: the system's */
    char *webhook_secrets;  /* WEBHOOK_SECRETS_FILE; NULL: no callbacks */
    int64_t attempts;       /* WEBHOOK_ATTEMPTS: 12 */
};

extern const struct setting_table outbound_settings;

/* Those that cfg was loaded with. */
const struct outbound_settings *outbound_settings_of(const struct config *cfg);

#endif
