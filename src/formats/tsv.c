/* Tab separated values: tabs and line ends inside cells become spaces.
 * https://www.iana.org/assignments/media-types/text/tab-separated-values */
#include "formats/sheet.h"
#include "formats/table.h"

static void write_cell(const char *text, struct buffer *out)
{
    for (const char *p = text; *p != '\0'; p++)
        buffer_append(out, *p == '\t' || *p == '\n' || *p == '\r' ? " " : p, 1);
}

static const struct sheet_kind kind = {"tsv", '\t', write_cell};

enum err format_write_tsv(const struct extraction *x, const struct format_options *o,
                          struct buffer *out, struct error *e)
{
    return sheet_write(x, o, &kind, out, e);
}
