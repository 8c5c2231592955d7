# The unit tests: one program a subject, linked with CUnit.
TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
TEST_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS)
EXTRA_DIST += tests/unit/suite.h tests/unit/job_store_suite.h tests/unit/blob_store_suite.h \
	tests/unit/google_vectors.h tests/unit/task_queue_suite.h \
	tests/unit/jwt_vectors.h tests/unit/make_jwt_vectors.py tests/unit/words.h

if HAVE_CUNIT
check_PROGRAMS += base_test
base_test_SOURCES = tests/unit/base_test.c
base_test_CPPFLAGS = $(TEST_CPPFLAGS)
base_test_CFLAGS = $(TEST_CFLAGS)
base_test_LDADD = libports.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += job_state_test
job_state_test_SOURCES = tests/unit/job_state_test.c
job_state_test_CPPFLAGS = $(TEST_CPPFLAGS)
job_state_test_CFLAGS = $(TEST_CFLAGS)
job_state_test_LDADD = libcore.a libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) libports.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += core_test
core_test_SOURCES = tests/unit/core_test.c
core_test_CPPFLAGS = $(TEST_CPPFLAGS)
core_test_CFLAGS = $(TEST_CFLAGS)
core_test_LDADD = libcore.a libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) libports.a libbase.a $(CURL_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += parts_test
parts_test_SOURCES = tests/unit/parts_test.c src/app/parts.c src/app/settings.c
parts_test_CPPFLAGS = $(TEST_CPPFLAGS)
parts_test_CFLAGS = $(TEST_CFLAGS) $(CURL_CFLAGS)
parts_test_LDADD = liboutbound.a libtelemetry.a $(PART_ARCHIVES) libdispatch.a $(google_test_LDADD) $(PART_LIBS)

check_PROGRAMS += format_test
format_test_SOURCES = tests/unit/format_test.c
format_test_CPPFLAGS = $(TEST_CPPFLAGS)
format_test_CFLAGS = $(TEST_CFLAGS)
format_test_LDADD = libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) libports.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += sheet_test
sheet_test_SOURCES = tests/unit/sheet_test.c
sheet_test_CPPFLAGS = $(TEST_CPPFLAGS)
sheet_test_CFLAGS = $(TEST_CFLAGS) $(ARCHIVE_CFLAGS)
sheet_test_LDADD = $(format_test_LDADD)

check_PROGRAMS += edits_test
edits_test_SOURCES = tests/unit/edits_test.c
edits_test_CPPFLAGS = $(TEST_CPPFLAGS)
edits_test_CFLAGS = $(TEST_CFLAGS)
edits_test_LDADD = libcore.a $(format_test_LDADD)

check_PROGRAMS += ocr_test
ocr_test_SOURCES = tests/unit/ocr_test.c
ocr_test_CPPFLAGS = $(TEST_CPPFLAGS)
ocr_test_CFLAGS = $(TEST_CFLAGS) $(LEPT_CFLAGS)
ocr_test_LDADD = libocr.a libports.a libbase.a $(LEPT_LIBS) $(SODIUM_LIBS) $(CUNIT_LIBS) -lm

check_PROGRAMS += rules_test
rules_test_SOURCES = tests/unit/rules_test.c
rules_test_CPPFLAGS = $(TEST_CPPFLAGS)
rules_test_CFLAGS = $(TEST_CFLAGS) $(LEPT_CFLAGS)
rules_test_LDADD = libocr.a libports.a libbase.a $(LEPT_LIBS) $(SODIUM_LIBS) $(CUNIT_LIBS) -lm

check_PROGRAMS += local_test
local_test_SOURCES = tests/unit/local_test.c tests/unit/job_store_suite.c \
	tests/unit/blob_store_suite.c tests/unit/task_queue_suite.c
local_test_CPPFLAGS = $(TEST_CPPFLAGS)
local_test_CFLAGS = $(TEST_CFLAGS)
local_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=readdir
local_test_LDADD = liblocal.a libdispatch.a libcore.a libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) libextract.a libsandbox.a libocr.a libports.a libbase.a $(SQLITE_LIBS) $(CURL_LIBS) \
	$(JANSSON_LIBS) $(SODIUM_LIBS) $(CUNIT_LIBS) -lm

check_PROGRAMS += job_service_test
job_service_test_SOURCES = tests/unit/job_service_test.c
job_service_test_CPPFLAGS = $(TEST_CPPFLAGS)
job_service_test_CFLAGS = $(TEST_CFLAGS)
job_service_test_LDADD = $(local_test_LDADD)

check_PROGRAMS += google_test
google_test_SOURCES = tests/unit/google_test.c
google_test_CPPFLAGS = $(TEST_CPPFLAGS)
google_test_CFLAGS = $(TEST_CFLAGS) $(CURL_CFLAGS) $(CRYPTO_CFLAGS)
google_test_LDADD = libgoogle.a libcore.a libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) libextract.a libsandbox.a libocr.a libports.a libbase.a $(CURL_LIBS) $(CJOSE_LIBS) \
	$(CRYPTO_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS) $(PNG_LIBS) $(CUNIT_LIBS) -lm

check_PROGRAMS += s3_test
s3_test_SOURCES = tests/unit/s3_test.c
s3_test_CPPFLAGS = $(TEST_CPPFLAGS)
s3_test_CFLAGS = $(TEST_CFLAGS) $(CURL_CFLAGS)
s3_test_LDADD = libs3.a libcore.a libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) libports.a libbase.a $(CURL_LIBS) $(JANSSON_LIBS) \
	$(SODIUM_LIBS) $(XML_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += outbound_test
outbound_test_SOURCES = tests/unit/outbound_test.c
outbound_test_CPPFLAGS = $(TEST_CPPFLAGS)
outbound_test_CFLAGS = $(TEST_CFLAGS) $(CURL_CFLAGS)
outbound_test_LDADD = liboutbound.a libcore.a libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) libports.a libbase.a $(CURL_LIBS) $(JANSSON_LIBS) \
	$(SODIUM_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += migrate_test
migrate_test_SOURCES = tests/unit/migrate_test.c
migrate_test_CPPFLAGS = $(TEST_CPPFLAGS)
migrate_test_CFLAGS = $(TEST_CFLAGS) $(CURL_CFLAGS) $(SQLITE_CFLAGS)
migrate_test_LDADD = libmigrate.a $(google_test_LDADD) $(SQLITE_LIBS)

# Run by the end-to-end tests, against emulators.
noinst_PROGRAMS += print_numbers
print_numbers_SOURCES = tests/unit/print_numbers.c
print_numbers_CPPFLAGS = $(TEST_CPPFLAGS)
print_numbers_LDADD = libgoogle.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS)

noinst_PROGRAMS += postgres_conformance
postgres_conformance_SOURCES = tests/unit/postgres_conformance.c tests/unit/job_store_suite.c \
	tests/unit/task_queue_suite.c
postgres_conformance_CPPFLAGS = $(TEST_CPPFLAGS)
postgres_conformance_CFLAGS = $(TEST_CFLAGS) $(PQ_CFLAGS)
postgres_conformance_LDADD = libpostgres.a $(local_test_LDADD) $(PQ_LIBS)

noinst_PROGRAMS += s3_conformance
s3_conformance_SOURCES = tests/unit/s3_conformance.c tests/unit/blob_store_suite.c
s3_conformance_CPPFLAGS = $(TEST_CPPFLAGS)
s3_conformance_CFLAGS = $(TEST_CFLAGS) $(CURL_CFLAGS)
s3_conformance_LDADD = $(s3_test_LDADD)

noinst_PROGRAMS += google_conformance
google_conformance_SOURCES = tests/unit/google_conformance.c tests/unit/job_store_suite.c \
	tests/unit/blob_store_suite.c tests/unit/task_queue_suite.c
google_conformance_CPPFLAGS = $(TEST_CPPFLAGS)
google_conformance_CFLAGS = $(TEST_CFLAGS) $(CURL_CFLAGS)
google_conformance_LDADD = $(google_test_LDADD)

check_PROGRAMS += extract_test
extract_test_SOURCES = tests/unit/extract_test.c
extract_test_CPPFLAGS = $(TEST_CPPFLAGS)
extract_test_CFLAGS = $(TEST_CFLAGS)
extract_test_LDADD = libextract.a libsandbox.a libocr.a libports.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) $(LEPT_LIBS) \
	$(CUNIT_LIBS) -lm

check_PROGRAMS += charts_test
charts_test_SOURCES = tests/unit/charts_test.c
charts_test_CPPFLAGS = $(TEST_CPPFLAGS)
charts_test_CFLAGS = $(TEST_CFLAGS)
charts_test_LDADD = $(extract_test_LDADD)

check_PROGRAMS += forms_test
forms_test_SOURCES = tests/unit/forms_test.c
forms_test_CPPFLAGS = $(TEST_CPPFLAGS)
forms_test_CFLAGS = $(TEST_CFLAGS)
forms_test_LDADD = $(extract_test_LDADD)

check_PROGRAMS += words_test
words_test_SOURCES = tests/unit/words_test.c src/reader/words.c
words_test_CPPFLAGS = $(TEST_CPPFLAGS)
words_test_CFLAGS = $(TEST_CFLAGS) $(POPPLER_CFLAGS)
words_test_LDADD = $(POPPLER_LIBS) $(CUNIT_LIBS) -lm

check_PROGRAMS += direction_test
direction_test_SOURCES = tests/unit/direction_test.c
direction_test_CPPFLAGS = $(TEST_CPPFLAGS)
direction_test_CFLAGS = $(TEST_CFLAGS)
direction_test_LDADD = libextract.a libsandbox.a libocr.a libports.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) \
	$(CUNIT_LIBS) -lm

check_PROGRAMS += searchable_test
searchable_test_SOURCES = tests/unit/searchable_test.c
searchable_test_CPPFLAGS = $(TEST_CPPFLAGS)
searchable_test_CFLAGS = $(TEST_CFLAGS)
searchable_test_LDADD = libextract.a libports.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) $(CUNIT_LIBS) -lm

check_PROGRAMS += join_test
join_test_SOURCES = tests/unit/join_test.c
join_test_CPPFLAGS = $(TEST_CPPFLAGS)
join_test_CFLAGS = $(TEST_CFLAGS)
join_test_LDADD = libextract.a libports.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) $(CUNIT_LIBS) -lm

check_PROGRAMS += verify_test
verify_test_SOURCES = tests/unit/verify_test.c
verify_test_CPPFLAGS = $(TEST_CPPFLAGS)
verify_test_CFLAGS = $(TEST_CFLAGS)
verify_test_LDADD = libextract.a libsandbox.a libocr.a libports.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) \
	$(CUNIT_LIBS) -lm

# Reads the sample documents with pdf-ocr-page.
check_PROGRAMS += page_reader_test
page_reader_test_SOURCES = tests/unit/page_reader_test.c
page_reader_test_CPPFLAGS = $(TEST_CPPFLAGS)
page_reader_test_CFLAGS = $(TEST_CFLAGS)
page_reader_test_LDADD = libextract.a libsandbox.a libocr.a libports.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) \
	$(CUNIT_LIBS) -lm

# Has pdf-ocr-recognize read images.
check_PROGRAMS += recognizer_test
recognizer_test_SOURCES = tests/unit/recognizer_test.c
recognizer_test_CPPFLAGS = $(TEST_CPPFLAGS)
recognizer_test_CFLAGS = $(TEST_CFLAGS)
recognizer_test_LDADD = libextract.a libsandbox.a libocr.a libports.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) \
	$(CUNIT_LIBS) -lm

# Uses both.
check_PROGRAMS += pipeline_test
pipeline_test_SOURCES = tests/unit/pipeline_test.c
pipeline_test_CPPFLAGS = $(TEST_CPPFLAGS)
pipeline_test_CFLAGS = $(TEST_CFLAGS)
pipeline_test_LDADD = libextract.a libsandbox.a libocr.a libports.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) \
	$(CUNIT_LIBS) -lm

check_PROGRAMS += google_reply_test
google_reply_test_SOURCES = tests/unit/google_reply_test.c
google_reply_test_CPPFLAGS = $(TEST_CPPFLAGS)
google_reply_test_CFLAGS = $(TEST_CFLAGS)
google_reply_test_LDADD = libgoogle.a libports.a libbase.a $(JANSSON_LIBS) $(SODIUM_LIBS) $(CUNIT_LIBS) -lm

check_PROGRAMS += grpc_test
grpc_test_SOURCES = tests/unit/grpc_test.c
grpc_test_CPPFLAGS = $(TEST_CPPFLAGS)
grpc_test_CFLAGS = $(TEST_CFLAGS) $(PROTOBUF_C_CFLAGS)
grpc_test_LDADD = libgoogle.a libports.a libbase.a $(PROTOBUF_C_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS) \
	$(CUNIT_LIBS) -lm

# Stands in for the HTTP client, so it links none of it.
check_PROGRAMS += google_engine_test
google_engine_test_SOURCES = tests/unit/google_engine_test.c
google_engine_test_CPPFLAGS = $(TEST_CPPFLAGS)
google_engine_test_CFLAGS = $(TEST_CFLAGS)
google_engine_test_LDADD = libgoogle.a libports.a libbase.a $(PNG_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS) \
	$(CUNIT_LIBS) -lm

# Stand in for the HTTP client too.
check_PROGRAMS += signed_links_test
signed_links_test_SOURCES = tests/unit/signed_links_test.c
signed_links_test_CPPFLAGS = $(TEST_CPPFLAGS)
signed_links_test_CFLAGS = $(TEST_CFLAGS) $(CURL_CFLAGS)
signed_links_test_LDADD = $(google_test_LDADD)

check_PROGRAMS += bigquery_test
bigquery_test_SOURCES = tests/unit/bigquery_test.c
bigquery_test_CPPFLAGS = $(TEST_CPPFLAGS)
bigquery_test_CFLAGS = $(TEST_CFLAGS)
bigquery_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=monotonic_us
bigquery_test_LDADD = libgoogle.a libcore.a libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) libports.a libbase.a $(CURL_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS) \
	$(CUNIT_LIBS)

check_PROGRAMS += google_token_test
google_token_test_SOURCES = tests/unit/google_token_test.c
google_token_test_CPPFLAGS = $(TEST_CPPFLAGS)
google_token_test_CFLAGS = $(TEST_CFLAGS)
google_token_test_LDADD = libgoogle.a libports.a libbase.a $(CRYPTO_LIBS) $(CJOSE_LIBS) $(JANSSON_LIBS) \
	$(SODIUM_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += server_test
server_test_SOURCES = tests/unit/server_test.c src/auth/keys.c src/process/deferred.c src/process/turns.c
server_test_CPPFLAGS = $(TEST_CPPFLAGS)
server_test_CFLAGS = $(TEST_CFLAGS) $(FCGI_CFLAGS) $(CURL_CFLAGS)
server_test_LDADD = libhttp.a libcore.a libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) libports.a libbase.a $(FCGI_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS) \
	$(CUNIT_LIBS)

check_PROGRAMS += auth_test
auth_test_SOURCES = tests/unit/auth_test.c src/auth/jwks.c src/auth/jwt.c \
	src/auth/limits.c
auth_test_CPPFLAGS = $(TEST_CPPFLAGS)
auth_test_CFLAGS = $(TEST_CFLAGS) $(CJOSE_CFLAGS) $(CURL_CFLAGS)
auth_test_LDADD = libcore.a libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) libports.a libbase.a $(CURL_LIBS) $(CJOSE_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS) \
	$(SODIUM_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += sandbox_test
sandbox_test_SOURCES = tests/unit/sandbox_test.c
sandbox_test_CPPFLAGS = $(TEST_CPPFLAGS)
sandbox_test_CFLAGS = $(TEST_CFLAGS)
sandbox_test_LDADD = libsandbox.a $(SECCOMP_LIBS) $(CUNIT_LIBS)
endif
