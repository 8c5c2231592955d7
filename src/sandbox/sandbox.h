/* Taking every right away from this process but those that reading a document needs. */
#ifndef PDF_OCR_SANDBOX_SANDBOX_H
#define PDF_OCR_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

/* How far the parent may raise the limit of CPU time; the process itself may not. */
#define SANDBOX_CPU_ROUNDS 10

struct sandbox_limits {
    int64_t cpu_s;
    int64_t memory_bytes; /* address space */
    int64_t file_bytes;   /* how large a file that is open may become; 0: none is written */
    bool fonts;           /* can be opened to be read; else no file at all can be opened */
};

/* Resource limits, no new privileges, Landlock, seccomp: for good. Returns 0, or -1 with errno
 * when a part that must hold could not be put up. Where the kernel has no Landlock, no file can
 * be opened at all, so fonts that are not embedded are missing from rasters. */
int sandbox_enter(const struct sandbox_limits *l);

/* Read-only access to the fonts' folders, if wanted, and nothing else. Returns 1 when in force, 0
 * where the kernel has no Landlock, -1 on an error. */
int sandbox_landlock(bool fonts);

/* The system call filter; with files, read-only opening is let through. */
int sandbox_seccomp(bool files);

#endif
