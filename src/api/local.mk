# The API: one file a resource.
noinst_LIBRARIES += libapi.a
libapi_a_SOURCES = \
	src/api/app.h \
	src/api/batch_results.c \
	src/api/batch_view.c src/api/batch_view.h \
	src/api/batches.c \
	src/api/callbacks.c src/api/callbacks.h \
	src/api/documents.c \
	src/api/edited_result.c \
	src/api/extract.c src/api/extract.h \
	src/api/extract_file.c \
	src/api/feedback.c \
	src/api/form_reader.c src/api/form_reader.h \
	src/api/handlers.h \
	src/api/health.c \
	src/api/job_json.c \
	src/api/jobs.c \
	src/api/metrics.c \
	src/api/result.h \
	src/api/pdf_password.c src/api/pdf_password.h \
	src/api/results.c \
	src/api/source_url.c src/api/source_url.h \
	src/api/tasks.c \
	src/api/templates.c \
	src/api/upload.c src/api/upload.h \
	src/api/wait.c src/api/wait.h
libapi_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS) $(CRYPTO_CFLAGS)
