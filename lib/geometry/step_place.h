/* Inside lib/geometry only: where a STEP file places one representation in another. */
#ifndef FA_GEOMETRY_STEP_PLACE_H
#define FA_GEOMETRY_STEP_PLACE_H

#include "lib/geometry/step_index.h"

/*
 * The instance `relation` must be a REPRESENTATION_RELATIONSHIP_WITH_TRANSFORMATION by an
 * ITEM_DEFINED_TRANSFORMATION: its first placement comes to lie on its second (ISO 10303-43).
 * `from_r` is the representation that it names first, `matrix` leads from that one's coordinates to
 * the other's, lengths times `scale`.  False: something is missing or no placement.
 */
bool fa_step_place_read(const struct fa_step_index *index, uint64_t relation, double scale,
                        uint64_t *from_r, double matrix[3][4]);

#endif
