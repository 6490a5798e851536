/*
 * The least that a program must do with a binary STL: `stl_plain sum FILE` maps it and sums the
 * volume of its facets, `stl_plain weld FILE` also finds out which corners are one vertex, in the
 * plainest hash table.  No check, no box, no figure but the one that is printed.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { HEADER = 84, FACET = 50, NORMAL = 12, NONE = UINT32_MAX };

struct table {
    float (*vertices)[3];
    uint32_t *slots;
    size_t count, mask;
};

static void
weld(struct table *table, const float corner[3])
{
    uint32_t bits[3];
    uint64_t hash;
    size_t slot;

    memcpy(bits, corner, sizeof bits);
    hash = bits[0] * 0x9e3779b97f4a7c15ULL + bits[1] * 0xbf58476d1ce4e5b9ULL +
           bits[2] * 0x94d049bb133111ebULL;
    for (slot = (hash ^ hash >> 32) & table->mask; table->slots[slot] != NONE;
         slot = (slot + 1) & table->mask)
        if (memcmp(table->vertices[table->slots[slot]], corner, sizeof bits) == 0)
            return;
    memcpy(table->vertices[table->count], corner, sizeof bits);
    table->slots[slot] = (uint32_t)table->count++;
}

/* Six times the volume under a facet. */
static double
volume(const float p[3][3])
{
    double sum = 0;

    for (int i = 0; i < 3; i++) {
        int k = (i + 1) % 3;
        int l = (i + 2) % 3;

        sum += (double)p[0][i] *
               ((double)p[1][k] * (double)p[2][l] - (double)p[1][l] * (double)p[2][k]);
    }
    return sum;
}

int
main(int argc, char **argv)
{
    int fd = argc == 3 ? open(argv[2], O_RDONLY) : -1;
    bool welds = argc == 3 && strcmp(argv[1], "weld") == 0;
    struct table table = {.mask = 1};
    struct stat info;
    const char *data;
    double six = 0;
    size_t count;

    if (fd < 0 || fstat(fd, &info) < 0 || info.st_size < HEADER)
        return 1;
    data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return 1;
    count = ((size_t)info.st_size - HEADER) / FACET;
    while (table.mask < count)
        table.mask = 2 * table.mask + 1;
    table.vertices = malloc(3 * count * sizeof *table.vertices);
    table.slots = malloc((table.mask + 1) * sizeof *table.slots);
    if (table.vertices == NULL || table.slots == NULL)
        return 1;
    if (welds)
        memset(table.slots, 0xff, (table.mask + 1) * sizeof *table.slots);
    for (size_t f = 0; f < count; f++) {
        float corners[3][3];

        memcpy(corners, data + HEADER + f * FACET + NORMAL, sizeof corners);
        six += volume(corners);
        for (int j = 0; welds && j < 3; j++)
            weld(&table, corners[j]);
    }
    printf("%.9g mm3, %zu vertices\n", six / 6, table.count);
    free(table.vertices);
    free(table.slots);
    return 0;
}
