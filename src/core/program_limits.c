#include "core/program_limits.h"

struct page_reader_limits page_reader_limits_of(const struct config *cfg)
{
    return (struct page_reader_limits){.program = cfg->page_reader,
                                       .cpu_s = cfg->reader_cpu_s,
                                       .memory_bytes = cfg->reader_memory_bytes,
                                       .max_pages = cfg->max_pages,
                                       .max_raster_pixels = cfg->max_raster_pixels};
}
