#include "app/settings.h"

#include "core/config.h"
#include "dispatch/settings.h"
#include "google/settings.h"
#include "outbound/settings.h"
#include "postgres/settings.h"
#include "s3/settings.h"
#include "telemetry/settings.h"
#include "tesseract/settings.h"

const struct setting_table *const all_settings[] = {
    &config_parts,       &postgres_settings, &s3_settings,
    &config_service,     &dispatch_settings, &config_programs,
    &tesseract_settings, &config_ocr,        &google_names,
    &gemini_settings,    &google_access,     &config_log,
    &telemetry_settings, &outbound_settings, NULL};
