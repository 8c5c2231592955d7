#include "base/text.h"

#include <stddef.h>
#include <string.h>

char *text_dup(const char *text, bool *ok)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    if (text != NULL && copy == NULL)
        *ok = false;
    return copy;
}
