/* driver FILE: answers every case of FILE on standard output.  See driver.h. */
#include "driver.h"

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!file) {
        fprintf(stderr, "driver: needs one readable file of cases\n");
        return 2;
    }
    while (driver_next(file, stdout)) {
    }
    fclose(file);
    return 0;
}
