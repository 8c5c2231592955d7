#include "core/setting_text.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

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

static bool network_valid(char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    char *slash = strchr(text, '/'), *end = NULL;
    if (slash != NULL)
        *slash = '\0';
    bool six = inet_pton(AF_INET6, text, address) == 1;
    if (!six && inet_pton(AF_INET, text, address) != 1)
        return false;
    long bits = slash != NULL ? strtol(slash + 1, &end, 10) : 0;
    return slash == NULL || (slash[1] >= '0' && slash[1] <= '9' && *end == '\0' && bits >= 0 &&
                             bits <= (six ? 128 : 32));
}

bool networks_valid(const char *value)
{
    if (strcmp(value, "any") == 0)
        return true;
    char *copy = strdup(value), *rest = copy;
    bool ok = copy != NULL;
    while (ok && rest != NULL)
        ok = network_valid(strsep(&rest, ","));
    free(copy);
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
