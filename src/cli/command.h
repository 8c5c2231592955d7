/* What the command line asks for. */
#ifndef PDF_OCR_CLI_COMMAND_H
#define PDF_OCR_CLI_COMMAND_H

#include <stdio.h>

#include "extract/page_reader.h"
#include "ports/extraction.h"

enum exit_status { EXIT_DONE, EXIT_ERROR, EXIT_USAGE, EXIT_NOTHING_FOUND };

/* The path that stands for standard input. */
#define STANDARD_INPUT "-"

struct command {
    struct extraction_request r;
    char **files; /* borrowed from argv */
    size_t n_files;
    const char *output; /* a file or a folder; NULL: standard output */
    bool into_folder;   /* output is a folder */
    const char *graph;
    bool quiet;
    int jobs; /* documents read at once */
    char password[PDF_PASSWORD_MAX + 2];
    bool has_pages, has_page; /* --pages, --page was given */
    int page;                 /* of the regions that follow */
    enum region_type type;
};

#endif
