# The formats of results: one file a writer, one row in table.h.
noinst_LIBRARIES += libformats.a
libformats_a_SOURCES = \
	src/formats/blocks.c src/formats/blocks.h \
	src/formats/csv.c \
	src/formats/format.c src/formats/format.h \
	src/formats/formulas.c src/formats/formulas.h \
	src/formats/html.c \
	src/formats/json.c \
	src/formats/markdown.c \
	src/formats/pdf.c \
	src/formats/number.c src/formats/number.h \
	src/formats/sheet.c src/formats/sheet.h \
	src/formats/sheet_zip.c src/formats/sheet_zip.h \
	src/formats/table.h \
	src/formats/tsv.c \
	src/formats/xlsx.c \
	src/formats/zip.c src/formats/zip.h
libformats_a_CFLAGS = $(AM_CFLAGS) $(XLSXWRITER_CFLAGS) $(ARCHIVE_CFLAGS)
