/* An extraction read back from its result as JSON (formats/json.c). */
#ifndef PDF_OCR_CORE_RESULT_READ_H
#define PDF_OCR_CORE_RESULT_READ_H

#include <jansson.h>

#include "ports/extraction.h"

/* Fills *out with what any format is written from (free it with extraction_free). How letters are
 * turned, names' places and the debug graph are not in the JSON. ERR_GONE: it is not as this
 * version writes it; ERR_EXHAUSTED. */
enum err result_read(json_t *tree, struct extraction *out, struct error *e);

#endif
