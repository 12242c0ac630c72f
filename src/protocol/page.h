/* protocol/page.h: plain text with wrapped lines, built in an arena (internal). */
#ifndef RACEMATE_PROTOCOL_PAGE_H
#define RACEMATE_PROTOCOL_PAGE_H

#include "racemate/base.h"

typedef struct rac_page {
    rac_arena *arena;
    char *text; /* not ended yet */
    size_t size, capacity;
} rac_page;

/* As it is. */
void rac_page_add(rac_page *page, const char *text);
/* `text` after `first` (a label with its indentation), wrapped at 100 characters; later lines are indented by
 * `indent` spaces.  Characters are counted, not bytes.  Ends with a line feed. */
void rac_page_wrap(rac_page *page, const char *first, int indent, const char *text);
/* The text, ended. */
char *rac_page_end(rac_page *page);

#endif
