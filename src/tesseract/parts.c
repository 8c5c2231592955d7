/* The part that is Tesseract. */
#include <tesseract/version.h>

#include "core/part.h"
#include "extract/recognizer.h"
#include "tesseract/settings.h"

static enum err open_engine(const struct part_context *x, struct slots *out, struct error *e)
{
    (void)e;
    out->ocr = recognizer_engine(x->recognizer);
    return ERR_OK;
}

static const char *version(void)
{
    return TESSERACT_VERSION_STR;
}

const struct part tesseract_part = {.name = "tesseract",
                                    .settings = {&tesseract_settings},
                                    .open = open_engine,
                                    .library = "tesseract",
                                    .version = version};
