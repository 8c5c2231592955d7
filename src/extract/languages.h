/* Which languages OCR can read here. */
#ifndef PDF_OCR_EXTRACT_LANGUAGES_H
#define PDF_OCR_EXTRACT_LANGUAGES_H

#include <stdint.h>

#include "base/error.h"

/* What pdf-ocr-recognize has told, for a minute. Zeroed at first. */
struct languages {
    char *names; /* owned: a line each */
    int64_t until_us;
};

/* Whether all of requested ("eng+deu") are installed. ERR_UNPROCESSABLE names the Debian package of
 * the first that is not. Where nothing is known the program is asked, for some hundredths of a
 * second: ERR_UNAVAILABLE when it does not answer. tessdata_dir may be NULL. */
enum err languages_check(struct languages *l, const char *program, const char *tessdata_dir,
                         const char *requested, struct error *e);

void languages_free(struct languages *l);

#endif
