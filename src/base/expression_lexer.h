/* base/expression_lexer.h: what the files of the expression language share among themselves: the
 * tokens, and how tightly things bind. */
#ifndef RACEMATE_BASE_EXPRESSION_LEXER_H
#define RACEMATE_BASE_EXPRESSION_LEXER_H

#include "base/expression.h"

/* A higher level binds tighter.  The parser climbs this ladder and the printer places parentheses by it. */
enum {
    rac_level_if,
    rac_level_or,
    rac_level_and,
    rac_level_not,
    rac_level_compare,
    rac_level_add,
    rac_level_multiply,
    rac_level_negate,
    rac_level_power,
    rac_level_operand
};

typedef enum rac_token_kind {
    RAC_TOKEN_END,
    RAC_TOKEN_NUMBER,
    RAC_TOKEN_NAME,
    RAC_TOKEN_QUOTED,
    RAC_TOKEN_SIGN,   /* + - * / ^ ( ) , and the comparisons */
    RAC_TOKEN_KEYWORD /* and or not in if then else true false */
} rac_token_kind;

typedef struct rac_token {
    rac_token_kind kind;
    rac_text text; /* as written; of a quoted word what stands between the quotes */
    int line, column;
    double value; /* of a number */
    rac_unit unit;
} rac_token;

typedef struct rac_lexer {
    rac_text source;
    const char *file;
    size_t at;
    int line, column; /* of source[at] */
} rac_lexer;

/* The next token; RAC_INVALID at its place when the bytes make none. */
rac_status rac_lexer_next(rac_lexer *lexer, rac_token *token, rac_error *err);

#endif
