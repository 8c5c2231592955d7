# The unit tests: one program a subject, linked with CUnit.
TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
TEST_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS)
EXTRA_DIST += tests/unit/suite.h

if HAVE_CUNIT
check_PROGRAMS += base_test
base_test_SOURCES = tests/unit/base_test.c
base_test_CPPFLAGS = $(TEST_CPPFLAGS)
base_test_CFLAGS = $(TEST_CFLAGS)
base_test_LDADD = libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) $(CUNIT_LIBS)
endif
