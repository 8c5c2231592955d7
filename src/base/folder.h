/* Folders that others must be able to write to. */
#ifndef PDF_OCR_BASE_FOLDER_H
#define PDF_OCR_BASE_FOLDER_H

/* Whether a file can be made and written in a folder: one of some KiB is, and removed again, so
 * that a full disk, a folder that is gone and missing rights are all seen. path counts from dir_fd
 * as with openat(2). Returns 0, or the errno. */
int folder_try_write(int dir_fd, const char *path);

#endif
