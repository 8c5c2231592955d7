/* The files of the command: where a document is read from, and where its result goes. */
#ifndef PDF_OCR_CLI_DOCUMENTS_H
#define PDF_OCR_CLI_DOCUMENTS_H

#include "base/buffer.h"
#include "cli/command.h"

/* Opens the document for reading; standard input is copied to a file without a name first, as it
 * has to be read in any order. */
enum err document_open_file(const char *path, int *fd, struct error *e);

/* What the document is called in messages. */
const char *document_name(const char *path);

/* Appends the path of its result: the folder of c, or c's file; nothing for standard output. A
 * result in a folder has the document's name with the ending of the format. */
void document_output(const struct command *c, const char *path, struct buffer *out);

/* Makes the folder of c, if it is not there. */
enum err documents_make_folder(const struct command *c, struct error *e);

/* ERR_CONFLICT: two documents would be written to the same file of the folder. */
enum err documents_check_names(const struct command *c, struct error *e);

/* Writes n bytes to path, NULL or "": standard output. A file that could not be written whole is
 * removed. */
enum err document_write(const char *path, const char *bytes, size_t n, struct error *e);

#endif
