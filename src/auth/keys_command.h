/* pdf-ocr-api keys: makes, lists and revokes the keys of API_KEYS_FILE. */
#ifndef PDF_OCR_AUTH_KEYS_COMMAND_H
#define PDF_OCR_AUTH_KEYS_COMMAND_H

/* argv[0] is "keys". The file is replaced in one step, so a service that reads it sees the old or
 * the new one. Returns the exit status: 0, 1 when it could not be done, 2 for wrong usage. */
int keys_command(int argc, char **argv);

#endif
