/* The master: opens the sockets, forks the pools, keeps them alive. */
#ifndef PDF_OCR_PROCESS_MASTER_H
#define PDF_OCR_PROCESS_MASTER_H

#include "process/program.h"

/* Runs until SIGTERM or SIGINT; drains its children within SHUTDOWN_GRACE_S. ERR_CONFLICT when
 * another master uses RUN_DIR. */
enum err master_run(const struct program *program, struct config *cfg, struct error *e);

#endif
