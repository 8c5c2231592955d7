# From a PDF to structured data.
noinst_LIBRARIES += libextract.a
libextract_a_SOURCES = \
	src/extract/charts.c src/extract/charts.h \
	src/extract/debug_graph.c src/extract/debug_graph.h \
	src/extract/decoys.c src/extract/decoys.h \
	src/extract/detect.c src/extract/detect.h \
	src/extract/direction.c src/extract/direction.h \
	src/extract/every_page.c src/extract/every_page.h \
	src/extract/form.c src/extract/form.h \
	src/extract/frames.c src/extract/frames.h \
	src/extract/grid.c src/extract/grid.h \
	src/extract/grid_columns.c src/extract/grid_parts.h src/extract/grid_rows.c src/extract/grid_rules.c \
	src/extract/grid_labels.c src/extract/grid_signs.c src/extract/grid_spans.c src/extract/grid_starts.c \
	src/extract/grid_gutters.c \
	src/extract/grid_sure.c \
	src/extract/grid_wraps.c src/extract/layer.c src/extract/layer.h \
	src/extract/join.c src/extract/join.h \
	src/extract/languages.c src/extract/languages.h \
	src/extract/layout.c src/extract/layout.h \
	src/extract/spacing.c src/extract/spacing.h \
	src/extract/ocr_batch.c src/extract/ocr_batch.h \
	src/extract/work_budget.c src/extract/work_budget.h \
	src/extract/page_reader.c src/extract/page_reader.h \
	src/extract/pipeline.c src/extract/pipeline.h \
	src/extract/proposals.c src/extract/proposals.h \
	src/extract/recognizer.c src/extract/recognizer.h \
	src/extract/raster_batch.c src/extract/raster_batch.h \
	src/extract/region.c src/extract/region.h \
	src/extract/repeats.c src/extract/repeats.h \
	src/extract/searchable.c src/extract/searchable.h \
	src/extract/sight.c src/extract/sight.h \
	src/extract/page_ocr.c src/extract/page_ocr.h \
	src/extract/checks.c src/extract/checks.h \
	src/extract/coverage.c src/extract/coverage.h \
	src/extract/upright.c src/extract/upright.h \
	src/extract/verify.c src/extract/verify.h src/extract/verify_match.c \
	src/extract/verify_parts.h src/extract/verify_places.c
libextract_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
