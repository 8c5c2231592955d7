/* Extracting the documents of the command, several at once if it says so. */
#ifndef PDF_OCR_CLI_RUN_H
#define PDF_OCR_CLI_RUN_H

#include "cli/command.h"

/* Extracts all documents and writes their results; tells on standard error what is wrong. A
 * document that fails does not keep the others from being extracted. EXIT_ERROR: one failed;
 * EXIT_NOTHING_FOUND: none failed, but in one nothing was found. */
enum exit_status run_command(const struct command *c);

#endif
