/* CSV, RFC 4180. */
#include <string.h>

#include "formats/sheet.h"
#include "formats/table.h"

static void write_cell(const char *text, struct buffer *out)
{
    bool quote = strpbrk(text, ",\"\r\n") != NULL || text[0] == ' ' ||
                 (text[0] != '\0' && text[strlen(text) - 1] == ' ');
    buffer_puts(out, quote ? "\"" : "");
    for (const char *p = text; *p != '\0'; p++)
        buffer_append(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    buffer_puts(out, quote ? "\"" : "");
}

static const struct sheet_kind kind = {"csv", ',', write_cell};

enum err format_write_csv(const struct extraction *x, const struct format_options *o,
                          struct buffer *out, struct error *e)
{
    return sheet_write(x, o, &kind, out, e);
}
