/* The settings of the service and of all parts. */
#ifndef PDF_OCR_APP_SETTINGS_H
#define PDF_OCR_APP_SETTINGS_H

#include "core/setting.h"

/* Every table, in the order in which settings are told of; NULL ends them. */
const struct setting_table *const *all_settings(void);

#endif
