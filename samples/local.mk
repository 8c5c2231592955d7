# The sample documents, made from the tables in make-samples.c. fontconfig keeps its caches to the
# end, which a leak checker would call leaks.
noinst_PROGRAMS += make-samples
make_samples_SOURCES = samples/make-samples.c
make_samples_CFLAGS = $(AM_CFLAGS) $(CAIRO_CFLAGS)
make_samples_LDADD = $(CAIRO_LIBS)

all-local: samples/text-table.pdf
samples/text-table.pdf: make-samples$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) samples && ASAN_OPTIONS=detect_leaks=0 ./make-samples$(EXEEXT) samples
CLEANFILES += samples/text-table.pdf samples/ruled-table.pdf samples/scanned.pdf samples/form.pdf \
	samples/two-columns.pdf samples/stamped.pdf
