#include "app/settings.h"

#include <string.h>

#include "app/parts.h"
#include "core/config.h"
#include "dispatch/settings.h"
#include "outbound/settings.h"
#include "telemetry/settings.h"

#define TABLES_MAX 32

/* Those of no part; the parts' own come after the first, which chooses among them. */
static const struct setting_table *const service[] = {
    &config_service, &dispatch_settings,  &config_programs,  &config_ocr,
    &config_log,     &telemetry_settings, &outbound_settings};

#define N_SERVICE (sizeof service / sizeof service[0])

const struct setting_table *const *all_settings(void)
{
    static const struct setting_table *tables[TABLES_MAX + 1];
    size_t n = 0;
    tables[n++] = &config_parts;
    parts_list_settings(tables, &n, TABLES_MAX - N_SERVICE);
    memcpy(tables + n, service, sizeof service);
    return tables;
}
