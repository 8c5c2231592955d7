#include "core/sheet_request.h"

#include "formats/format.h"

static bool has_sheet(const struct extraction_request *r)
{
    bool has = formats[r->format].is_sheet;
    for (int f = 0; formats[f].name != NULL; f++)
        has = has || (r->also[f] && formats[f].is_sheet);
    return has;
}

static enum err check_formats(const struct json_at *at, const struct extraction_request *r,
                              struct error *e)
{
    if (has_sheet(r))
        return ERR_OK;
    return json_refuse(at, e,
                       "is for csv and tsv, and neither output_format nor also_formats has one");
}

static enum err read_table(const struct json_at *at, struct sheet_choices *c, struct error *e)
{
    int64_t number = 0;
    enum err err = json_read_integer(at, 1, INT32_MAX, &number, e);
    c->table = (int)number;
    if (err == ERR_OK && c->tables != TABLES_ALL)
        err = json_refuse(at, e, "cannot be given with tables \"%s\"",
                          tables_choice_names[c->tables]);
    return err;
}

static enum err read_flag(const struct json_at *at, bool *out, struct error *e)
{
    return json_missing(at) ? ERR_OK : json_read_bool(at, out, e);
}

enum err sheet_request_read(const struct json_at *root, struct extraction_request *out,
                            struct error *e)
{
    struct sheet_choices *c = &out->sheets;
    const struct json_at tables = json_member(root, "tables"), table = json_member(root, "table"),
                         source = json_member(root, "source_columns"),
                         bom = json_member(root, "bom");
    const struct json_at *const given[] = {&tables, &table, &source, &bom};
    int choice = TABLES_ALL;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof given / sizeof given[0]; i++)
        if (!json_missing(given[i]))
            err = check_formats(given[i], out, e);
    if (err == ERR_OK && !json_missing(&tables))
        err = json_read_enum(&tables, tables_choice_names, &choice, e);
    c->tables = (enum tables_choice)choice;
    if (err == ERR_OK && !json_missing(&table))
        err = read_table(&table, c, e);
    if (err == ERR_OK)
        err = read_flag(&source, &c->source_columns, e);
    return err == ERR_OK ? read_flag(&bom, &c->bom, e) : err;
}

void sheet_request_write(const struct sheet_choices *c, struct buffer *out)
{
    if (c->tables != TABLES_ALL)
        buffer_printf(out, ",\"tables\":\"%s\"", tables_choice_names[c->tables]);
    if (c->table > 0)
        buffer_printf(out, ",\"table\":%d", c->table);
    buffer_puts(out, c->source_columns ? ",\"source_columns\":true" : "");
    buffer_puts(out, c->bom ? ",\"bom\":true" : "");
}
