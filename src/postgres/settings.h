/* The settings of PostgreSQL. Strings are the config's; NULL: not set. */
#ifndef PDF_OCR_POSTGRES_SETTINGS_H
#define PDF_OCR_POSTGRES_SETTINGS_H

#include "core/config.h"

struct postgres_settings {
    char *database_url; /* DATABASE_URL: secret */
};

extern const struct setting_table postgres_settings;

#endif
