#include "lib/geometry/render.h"
#include "lib/geometry/frame.h"

#include <stdlib.h>
#include <string.h>

enum { PIXEL_SAMPLES = FA_SAMPLES * FA_SAMPLES, PALETTE = 4 };

/* Linear light. */
static const float ink_colour[3] = {0.012F, 0.016F, 0.022F};

/* A light from a direction in screen space (x right, y down, z to the viewer). */
static const struct light {
    float direction[3];
    float power;
} lights[] = {
    {{-0.46F, -0.62F, 0.64F}, 0.95F}, /* key, from above the left shoulder */
    {{0.84F, -0.10F, 0.53F}, 0.13F},  /* fill, from the right */
};
static const float sky = 0.38F;    /* on surfaces that look up */
static const float ground = 0.10F; /* on surfaces that look down */
static const float gloss = 0.10F;

static float
dot(const float a[3], const float b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* fmaxf is a call, for the sake of NaN. */
static float
not_below_0(float value)
{
    return value > 0 ? value : 0;
}

/* The smooth normal of a facet at a sample, in world space, by barycentric interpolation. */
static void
normal_at(const struct fa_frame *frame, uint32_t facet, float x, float y, float normal[3])
{
    const uint32_t *corners = frame->mesh->facets[facet];
    const uint32_t *groups = frame->normals->corners[facet];
    const float *a = frame->points[corners[0]];
    const float *b = frame->points[corners[1]];
    const float *c = frame->points[corners[2]];
    float area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
    float weights[3], length;

    weights[1] = ((x - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (y - a[1])) / area;
    weights[2] = ((b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])) / area;
    weights[0] = 1 - weights[1] - weights[2];
    for (int i = 0; i < 3; i++) {
        normal[i] = 0;
        for (int j = 0; j < 3; j++)
            normal[i] += weights[j] * frame->normals->list[groups[j]][i];
    }
    length = sqrtf(dot(normal, normal));
    for (int i = 0; i < 3; i++)
        normal[i] = length > 0 ? normal[i] / length : frame->normals->facets[facet][i];
}

/* The sharpness of the gloss. */
static float
power_36(float x)
{
    float power_4 = x * x * x * x;
    float power_16 = power_4 * power_4 * power_4 * power_4;

    return power_16 * power_16 * power_4;
}

/* Light on a facet at a sample, times its colour; `occlusion` dims what comes from all around. */
static void
shade(const struct fa_frame *frame, uint32_t facet, float x, float y, float occlusion,
      float colour[3])
{
    static const float half_way[3] = {-0.254F, -0.342F, 0.905F}; /* between key and viewer */
    const float *base = frame->colours[frame->mesh->colours[facet]];
    float world[3], normal[3], around, direct = 0, shine;

    normal_at(frame, facet, x, y, world);
    fa_frame_turn(world, normal);
    /* The back of an open surface is lit like its front. */
    if (normal[2] < 0)
        for (int i = 0; i < 3; i++) {
            normal[i] = -normal[i];
            world[i] = -world[i];
        }
    around = ground + (sky - ground) * (world[2] + 1) / 2;
    for (size_t i = 0; i < FA_COUNT(lights); i++)
        direct += lights[i].power * not_below_0(dot(normal, lights[i].direction));
    shine = gloss * power_36(not_below_0(dot(normal, half_way)));
    for (int i = 0; i < 3; i++)
        colour[i] =
            base[i] * (around * occlusion + direct * (0.4F + 0.6F * occlusion)) + shine * occlusion;
}

/* Linear light to 8-bit sRGB (IEC 61966-2-1), by a table: the power would cost more than the light.
 */
struct encoder {
    uint8_t table[4097];
};

static void
make_encoder(struct encoder *encoder)
{
    for (int i = 0; i <= 4096; i++) {
        float linear = (float)i / 4096;
        float value =
            linear <= 0.0031308F ? 12.92F * linear : 1.055F * powf(linear, 1 / 2.4F) - 0.055F;

        encoder->table[i] = (uint8_t)(value * 255 + 0.5F);
    }
}

static uint8_t
encode(const struct encoder *encoder, float linear)
{
    float within = linear > 0 ? (linear < 1 ? linear : 1) : 0;

    return encoder->table[(int)(within * 4096 + 0.5F)];
}

/* The facets that were last shaded in a pixel: its rows of samples come back to them. */
struct palette {
    uint32_t facets[PALETTE]; /* 1 + the facet; FA_NO_FACET: none */
    float colours[PALETTE][3];
    int next;
};

static const float *
colour_at(const struct fa_frame *frame, struct palette *palette, uint32_t x, uint32_t y,
          float occlusion)
{
    uint32_t facet = frame->samples[(size_t)y * frame->stride + x].facet;
    int place = 0;

    while (place < PALETTE && palette->facets[place] != facet)
        place++;
    if (place == PALETTE) {
        place = palette->next;
        palette->next = (palette->next + 1) % PALETTE;
        palette->facets[place] = facet;
        shade(frame, facet - 1, (float)x + 0.5F, (float)y + 0.5F, occlusion,
              palette->colours[place]);
    }
    return palette->colours[place];
}

/* Whether all samples of a pixel are of one facet, or of none, without a line. */
static bool
is_even(const struct fa_frame *frame, uint32_t px, uint32_t py)
{
    size_t at = (size_t)py * FA_SAMPLES * frame->stride + (size_t)px * FA_SAMPLES;
    uint32_t own = frame->samples[at].facet;
    uint32_t other = 0;

    for (int y = 0; y < FA_SAMPLES; y++, at += frame->stride)
        for (size_t x = 0; x < FA_SAMPLES; x++)
            other |= (frame->samples[at + x].facet ^ own) | frame->ink[at + x];
    return other == 0;
}

/* A pixel of one facet. */
static void
resolve_even(const struct fa_frame *frame, const struct encoder *encoder, uint32_t px, uint32_t py,
             float occlusion, uint8_t out[4])
{
    uint32_t x = px * FA_SAMPLES;
    uint32_t y = py * FA_SAMPLES;
    uint32_t facet = frame->samples[(size_t)y * frame->stride + x].facet;
    float colour[3];

    if (facet == FA_NO_FACET)
        return;
    shade(frame, facet - 1, (float)x + 0.5F, (float)y + 0.5F, occlusion, colour);
    for (int i = 0; i < 3; i++)
        out[i] = encode(encoder, colour[i]);
    out[3] = 255;
}

/* The mean of a pixel's samples; each facet seen in it is shaded once, mostly. */
static void
resolve(const struct fa_frame *frame, const struct encoder *encoder, uint32_t px, uint32_t py,
        float occlusion, uint8_t out[4])
{
    struct palette palette = {.next = 0};
    const float *colour = NULL;
    uint32_t last = FA_NO_FACET;
    float sum[3] = {0, 0, 0};
    int covered = 0;

    for (uint32_t s = 0; s < PIXEL_SAMPLES; s++) {
        uint32_t x = px * FA_SAMPLES + s % FA_SAMPLES;
        uint32_t y = py * FA_SAMPLES + s / FA_SAMPLES;
        size_t at = y * frame->stride + x;
        uint32_t facet = frame->samples[at].facet;
        float ink = (float)frame->ink[at] / 255;

        if (facet == FA_NO_FACET)
            continue;
        if (facet != last)
            colour = colour_at(frame, &palette, x, y, occlusion);
        last = facet;
        for (int i = 0; i < 3; i++)
            sum[i] += colour[i] * (1 - ink) + ink_colour[i] * ink;
        covered++;
    }
    for (int i = 0; i < 3; i++)
        out[i] = covered > 0 ? encode(encoder, sum[i] / (float)covered) : 0;
    out[3] = (uint8_t)((covered * 255 + PIXEL_SAMPLES / 2) / PIXEL_SAMPLES);
}

static void
resolve_all(const struct fa_frame *frame, const struct encoder *encoder, const float *occlusion,
            uint32_t size, uint8_t *pixels)
{
    const struct fa_window *window = &frame->window;

    memset(pixels, 0, (size_t)size * size * 4);
    for (uint32_t y = (uint32_t)window->top / FA_SAMPLES;
         y <= (uint32_t)window->bottom / FA_SAMPLES; y++)
        for (uint32_t x = (uint32_t)window->left / FA_SAMPLES;
             x <= (uint32_t)window->right / FA_SAMPLES; x++) {
            size_t at = (size_t)y * size + x;

            if (is_even(frame, x, y))
                resolve_even(frame, encoder, x, y, occlusion[at], pixels + 4 * at);
            else
                resolve(frame, encoder, x, y, occlusion[at], pixels + 4 * at);
        }
}

int
fa_render(const struct fa_drawing *drawing, uint32_t size, uint8_t *pixels, struct fa_error *err)
{
    struct fa_frame frame;
    struct encoder encoder;
    float *occlusion = malloc((size_t)size * size * sizeof *occlusion);
    int result;

    if (occlusion == NULL)
        return fa_error_set(err, FA_E_MEMORY, "picture");
    make_encoder(&encoder);
    result = fa_frame_open(&frame, drawing->mesh, drawing->normals, size * FA_SAMPLES, err);
    if (result == 0) {
        frame.colours = drawing->colours;
        result = fa_frame_fill(&frame, err);
    }
    if (result == 0)
        result = fa_frame_draw_lines(&frame, drawing->edges, err);
    if (result == 0)
        result = fa_frame_occlusion(&frame, occlusion, err);
    if (result == 0)
        resolve_all(&frame, &encoder, occlusion, size, pixels);
    fa_frame_close(&frame);
    free(occlusion);
    return result;
}

/* The inverse of encode, near enough for a mean of four. */
static float
decode(uint8_t value)
{
    float encoded = (float)value / 255;

    return encoded <= 0.04045F ? encoded / 12.92F : powf((encoded + 0.055F) / 1.055F, 2.4F);
}

void
fa_render_halve(uint8_t *pixels, uint32_t size)
{
    struct encoder encoder;
    float linear[256];

    make_encoder(&encoder);
    for (int i = 0; i < 256; i++)
        linear[i] = decode((uint8_t)i);
    /* Each result is written where nothing is read from any more. */
    for (uint32_t y = 0; y < size / 2; y++)
        for (uint32_t x = 0; x < size / 2; x++) {
            float sum[3] = {0, 0, 0};
            unsigned alpha = 0;
            uint8_t *out = pixels + 4 * ((size_t)y * (size / 2) + x);

            for (uint32_t i = 0; i < 4; i++) {
                const uint8_t *in = pixels + 4 * ((size_t)(2 * y + i / 2) * size + 2 * x + i % 2);

                alpha += in[3];
                for (int k = 0; k < 3; k++)
                    sum[k] += linear[in[k]] * (float)in[3];
            }
            for (int k = 0; k < 3; k++)
                out[k] = alpha > 0 ? encode(&encoder, sum[k] / (float)alpha) : 0;
            out[3] = (uint8_t)((alpha + 2) / 4);
        }
}
