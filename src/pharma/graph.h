/* pharma/graph.h: the shape of a linear system, as the kernels use it. */
#ifndef RACEMATE_PHARMA_GRAPH_H
#define RACEMATE_PHARMA_GRAPH_H

#include "racemate/pharma/linear.h"

/* Compartments in an order in which drug only moves onward between groups; a group is what exchanges both
 * ways (a strongly connected component).  In that order the matrix is lower block triangular. */
struct rac_linear {
    int n;
    int flow_count;
    rac_flow *flows;
    int position[RAC_COMPARTMENTS_MAX];    /* of a compartment in the order */
    int compartment[RAC_COMPARTMENTS_MAX]; /* at a position */
    int groups;
    int group_first[RAC_COMPARTMENTS_MAX + 1];
    int tree_parent[RAC_COMPARTMENTS_MAX]; /* by position: neighbour towards the group's first; -1 for the
                                              first */
    bool has_modes;                        /* every group is a tree of two-way exchanges */
    bool link[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX];  /* [to][from] by position, diagonal included */
    bool reach[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX]; /* its transitive closure */
};

#endif
