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
 * when a part that must hold could not be put up. Where the kernel has no Landlock, only what
 * sandbox_open_fonts has opened can be read. */
int sandbox_enter(const struct sandbox_limits *l);

/* Read-only access to the fonts' folders, if wanted, and nothing else. Returns 1 when in force, 0
 * where the kernel has no Landlock, -1 on an error. */
int sandbox_landlock(bool fonts);

/* Where fonts, their index and poppler's character maps lie on Debian; ends in NULL. */
extern const char *const sandbox_font_folders[];

/* Opens all that lies in these folders, for a kernel without Landlock; false: this processor is not
 * known, and no font can be opened later. */
bool sandbox_open_fonts(void);

/* What confines the programs on this kernel: "landlock, seccomp", or "seccomp, fonts opened
 * before". */
const char *sandbox_mode(void);

enum sandbox_files {
    SANDBOX_NO_FILES, /* none can be opened */
    SANDBOX_OPENED,   /* opening to read raises SIGSYS */
    SANDBOX_CONFINED  /* opening to read is let through, to Landlock */
};

/* The system call filter. */
int sandbox_seccomp(enum sandbox_files files);

#endif
