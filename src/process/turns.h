/* Turns: of a client one request at a time is worked on, in all processes of a pool together.
 *
 * A turn is a lock on a byte of a file that they share; the system gives back that of a process
 * which dies. A process holds one turn at a time. */
#ifndef PDF_OCR_PROCESS_TURNS_H
#define PDF_OCR_PROCESS_TURNS_H

#include <stdbool.h>

#include "base/error.h"

/* Opens the file of turns at path, and makes it where it is missing. *fd is the caller's to close.
 * No other descriptor of the file may be closed in this process while a turn is held. */
enum err turns_open(const char *path, int *fd, struct error *e);

/* Takes the client's turn if no other process has it. */
bool turn_take(int fd, const char *client);

/* Gives it back. */
void turn_give(int fd, const char *client);

#endif
