/* Passwords of encrypted PDFs, for the jobs that wait for them.
 *
 * A job's record never holds one. It lies beside the results, in results/{job_id}/sealed/,
 * encrypted (XChaCha20-Poly1305) for this job alone and padded to one length, until the job ends.
 * The key is made of SEALING_KEY or, without one, of DATA_DIR/signing-key: all workers of a machine
 * have that, several machines need SEALING_KEY.
 */
#ifndef PDF_OCR_CORE_SEALED_PASSWORD_H
#define PDF_OCR_CORE_SEALED_PASSWORD_H

#include "core/job_service.h"

/* The services' key from the setting (64 hexadecimal digits; NULL: not set) or from the signing
 * key of 32 bytes. ERR_UNPROCESSABLE: the setting is not such digits. */
enum err sealing_key_make(const char *setting, const unsigned char *signing_key,
                          unsigned char key[SEALING_KEY_BYTES], struct error *e);

/* Keeps the password (at most PDF_PASSWORD_MAX bytes) for a job. Errors of the blob store. */
enum err sealed_password_put(const struct services *s, const char *job_id, const char *password,
                             struct error *e);

/* Reads it back; the caller wipes out. ERR_UNPROCESSABLE: it was erased when the job ended, or
 * another key has sealed it. */
enum err sealed_password_get(const struct services *s, const char *job_id,
                             char out[PDF_PASSWORD_MAX + 1], struct error *e);

/* Erases it, if the job has one; a failure is logged, and the job's retention erases it. */
void sealed_password_drop(const struct services *s, const struct job *j);

#endif
