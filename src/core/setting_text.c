#include "core/setting_text.h"

#include <stdlib.h>
#include <string.h>

#include "core/networks.h"
#include "core/origins.h"

bool origins_valid(const char *value)
{
    struct origins o;
    struct error unused;
    bool ok = origins_read(value, &o, &unused) == ERR_OK;
    if (ok)
        origins_free(&o);
    return ok;
}

bool networks_valid(const char *value)
{
    struct network w;
    bool ok = true;
    if (strcmp(value, "any") == 0)
        return true;
    for (const char *at = value; ok && at != NULL;) {
        size_t n = strcspn(at, ",");
        ok = network_read(at, n, &w);
        at = at[n] == ',' ? at + n + 1 : NULL;
    }
    return ok;
}

bool count_valid(const char *value)
{
    size_t n = strspn(value, "0123456789");
    return strcmp(value, "auto") == 0 ||
           (n > 0 && n <= 3 && value[n] == '\0' && value[0] != '0' && atoi(value) <= 512);
}

bool text_printable(const char *value, const char *forbidden)
{
    for (const char *p = value; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F || strchr(forbidden, *p) != NULL)
            return false;
    return true;
}
