/* The registry of parts: what settings choose, and what is refused at the start. */
#include <curl/curl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "app/parts.h"
#include "app/settings.h"
#include "tests/unit/suite.h"

#define SETTINGS_MAX 10

/* Loads these settings, finds and checks their parts; *names is them all, comma separated. */
static enum err start(const char *const settings[SETTINGS_MAX][2], struct buffer *names,
                      struct error *e)
{
    struct config c;
    struct parts p = {.n = 0};
    for (size_t i = 0; i < SETTINGS_MAX && settings[i][0] != NULL; i++)
        CU_ASSERT_EQUAL(setenv(settings[i][0], settings[i][1], 1), 0);
    CU_ASSERT_EQUAL_FATAL(config_load(&c, all_settings(), e), ERR_OK);
    enum err err = parts_fill(&c, e);
    if (err == ERR_OK)
        err = parts_check(&c, e);
    if (err == ERR_OK)
        err = parts_find(&c, &p, e);
    for (size_t i = 0; i < p.n; i++)
        buffer_printf(names, "%s%s", i > 0 ? "," : "", p.chosen[i]->name);
    config_free(&c);
    for (size_t i = 0; i < SETTINGS_MAX && settings[i][0] != NULL; i++)
        CU_ASSERT_EQUAL(unsetenv(settings[i][0]), 0);
    return err;
}

static void starts(const char *const settings[SETTINGS_MAX][2], const char *names)
{
    struct buffer got = BUFFER_INIT;
    struct error e = {0};
    CU_ASSERT_EQUAL(start(settings, &got, &e), ERR_OK);
    CU_ASSERT_STRING_EQUAL(got.data != NULL ? got.data : e.detail, names);
    buffer_free(&got);
}

static void is_refused(const char *const settings[SETTINGS_MAX][2], const char *detail)
{
    struct buffer got = BUFFER_INIT;
    struct error e = {0};
    CU_ASSERT_EQUAL(start(settings, &got, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_STRING_EQUAL(e.detail, detail);
    buffer_free(&got);
}

#define GOOGLE                                                                                     \
    {"BACKEND", "google"}, {"GCP_PROJECT_ID", "p"}, {"GCS_BUCKET_NAME", "b"},                      \
        {"API_KEY", "0123456789abcdef"},                                                           \
    {                                                                                              \
        "API_BASE_URL", "https://h"                                                                \
    }

static void backend_stands_for_parts(void)
{
    starts((const char *const[SETTINGS_MAX][2]){{NULL, NULL}},
           "sqlite,sqlite,files,sqlite,tesseract");
    starts((const char *const[SETTINGS_MAX][2]){GOOGLE, {"TASK_DEADLINE_S", "1770"}},
           "firestore,cloud-tasks,cloud-storage,bigquery,tesseract");
    starts((const char *const[SETTINGS_MAX][2]){GOOGLE,
                                                {"GCP_PROCESSOR_ID", "x"},
                                                {"GEMINI_API_KEY", "x"}},
           "firestore,cloud-tasks,cloud-storage,bigquery,documentai,tesseract,gemini");
}

static void a_part_is_chosen_by_itself(void)
{
    starts((const char *const[SETTINGS_MAX][2]){{"GCP_PROJECT_ID", "p"},
                                                {"GCP_PROCESSOR_ID", "x"},
                                                {"GEMINI_API_KEY", "x"},
                                                {"STRUCTURER", "gemini"},
                                                {"OCR_ENGINES", "tesseract,documentai"}},
           "sqlite,sqlite,files,sqlite,tesseract,documentai,gemini");
    starts((const char *const[SETTINGS_MAX][2]){GOOGLE,
                                                {"TASK_QUEUE", "sqlite"},
                                                {"OCR_ENGINES", "none"}},
           "firestore,sqlite,cloud-storage,bigquery");
}

static void an_unknown_part_names_those_there_are(void)
{
    is_refused((const char *const[SETTINGS_MAX][2]){{"BACKEND", "amazon"}},
               "BACKEND is \"amazon\"; expected one of local, google.");
    is_refused((const char *const[SETTINGS_MAX][2]){{"JOB_STORE", "oracle"}},
               "JOB_STORE is \"oracle\"; expected one of sqlite, postgres, firestore.");
    is_refused((const char *const[SETTINGS_MAX][2]){{"OCR_ENGINES", "tesseract,x"}},
               "OCR_ENGINES is \"tesseract,x\"; expected some of tesseract, documentai, none.");
    is_refused((const char *const[SETTINGS_MAX][2]){{"OCR_ENGINES", "tesseract,tesseract"}},
               "OCR_ENGINES names tesseract twice.");
    is_refused((const char *const[SETTINGS_MAX][2]){{"STRUCTURER", "documentai"}},
               "STRUCTURER is \"documentai\"; expected one of gemini, none.");
}

/* What would only show at the first job stops the start. */
static void a_part_needs_what_it_cannot_do_without(void)
{
    static const char *const wrong[][3] = {
        {"GCP_PROJECT_ID", "", "GCP_PROJECT_ID is not set; JOB_STORE=firestore needs the project."},
        {"GCS_BUCKET_NAME", "",
         "GCS_BUCKET_NAME is not set; BLOB_STORE=cloud-storage needs the bucket."},
        {"API_KEY", "", "API_KEY is not set; JOB_STORE=firestore needs one (or API_KEYS_FILE)."},
        {"API_BASE_URL", "", "API_BASE_URL is not set; it tells Cloud Tasks where to call."},
        {"TASK_DEADLINE_S", "1771",
         "TASK_DEADLINE_S is \"1771\"; expected at most 1770 with TASK_QUEUE=cloud-tasks."},
        {"STRUCTURER", "gemini", "GEMINI_API_KEY is not set; the structurer gemini needs it."},
        {"OCR_ENGINES", "documentai",
         "GCP_PROCESSOR_ID is not set; the engine documentai needs it."},
        {"ENGINE", "documentai",
         "ENGINE is \"documentai\", which is none of OCR_ENGINES (\"tesseract\") and STRUCTURER "
         "(\"none\")."},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        is_refused((const char *const[SETTINGS_MAX][2]){GOOGLE, {wrong[i][0], wrong[i][1]}},
                   wrong[i][2]);
}

static void parts_that_cannot_work_together_are_refused(void)
{
    is_refused((const char *const[SETTINGS_MAX][2]){GOOGLE, {"ANALYTICS", "sqlite"}},
               "ANALYTICS=sqlite counts what JOB_STORE=sqlite keeps; JOB_STORE is \"firestore\".");
    is_refused((const char *const[SETTINGS_MAX][2]){GOOGLE, {"BLOB_STORE", "files"}},
               "ANALYTICS=bigquery names results in BLOB_STORE=cloud-storage; BLOB_STORE is "
               "\"files\".");
}

static void a_machine_without_workers_needs_others(void)
{
    static const char url[] = "postgresql:///d";
    starts((const char *const[SETTINGS_MAX][2]){{"TASK_WORKERS", "0"},
                                                {"JOB_STORE", "postgres"},
                                                {"TASK_QUEUE", "postgres"},
                                                {"ANALYTICS", "postgres"},
                                                {"DATABASE_URL", url}},
           "postgres,postgres,files,postgres,tesseract");
    is_refused((const char *const[SETTINGS_MAX][2]){{"TASK_WORKERS", "0"},
                                                    {"JOB_STORE", "postgres"},
                                                    {"ANALYTICS", "postgres"},
                                                    {"DATABASE_URL", url}},
               "TASK_WORKERS is \"0\", but no other machine takes the tasks of TASK_QUEUE=sqlite.");
}

static const struct test_case tests[] = {
    TEST(backend_stands_for_parts),
    TEST(a_part_is_chosen_by_itself),
    TEST(an_unknown_part_names_those_there_are),
    TEST(a_part_needs_what_it_cannot_do_without),
    TEST(parts_that_cannot_work_together_are_refused),
    TEST(a_machine_without_workers_needs_others),
};

int main(void)
{
    return sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK
               ? 99
               : RUN_SUITE("parts", tests);
}
