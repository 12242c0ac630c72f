/* Quantiles of a population shared by the processes of an MPI job, from C.
 *
 *     mpicc population_mpi.c $(pkg-config --cflags --libs racemate) -o population_mpi
 *     mpirun -n 4 ./population_mpi models/racemic-arterial.yaml 1000000 2
 *
 * Each process counts its share of the subjects on so many threads; the first adds the counts up and prints,
 * for 35 mg over 40 min and 4 h, output, time and the 5, 50 and 95 % quantiles.  Subjects draw by their
 * number and counts are whole numbers, so the bytes printed do not depend on how many processes or threads
 * there were. */
#include <limits.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "racemate/pharma.h"

enum { TIMES = 49, QUANTILES = 3 };

static int complain(const rac_error *err)
{
    fprintf(stderr, "population_mpi: %s\n", err->message);
    return EXIT_FAILURE;
}

static rac_model *read_model(rac_arena *arena, const char *path)
{
    enum { most = 1 << 20 };
    rac_problems problems = rac_problems_init(arena);
    rac_model *model = NULL;
    FILE *file = fopen(path, "rb");
    char *bytes = rac_many(arena, char, most);
    const size_t size = file ? fread(bytes, 1, most, file) : 0;
    if (file)
        fclose(file);
    if (rac_model_read(arena, (rac_text){bytes, size}, path, &model, &problems))
        complain(&problems.items[0]);
    return model;
}

/* The counts of the others, added to those of the first process. */
static int gather(rac_arena *arena, rac_quantiles *counted, int rank, int ranks)
{
    rac_error err = {0};
    if (rank) {
        size_t size = 0;
        void *bytes = rac_quantiles_pack(arena, counted, &size);
        if (size > INT_MAX)
            return EXIT_FAILURE;
        MPI_Send(bytes, (int)size, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
        return EXIT_SUCCESS;
    }
    for (int other = 1; other < ranks; other++) {
        MPI_Status status;
        int size = 0;
        MPI_Probe(other, 0, MPI_COMM_WORLD, &status);
        MPI_Get_count(&status, MPI_BYTE, &size);
        void *bytes = rac_arena_alloc(arena, (size_t)size);
        rac_quantiles *theirs = NULL;
        MPI_Recv(bytes, size, MPI_BYTE, other, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (rac_quantiles_unpack(arena, bytes, (size_t)size, &theirs, &err) ||
            rac_quantiles_merge(counted, theirs, &err))
            return complain(&err);
    }
    return EXIT_SUCCESS;
}

static int run(rac_arena *arena, const char *path, size_t subjects, int threads, int rank, int ranks)
{
    rac_model *model = read_model(arena, path);
    if (!model)
        return EXIT_FAILURE;
    double *covariates = rac_many(arena, double, rac_model_covariates(model) + 1), times_h[TIMES];
    const int weight = rac_model_find_covariate(model, "weight");
    if (weight >= 0)
        covariates[weight] = 70;
    for (int i = 0; i < TIMES; i++)
        times_h[i] = i * 5 / 60.0;
    rac_regimen regimen = rac_regimen_new(arena);
    rac_regimen_add(&regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    const size_t first = subjects * (size_t)rank / (size_t)ranks,
                 end = subjects * ((size_t)rank + 1) / (size_t)ranks;
    const rac_population share = {.model = model,
                                  .seed = 1,
                                  .first_subject = first,
                                  .subjects = end - first,
                                  .regimen = &regimen,
                                  .times_h = times_h,
                                  .times = TIMES,
                                  .constants = covariates};
    rac_quantiles *counted = NULL;
    rac_error err = {0};
    size_t failed = 0;
    if (rac_quantiles_run(arena, &share, threads, NULL, &counted, &failed, &err))
        return complain(&err);
    if (gather(arena, counted, rank, ranks))
        return EXIT_FAILURE;
    if (rank)
        return EXIT_SUCCESS;
    const double wanted[QUANTILES] = {0.05, 0.5, 0.95};
    double *table = NULL;
    if (rac_quantiles_table(arena, counted, wanted, QUANTILES, &table, &err))
        return complain(&err);
    puts("output,time_h,p05,p50,p95");
    for (size_t o = 0; o < rac_quantiles_outputs(counted); o++)
        for (size_t t = 0; t < TIMES; t++) {
            const double *at = table + o * QUANTILES * TIMES + t;
            printf("%s,%.17g,%.17g,%.17g,%.17g\n", rac_model_output_name(model, o), times_h[t], at[0],
                   at[TIMES], at[2 * TIMES]);
        }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int rank = 0, ranks = 1;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    rac_arena *arena = rac_arena_new();
    int code = EXIT_FAILURE;
    if (argc == 4)
        code = run(arena, argv[1], strtoul(argv[2], NULL, 10), (int)strtol(argv[3], NULL, 10), rank, ranks);
    else
        fputs("usage: population_mpi MODEL.yaml SUBJECTS THREADS\n", stderr);
    rac_arena_free(arena);
    if (code)
        MPI_Abort(MPI_COMM_WORLD, code); /* the others may be waiting */
    MPI_Finalize();
    return code;
}
