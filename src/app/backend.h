/* Opens the parts that the settings choose (app/parts.h) and wires them to the core. */
#ifndef PDF_OCR_APP_BACKEND_H
#define PDF_OCR_APP_BACKEND_H

#include "process/program.h"

/* Makes the folders, the signing key and what each part keeps; run once, by the master. */
enum err backend_prepare(const struct config *cfg, struct error *e);

/* What the processes are given. */
extern const struct program backend_program;

#endif
