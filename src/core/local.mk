# The rules of the service, over the ports.
noinst_LIBRARIES += libcore.a
libcore_a_SOURCES = \
	src/core/attempts.c src/core/attempts.h \
	src/core/config.c src/core/config.h \
	src/core/extraction_request.c src/core/extraction_request.h \
	src/core/feedback.c src/core/feedback.h \
	src/core/job_change.c src/core/job_change.h \
	src/core/job_run.c \
	src/core/job_service.h \
	src/core/job_state.c src/core/job_state.h \
	src/core/job_submit.c \
	src/core/job_sweep.c \
	src/core/origins.c src/core/origins.h \
	src/core/part.h \
	src/core/retention.c src/core/retention.h \
	src/core/setting_text.c src/core/setting_text.h \
	src/core/signed_url.c src/core/signed_url.h
libcore_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS)
