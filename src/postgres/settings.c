#include "postgres/settings.h"

#define AT(field) offsetof(struct postgres_settings, field)

static const struct setting postgres_rows[] = {
    SECRET_SETTING(
        "DATABASE_URL", AT(database_url), 1, 512,
        "PostgreSQL's, for the parts named postgres: postgresql://user:password@host/database"),
};

const struct setting_table postgres_settings =
    SETTING_TABLE(postgres_rows, sizeof(struct postgres_settings));
