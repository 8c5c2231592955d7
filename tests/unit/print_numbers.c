/* Prints the doubles on standard input, one a line, as they go to BigQuery; run by the end-to-end
 * tests, which ask Google's own SQL engine about them. */
#include <stdio.h>
#include <stdlib.h>

#include "google/bigquery_number.h"

int main(void)
{
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct buffer out = BUFFER_INIT;
        bigquery_put_number(&out, strtod(line, NULL));
        if (buffer_failed(&out) || puts(out.data) < 0)
            return 1;
        buffer_free(&out);
    }
    return 0;
}
