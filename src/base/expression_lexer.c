/* Tokens of an expression, a number together with its unit: see base/expression.h for the rule by
 * which a unit binds. */
#include "base/expression_lexer.h"

#include <string.h>

enum { longest_name = 100 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char peek(const rac_lexer *lexer, size_t ahead)
{
    return lexer->at + ahead < lexer->source.size ? lexer->source.data[lexer->at + ahead] : '\0';
}

static void advance(rac_lexer *lexer, size_t bytes)
{
    for (; bytes; bytes--, lexer->at++) {
        const bool line_ends = lexer->source.data[lexer->at] == '\n';
        lexer->line += line_ends;
        lexer->column = line_ends ? 1 : lexer->column + 1;
    }
}

static void skip_blanks(rac_lexer *lexer)
{
    while (lexer->at < lexer->source.size && memchr(" \t\r\n", peek(lexer, 0), 4))
        advance(lexer, 1);
}

static rac_text ahead(const rac_lexer *lexer)
{
    return (rac_text){lexer->source.data + lexer->at, lexer->source.size - lexer->at};
}

static rac_status placed(const rac_lexer *lexer, rac_status status, rac_error *err)
{
    rac_error_place(err, lexer->file, lexer->line, lexer->column);
    return status;
}

/* The name at `at`: letters, digits and _, parts joined by single dots. */
static size_t name_size(const rac_lexer *lexer)
{
    size_t size = 0;
    while (is_letter(peek(lexer, size)) || (size && is_digit(peek(lexer, size))) ||
           (size && peek(lexer, size) == '.' && is_letter(peek(lexer, size + 1))))
        size++;
    return size;
}

static bool is_keyword(rac_text text)
{
    static const char *const keywords[] = {"and", "or", "not", "in", "if", "then", "else", "true", "false"};
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (rac_text_is(text, keywords[i]))
            return true;
    return false;
}

/* ---- numbers ---- */

static size_t digits_from(const rac_lexer *lexer, size_t from)
{
    while (is_digit(peek(lexer, from)))
        from++;
    return from;
}

/* digits [. digits] [e [sign] digits]; what follows is left to the unit. */
static size_t number_size(const rac_lexer *lexer)
{
    size_t size = digits_from(lexer, 0);
    if (peek(lexer, size) == '.' && is_digit(peek(lexer, size + 1)))
        size = digits_from(lexer, size + 1);
    if (peek(lexer, size) == 'e' || peek(lexer, size) == 'E') {
        const bool sign = peek(lexer, size + 1) == '-' || peek(lexer, size + 1) == '+';
        if (is_digit(peek(lexer, size + 1 + sign)))
            size = digits_from(lexer, size + 1 + sign);
    }
    return size;
}

static rac_status fail_unit(const rac_lexer *lexer, rac_text name, rac_error *err)
{
    const rac_status status = rac_fail(err, RAC_INVALID, "unknown unit '%.*s'", RAC_TEXT(name));
    const char *near = rac_unit_nearest(name);
    if (near)
        rac_error_hint(err, "did you mean '%s'?  Between a number and a name write *", near);
    else
        rac_error_hint(err, "a name after a number is read as its unit; to multiply write *");
    return placed(lexer, status, err);
}

/* The unit after a number, if there is one; the lexer stands behind the number. */
static rac_status read_unit(rac_lexer *lexer, rac_token *token, rac_error *err)
{
    token->unit = rac_unit_none();
    rac_lexer look = *lexer;
    skip_blanks(&look);
    const char c = peek(&look, 0);
    const rac_text name = {ahead(&look).data, name_size(&look)};
    const bool starts = name.size || c == '%' || c == '/' || (unsigned char)c >= 0x80;
    if (!starts || is_keyword(name))
        return RAC_OK;
    size_t used = 0;
    const rac_status status = rac_unit_scan(ahead(&look), &used, &token->unit, err);
    if (status == RAC_NOT_FOUND)
        return name.size ? fail_unit(&look, name, err) : RAC_OK;
    if (status != RAC_OK)
        return placed(&look, status, err);
    advance(&look, used);
    *lexer = look;
    return RAC_OK;
}

static rac_status read_number(rac_lexer *lexer, rac_token *token, rac_error *err)
{
    const rac_text text = {ahead(lexer).data, number_size(lexer)};
    rac_status status = rac_number_parse(text, &token->value, err);
    if (status != RAC_OK)
        return placed(lexer, status, err);
    const rac_lexer start = *lexer;
    token->kind = RAC_TOKEN_NUMBER;
    advance(lexer, text.size);
    status = read_unit(lexer, token, err);
    token->text = (rac_text){text.data, lexer->at - start.at};
    const double base = rac_quantity_base((rac_quantity){token->value, token->unit});
    if (status == RAC_OK && !(base - base == 0)) /* not finite */
        status = placed(
            &start, rac_fail(err, RAC_INVALID, "%g %s is too large", token->value, token->unit.text), err);
    return status;
}

/* ---- the rest ---- */

static rac_status read_name(rac_lexer *lexer, rac_token *token, rac_error *err)
{
    token->text = (rac_text){ahead(lexer).data, name_size(lexer)};
    if (token->text.size > longest_name)
        return placed(lexer, rac_fail(err, RAC_LIMIT, "a name of more than %d characters", longest_name),
                      err);
    token->kind = is_keyword(token->text) ? RAC_TOKEN_KEYWORD : RAC_TOKEN_NAME;
    advance(lexer, token->text.size);
    return RAC_OK;
}

static rac_status read_quoted(rac_lexer *lexer, rac_token *token, rac_error *err)
{
    const rac_text rest = ahead(lexer);
    const char *end = memchr(rest.data + 1, '\'', rest.size - 1);
    const size_t size = end ? (size_t)(end - rest.data) - 1 : 0;
    if (!end || memchr(rest.data + 1, '\n', size))
        return placed(lexer, rac_fail(err, RAC_INVALID, "the quoted word does not end"), err);
    if (!size || size > longest_name)
        return placed(lexer, rac_fail(err, RAC_INVALID, "a quoted word has 1 to %d characters", longest_name),
                      err);
    token->kind = RAC_TOKEN_QUOTED;
    token->text = (rac_text){rest.data + 1, size};
    advance(lexer, size + 2);
    return RAC_OK;
}

/* Signs this language does not have, and what is written instead. */
static const char *sign_hint(rac_text rest)
{
    static const struct {
        const char *sign, *hint;
    } rows[] = {
        {"=", "write == to compare"},
        {"&", "write and"},
        {"|", "write or"},
        {"!", "write not, or != to compare"},
        {"\"", "words stand in single quotes: 'MDD'"},
        {"[", "write parentheses"},
        {"?", "write if ... then ... else ..."},
        {"\xE2\x89\xA4", "write <="},
        {"\xE2\x89\xA5", "write >="},
        {"\xC3\x97", "write *"},
        {"\xE2\x88\x92", "write -"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rac_text_starts(rest, rows[i].sign))
            return rows[i].hint;
    return "names are letters, digits, _ and dots; numbers like 0.5";
}

static rac_status read_sign(rac_lexer *lexer, rac_token *token, rac_error *err)
{
    static const char *const signs[] = {"<=", ">=", "==", "!=", "<", ">", "+",
                                        "-",  "*",  "/",  "^",  "(", ")", ","};
    const rac_text rest = ahead(lexer);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (!rac_text_starts(rest, signs[i]))
            continue;
        token->kind = RAC_TOKEN_SIGN;
        token->text = (rac_text){rest.data, strlen(signs[i])};
        advance(lexer, token->text.size);
        return RAC_OK;
    }
    size_t size = 1; /* the whole character is shown, not its first byte */
    while (size < rest.size && ((unsigned char)rest.data[size] & 0xC0) == 0x80)
        size++;
    const rac_status status = rac_fail(err, RAC_INVALID, "unexpected '%.*s'", (int)size, rest.data);
    rac_error_hint(err, "%s", sign_hint(rest));
    return placed(lexer, status, err);
}

rac_status rac_lexer_next(rac_lexer *lexer, rac_token *token, rac_error *err)
{
    skip_blanks(lexer);
    *token = (rac_token){.kind = RAC_TOKEN_END, .line = lexer->line, .column = lexer->column};
    token->text = (rac_text){ahead(lexer).data, 0};
    if (lexer->at == lexer->source.size)
        return RAC_OK;
    const char c = peek(lexer, 0);
    if (is_digit(c) || (c == '.' && is_digit(peek(lexer, 1))))
        return read_number(lexer, token, err);
    if (is_letter(c))
        return read_name(lexer, token, err);
    if (c == '\'')
        return read_quoted(lexer, token, err);
    return read_sign(lexer, token, err);
}
