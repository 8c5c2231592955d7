# The adapters of Google's services.
noinst_LIBRARIES += libgoogle.a
PART_ARCHIVES += libgoogle.a
PART_LIBS += $(CJOSE_LIBS) $(PNG_LIBS)
libgoogle_a_SOURCES = \
	src/google/bigquery.c \
	src/google/bigquery_json.c src/google/bigquery_json.h \
	src/google/bigquery_number.c src/google/bigquery_number.h \
	src/google/bigquery_schema.c src/google/bigquery_schema.h \
	src/google/call.h src/google/call_result.c \
	src/google/client.c src/google/client.h \
	src/google/cloud_storage.c \
	src/google/cloud_tasks.c \
	src/google/counters.c src/google/counters.h \
	src/google/credentials.c src/google/credentials.h \
	src/google/documentai.c src/google/documentai.h \
	src/google/documentai_reply.c src/google/documentai_reply.h \
	src/google/firestore.c \
	src/google/firestore_counter.c src/google/firestore_counter.h \
	src/google/firestore_feedback.c \
	src/google/firestore_job.c src/google/firestore_job.h \
	src/google/firestore_query.c src/google/firestore_query.h \
	src/google/firestore_store.h \
	src/google/firestore_message.c src/google/firestore_message.h \
	src/google/firestore_value.c src/google/firestore_value.h \
	src/google/gemini.c src/google/gemini.h \
	src/google/gemini_reply.c src/google/gemini_reply.h \
	src/google/google.h \
	src/google/grpc.c src/google/grpc.h \
	src/google/image_call.c src/google/image_call.h \
	src/google/object_upload.c src/google/object_upload.h \
	src/google/parts.c src/google/parts.h \
	src/google/service_account.c src/google/service_account.h \
	src/google/session.c src/google/session.h \
	src/google/settings.c src/google/settings.h \
	src/google/signed_links.c src/google/signed_links.h \
	src/google/signed_url_v4.c src/google/signed_url_v4.h \
	src/google/transfer.c
libgoogle_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS) \
	$(CRYPTO_CFLAGS) $(CJOSE_CFLAGS) $(PNG_CFLAGS) $(PROTOBUF_C_CFLAGS)
nodist_libgoogle_a_SOURCES = src/google/firestore.pb-c.c src/google/firestore.pb-c.h
EXTRA_DIST += src/google/firestore.proto
BUILT_SOURCES += src/google/firestore.pb-c.h
CLEANFILES += src/google/firestore.pb-c.c src/google/firestore.pb-c.h
src/google/firestore.pb-c.c: src/google/firestore.proto
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)$(PROTOC_C) -I$(srcdir)/src/google --c_out=$(@D) $(srcdir)/src/google/firestore.proto
src/google/firestore.pb-c.h: src/google/firestore.pb-c.c
