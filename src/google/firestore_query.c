#include "google/firestore_query.h"

json_t *firestore_condition(const char *field, const char *op, json_t *value)
{
    return json_pack("{s:{s:{s:s},s:s,s:o}}", "fieldFilter", "field", "fieldPath", field, "op", op,
                     "value", value);
}

json_t *firestore_all_of(json_t *conditions)
{
    return json_pack("{s:{s:s,s:o}}", "compositeFilter", "op", "AND", "filters", conditions);
}

json_t *firestore_order(const char *field, const char *direction)
{
    return json_pack("{s:{s:s},s:s}", "field", "fieldPath", field, "direction", direction);
}

json_t *firestore_query(const char *collection, json_t *where, json_t *orders, int limit)
{
    json_t *q = json_pack("{s:[{s:s}],s:o,s:i}", "from", "collectionId", collection, "orderBy",
                          orders, "limit", limit);
    if (where != NULL && json_object_set_new(q, "where", where) != 0) {
        json_decref(q);
        q = NULL;
    }
    return q;
}

json_t *firestore_mask(const json_t *fields)
{
    json_t *paths = json_array(), *value;
    const char *key;
    json_object_foreach((json_t *)fields, key, value)(void)
        json_array_append_new(paths, json_string(key));
    return json_pack("{s:o}", "fieldPaths", paths);
}

json_t *firestore_create(const char *name, json_t *fields, const char *replacing)
{
    json_t *condition = replacing != NULL ? json_pack("{s:s}", "updateTime", replacing)
                                          : json_pack("{s:b}", "exists", 0);
    return json_pack("{s:{s:s,s:o},s:o}", "update", "name", name, "fields", fields,
                     "currentDocument", condition);
}
