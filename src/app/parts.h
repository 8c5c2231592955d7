/* The registry of parts, and the choice among them. */
#ifndef PDF_OCR_APP_PARTS_H
#define PDF_OCR_APP_PARTS_H

#include "core/part.h"

#define PARTS_MAX 12

/* The parts in force; a part that has none (STRUCTURER=none) is left out. */
struct parts {
    const struct part *chosen[PARTS_MAX];
    size_t n;
};

/* Fills the settings of parts that are not set from what BACKEND stands for, without the engines
 * that lack a setting of their own (a processor, a key). ERR_UNPROCESSABLE: BACKEND is unknown. */
enum err parts_fill(struct config *cfg, struct error *e);

/* Looks up the parts of the settings, which parts_fill has filled. ERR_UNPROCESSABLE names the
 * setting and the names there are. */
enum err parts_find(const struct config *cfg, struct parts *out, struct error *e);

/* Whether there is each part, has what it needs and fits the others, and ENGINE is among them. Asks
 * nobody. ERR_UNPROCESSABLE says what is wrong. */
enum err parts_check(const struct config *cfg, struct error *e);

/* Appends to tables[0..*n) those of all parts there are, in force or not, each once; there is room
 * for room of them. */
void parts_list_settings(const struct setting_table **tables, size_t *n, size_t room);

/* Appends where the web page may send files to beside this service: "https://host", or nothing. */
void parts_write_origin(const struct parts *p, const struct config *cfg, struct buffer *out);

/* Appends the counters of all parts in force here; a counter that several share comes once. */
void parts_write_metrics(const struct parts *p, struct buffer *out);

/* Appends ,"library":"version" for each library that the parts work with. */
void parts_write_versions(const struct parts *p, struct buffer *out);

#endif
