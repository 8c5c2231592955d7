#include "reader/orientation.h"

#include <libexif/exif-data.h>
#include <stdint.h>
#include <stdlib.h>
#include <tiffio.h>
#include <unistd.h>

#define HEAD_BYTES (256 << 10) /* Exif comes first and is less than 64 KiB */

/* Where the stored image's right and down point to, as cairo has matrices: xx, yx, xy, yy. */
static const struct {
    int xx, yx, xy, yy;
} shown[] = {
    {1, 0, 0, 1}, {1, 0, 0, 1},  {-1, 0, 0, 1},  {-1, 0, 0, -1}, {1, 0, 0, -1},
    {0, 1, 1, 0}, {0, 1, -1, 0}, {0, -1, -1, 0}, {0, -1, 1, 0},
};

static int known(int told)
{
    return told >= 1 && told <= 8 ? told : 1;
}

static int orientation_in(ExifData *data)
{
    ExifEntry *entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    if (entry == NULL || entry->format != EXIF_FORMAT_SHORT || entry->components != 1)
        return 1;
    return known(exif_get_short(entry->data, exif_data_get_byte_order(data)));
}

int orientation_of_jpeg(int fd)
{
    int orientation = 1;
    unsigned char *head = malloc(HEAD_BYTES);
    ssize_t n = head != NULL ? pread(fd, head, HEAD_BYTES, 0) : -1;
    ExifData *data = n > 0 ? exif_data_new_from_data(head, (unsigned)n) : NULL;
    if (data != NULL) {
        orientation = orientation_in(data);
        exif_data_unref(data);
    }
    free(head);
    return orientation;
}

int orientation_of_tiff(int fd, int n)
{
    uint16_t told = 1;
    /* libtiff reads from where it is; m: without a mapping */
    TIFF *file = lseek(fd, 0, SEEK_SET) == 0 ? TIFFFdOpen(fd, "", "rm") : NULL;
    if (file == NULL)
        return 1;
    if (TIFFSetDirectory(file, (tdir_t)n) == 1)
        (void)TIFFGetFieldDefaulted(file, TIFFTAG_ORIENTATION, &told);
    TIFFCleanup(file);
    return known(told);
}

void orientation_turn_size(int orientation, int *width, int *height)
{
    if (shown[orientation].xx != 0)
        return;
    int was = *width;
    *width = *height;
    *height = was;
}

void orientation_turn(int orientation, int width, int height, cairo_t *cr)
{
    int xx = shown[orientation].xx, yx = shown[orientation].yx, xy = shown[orientation].xy,
        yy = shown[orientation].yy;
    cairo_matrix_t m;
    cairo_matrix_init(&m, xx, yx, xy, yy, xx + xy < 0 ? width : 0, yx + yy < 0 ? height : 0);
    cairo_transform(cr, &m);
}
