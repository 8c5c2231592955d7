/* Any bytes as a multipart body. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "multipart/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int in = -1, out = -1;
    char name[MULTIPART_NAME_MAX];
    if (in < 0 && ((in = memfd_create("in", 0)) < 0 || (out = memfd_create("out", 0)) < 0))
        abort();
    multipart_init();
    if (ftruncate(in, 0) != 0 || ftruncate(out, 0) != 0 || lseek(out, 0, SEEK_SET) != 0 ||
        pwrite(in, data, size, 0) != (ssize_t)size || lseek(in, 0, SEEK_SET) != 0)
        abort();
    struct buffer fields = BUFFER_INIT;
    (void)multipart_copy_file(dup(in), "multipart/form-data; boundary=B", out, name, &fields);
    buffer_free(&fields);
    return 0;
}
