#!/bin/sh
# Writes the table of pages for the program: embed.sh OUTPUT DIRECTORY FILE...   (paths inside the directory)
# Each file's bytes are taken in by the assembler and land in read-only memory.
set -eu
output=$1 directory=$2
shift 2
{
    echo '/* Made by embed.sh. */'
    echo '#include "serve/internal.h"'
    n=0
    for file; do
        cat <<C
__asm__(".section .rodata\n.balign 16\n.global rac_page_$n\nrac_page_$n:\n.incbin \"$directory/$file\"\n"
        ".global rac_page_${n}_end\nrac_page_${n}_end:\n.byte 0\n.previous\n");
extern const unsigned char rac_page_$n[], rac_page_${n}_end[];
C
        n=$((n + 1))
    done
    echo 'const rac_asset rac_embedded[] = {'
    n=0
    for file; do
        echo "    {\"/$file\", rac_page_$n, rac_page_${n}_end},"
        n=$((n + 1))
    done
    echo '    {0},'
    echo '};'
    echo "const size_t rac_embedded_count = $n;"
} >"$output"
