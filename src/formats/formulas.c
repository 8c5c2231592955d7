#include "formats/formulas.h"

#include <string.h>

#define PART_ENDS ";\r\n"

/* Spreadsheets take the wide forms of = + - @ for the plain ones. */
static const char *const wide_signs[] = {"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D",
                                         "\xEF\xBC\xA0"};

static bool has_wide_sign(const char *text)
{
    for (size_t i = 0; i < sizeof wide_signs / sizeof wide_signs[0]; i++)
        if (strncmp(text, wide_signs[i], 3) == 0)
            return true;
    return false;
}

/* Whether what follows a + or - has nothing to compute with: digits and what is written around
 * them, an exponent; up to what ends a part. */
static bool is_amount(const char *text)
{
    bool digit = false;
    for (const char *p = text; *p != '\0' && strchr(PART_ENDS, *p) == NULL; p++) {
        bool exponent = (*p == 'e' || *p == 'E') && digit;
        if (!exponent && strchr("0123456789., %$()", *p) == NULL && (unsigned char)*p < 0x80)
            return false;
        digit = *p >= '0' && *p <= '9';
    }
    return true;
}

static bool is_formula(const char *text)
{
    if (*text == '+' || *text == '-')
        return !is_amount(text + 1);
    return (*text != '\0' && strchr("=@\t\r", *text) != NULL) || has_wide_sign(text);
}

void formulas_escape(const char *text, struct buffer *out)
{
    bool starts = true;
    for (const char *p = text; *p != '\0'; p++) {
        buffer_puts(out, starts && is_formula(p) ? "'" : "");
        buffer_append(out, p, 1);
        starts = strchr(PART_ENDS, *p) != NULL;
    }
}
