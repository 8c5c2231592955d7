#include "ocr/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool stands_in(const struct word *w, struct reach reach)
{
    double middle = w->box.x + w->box.w / 2;
    return middle >= reach.from && middle <= reach.to;
}

struct evidence evidence_of(const struct word_list *words, size_t first, size_t end,
                            struct reach reach)
{
    struct evidence sum = {0, 0};
    for (size_t i = first; i < end; i++) {
        const struct word *w = &words->items[i];
        double letters = (double)strlen(w->text);
        if (!stands_in(w, reach))
            continue;
        sum.letters += letters;
        sum.sure += letters * w->confidence;
    }
    return sum;
}

void evidence_choose(struct word_list *words, size_t first, size_t again, struct reach reach)
{
    struct evidence line = evidence_of(words, first, again, reach);
    struct evidence cell = evidence_of(words, again, words->n, reach);
    bool better = cell.sure > line.sure && cell.sure * line.letters >= line.sure * cell.letters;
    size_t kept = first;
    for (size_t i = first; i < words->n; i++) {
        struct word *w = &words->items[i];
        bool alone = i >= again;
        if (alone ? !better : better && stands_in(w, reach)) {
            free(w->text);
            continue;
        }
        w->alone = w->alone || alone;
        words->items[kept++] = *w;
    }
    words->n = kept;
}

double evidence_of_pose(const struct word_list *words)
{
    size_t longer = 0;
    for (size_t i = 0; i < words->n; i++)
        longer += words->items[i].text[0] != '\0' && words->items[i].text[1] != '\0';
    double share = words->n > 0 ? (double)longer / (double)words->n : 0;
    return word_list_confidence(words) * fmin(1, 2 * share);
}
