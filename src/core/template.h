/* Regions that an owner has saved under a name, to be used on other documents.
 *
 * Kept as the JSON that the API shows, {template_id, name, regions, created_at, updated_at}, in the
 * blob store under the owner. An id is made of the owner and the name, so that a name is taken once
 * and found without a search. Blob stores have no compare-and-swap: of two changes of a template at
 * one moment the later stays.
 */
#ifndef PDF_OCR_CORE_TEMPLATE_H
#define PDF_OCR_CORE_TEMPLATE_H

#include <jansson.h>

#include "base/random.h"
#include "core/job_service.h"

#define TEMPLATES_MAX     100 /* of an owner */
#define TEMPLATE_NAME_MAX 100 /* bytes */

/* Stores {name, regions} under a name that the owner has no template of; out, empty before, is it.
 * ERR_UNPROCESSABLE, ERR_UNKNOWN_NAME; ERR_CONFLICT: the name is taken, or there are TEMPLATES_MAX.
 */
enum err template_create(const struct services *s, const char *owner, json_t *body,
                         struct buffer *out, struct error *e);

/* Appends what the template `now` (as template_get gave it) is with the regions of body; a name in
 * body must be as it was. Nothing is stored. ERR_UNPROCESSABLE, ERR_UNKNOWN_NAME. */
enum err template_change(const struct services *s, const struct buffer *now, json_t *body,
                         struct buffer *out, struct error *e);

/* Stores that in the place of the template id. */
enum err template_store(const struct services *s, const char *owner, const char *id,
                        const struct buffer *text, struct error *e);

/* Appends the template of that id or name. ERR_NOT_FOUND. */
enum err template_get(const struct services *s, const char *owner, const char *id_or_name,
                      struct buffer *out, struct error *e);

/* Forgets the template; ERR_OK when there was none. */
enum err template_remove(const struct services *s, const char *owner, const char *id,
                         struct error *e);

/* Appends a JSON array of the templates whose ids come after `after` ("": the first), max at most,
 * in the order of the ids; *next is the id after which there are more, or "". */
enum err template_list(const struct services *s, const char *owner, const char *after, size_t max,
                       struct buffer *out, char next[UUID_LEN + 1], struct error *e);

/* Puts the regions of the template that body names, by its member `template`, in the place of that
 * member; nothing where it names none. ERR_UNPROCESSABLE: it is no name, there are regions beside
 * it, or the owner has no such template. */
enum err template_apply(const struct services *s, const char *owner, json_t *body, struct error *e);

#endif
