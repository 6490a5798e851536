"""Parts made here: a box, and a surface whose analysis takes a while."""
import functools
import os
import struct
import uuid

# The box of the unit tests: 13 x 17 x 19 mm, outward facets.
CORNERS = [((i & 1) * 13.0, (i >> 1 & 1) * 17.0, (i >> 2 & 1) * 19.0) for i in range(8)]
BOX = [(0, 2, 1), (1, 2, 3), (4, 5, 6), (5, 7, 6), (0, 1, 4), (1, 5, 4),
       (2, 6, 3), (3, 6, 7), (0, 4, 2), (2, 4, 6), (1, 3, 5), (3, 7, 5)]


def box_stl(announced=12, name=None):
    """The box; content of its own each time, unless a name is given."""
    name = uuid.uuid4().hex.encode() if name is None else name
    facets = b"".join(
        struct.pack("<12fH", 0, 0, 0, *(v for corner in facet for v in CORNERS[corner]), 0)
        for facet in BOX)
    return name.ljust(80) + struct.pack("<I", announced) + facets


@functools.lru_cache
def relief_facets(side):
    height = [[(x * x + 3 * y * y) % 37 / 10 for x in range(side + 1)] for y in range(side + 1)]
    facets = bytearray()
    for y in range(side):
        for x in range(side):
            a, b, c, d = ((i, j, height[j][i])
                          for i, j in ((x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)))
            facets += struct.pack("<12fH", 0, 0, 0, *a, *b, *c, 0)
            facets += struct.pack("<12fH", 0, 0, 0, *b, *d, *c, 0)
    return bytes(facets)


def relief_stl(side=300):
    """A waved surface of 2 * side * side facets, whose analysis takes long enough to be met;
    content of its own each time."""
    facets = relief_facets(side)
    return os.urandom(40).hex().encode() + struct.pack("<I", len(facets) // 50) + facets
