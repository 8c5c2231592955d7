/* A sandboxed program that says what the fuzzer wants. */
#ifndef PDF_OCR_FUZZ_FAKE_CHILD_H
#define PDF_OCR_FUZZ_FAKE_CHILD_H

#include <stdint.h>

#include "sandbox/child.h"

/* What it has left to say. What it is sent (child_send) each harness checks itself. */
extern struct answers {
    const uint8_t *data;
    size_t size;
} answers;

#endif
