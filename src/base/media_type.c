#include "base/media_type.h"

#include <string.h>
#include <strings.h>

#define PDF "application/pdf"

static const struct kind {
    const char *type;
    const char *magic;
    size_t magic_len;
    size_t within; /* the magic begins in the first so many bytes */
    const char *extensions[3];
} kinds[] = {
    {"image/png", "\x89PNG\r\n\x1a\n", 8, 1, {".png"}},
    {"image/jpeg", "\xFF\xD8\xFF", 3, 1, {".jpg", ".jpeg"}},
    {"image/tiff", "II*\0", 4, 1, {".tif", ".tiff"}},
    {"image/tiff", "MM\0*", 4, 1, {NULL}},
    {PDF, "%PDF-", 5, MEDIA_TYPE_WINDOW, {".pdf"}},
};
#define N_KINDS (sizeof kinds / sizeof kinds[0])

const char *media_type_of_bytes(const char *head, size_t n)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        const struct kind *k = &kinds[i];
        size_t most = k->within - 1 + k->magic_len;
        if (memmem(head, n < most ? n : most, k->magic, k->magic_len) != NULL)
            return k->type;
    }
    return NULL;
}

const char *media_type_of_name(const char *file_name)
{
    const char *dot = strrchr(file_name, '.');
    for (size_t i = 0; dot != NULL && i < N_KINDS; i++)
        for (size_t j = 0; kinds[i].extensions[j] != NULL; j++)
            if (strcasecmp(dot, kinds[i].extensions[j]) == 0)
                return kinds[i].type;
    return PDF;
}

bool media_type_is_document(const char *type)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (strcasecmp(type, kinds[i].type) == 0)
            return true;
    return false;
}
