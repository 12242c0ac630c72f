/* Plain text with wrapped lines: see protocol/page.h. */
#include "protocol/page.h"

#include <string.h>

enum { page_width = 100 };

static void add_bytes(rac_page *page, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        rac_push(page->arena, page->text, page->size, page->capacity, bytes[i]);
}

void rac_page_add(rac_page *page, const char *text)
{
    add_bytes(page, text, strlen(text));
}

static size_t characters(const char *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

void rac_page_wrap(rac_page *page, const char *first, int indent, const char *text)
{
    rac_page_add(page, first);
    size_t column = characters(first, strlen(first));
    bool start = true; /* nothing of `text` stands on this line yet */
    while (*text) {
        const size_t size = strcspn(text, " \n"), width = characters(text, size);
        if (!start && column + 1 + width > page_width) {
            rac_page_add(page, "\n");
            for (int i = 0; i < indent; i++)
                rac_page_add(page, " ");
            column = (size_t)indent;
            start = true;
        }
        if (size && !start) {
            rac_page_add(page, " ");
            column++;
        }
        add_bytes(page, text, size);
        column += width;
        start = start && !size;
        text += size + (text[size] != '\0');
    }
    rac_page_add(page, "\n");
}

char *rac_page_end(rac_page *page)
{
    return rac_text_copy(page->arena, (rac_text){page->text, page->size});
}
