# The rules of the service, over the ports.
noinst_LIBRARIES += libcore.a
libcore_a_SOURCES = \
	src/core/attempts.c src/core/attempts.h \
	src/core/batch.c src/core/batch.h \
	src/core/batch_request.c src/core/batch_request.h \
	src/core/callback.c src/core/callback.h \
	src/core/config.c src/core/config.h src/core/config_settings.c \
	src/core/document_erase.c src/core/document_erase.h \
	src/core/document_owner.c src/core/document_owner.h \
	src/core/edits.c src/core/edits.h \
	src/core/extraction_request.c src/core/extraction_request.h \
	src/core/feedback.c src/core/feedback.h src/core/feedback_counters.c \
	src/core/job_change.c src/core/job_change.h \
	src/core/job_pages.c src/core/job_pages.h \
	src/core/job_run.c \
	src/core/job_service.h \
	src/core/job_state.c src/core/job_state.h \
	src/core/job_submit.c \
	src/core/job_sweep.c \
	src/core/networks.c src/core/networks.h \
	src/core/origins.c src/core/origins.h \
	src/core/part.h \
	src/core/program_limits.c src/core/program_limits.h \
	src/core/quota.c src/core/quota.h \
	src/core/region_request.c src/core/region_request.h \
	src/core/result_file.c src/core/result_file.h \
	src/core/blob_names.c src/core/blob_names.h \
	src/core/blob_read.c src/core/blob_read.h \
	src/core/result_read.c src/core/result_read.h \
	src/core/retention.c src/core/retention.h \
	src/core/sealed_password.c src/core/sealed_password.h \
	src/core/setting.c src/core/setting.h \
	src/core/setting_text.c src/core/setting_text.h \
	src/core/sheet_request.c src/core/sheet_request.h \
	src/core/signed_url.c src/core/signed_url.h \
	src/core/template.c src/core/template.h
libcore_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS)
