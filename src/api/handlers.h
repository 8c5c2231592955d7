/* The handlers of the route table; each is a handler_fn of http/http.h. */
#ifndef PDF_OCR_API_HANDLERS_H
#define PDF_OCR_API_HANDLERS_H

#include "api/app.h"
#include "http/http.h"
#include "process/program.h"

enum err upload_generate_url(void *app, struct request *r, struct reply *p, struct error *e);
enum err upload_put(void *app, struct request *r, struct reply *p, struct error *e);
enum err upload_document(void *app, struct request *r, struct reply *p, struct error *e);
enum err extract_file(void *app, struct request *r, struct reply *p, struct error *e);
enum err extract_create(void *app, struct request *r, struct reply *p, struct error *e);
enum err extract_agentic(void *app, struct request *r, struct reply *p, struct error *e);
enum err job_get(void *app, struct request *r, struct reply *p, struct error *e);
enum err job_events(void *app, struct request *r, struct reply *p, struct error *e);
enum err job_result_wanted(void *app, struct request *r, struct reply *p, struct error *e);
enum err job_result(void *app, struct request *r, struct reply *p, struct error *e);
enum err job_result_edited(void *app, struct request *r, struct reply *p, struct error *e);
enum err document_get(void *app, struct request *r, struct reply *p, struct error *e);
enum err document_list(void *app, struct request *r, struct reply *p, struct error *e);
enum err document_delete(void *app, struct request *r, struct reply *p, struct error *e);
enum err document_page_image(void *app, struct request *r, struct reply *p, struct error *e);
enum err batch_post(void *app, struct request *r, struct reply *p, struct error *e);
enum err batch_show(void *app, struct request *r, struct reply *p, struct error *e);
enum err batch_results(void *app, struct request *r, struct reply *p, struct error *e);
enum err batch_delete(void *app, struct request *r, struct reply *p, struct error *e);
enum err template_post(void *app, struct request *r, struct reply *p, struct error *e);
enum err template_index(void *app, struct request *r, struct reply *p, struct error *e);
enum err template_show(void *app, struct request *r, struct reply *p, struct error *e);
enum err template_put(void *app, struct request *r, struct reply *p, struct error *e);
enum err template_delete(void *app, struct request *r, struct reply *p, struct error *e);
enum err job_list(void *app, struct request *r, struct reply *p, struct error *e);
enum err job_retry_request(void *app, struct request *r, struct reply *p, struct error *e);
enum err job_delete(void *app, struct request *r, struct reply *p, struct error *e);
enum err result_get(void *app, struct request *r, struct reply *p, struct error *e);
enum err task_process_extraction(void *app, struct request *r, struct reply *p, struct error *e);
enum err task_deliver_callback(void *app, struct request *r, struct reply *p, struct error *e);
enum err task_retry_job(void *app, struct request *r, struct reply *p, struct error *e);
enum err feedback_create(void *app, struct request *r, struct reply *p, struct error *e);
enum err feedback_of_job(void *app, struct request *r, struct reply *p, struct error *e);
enum err feedback_statistics(void *app, struct request *r, struct reply *p, struct error *e);
enum err metrics_get(void *app, struct request *r, struct reply *p, struct error *e);
enum err health_live(void *app, struct request *r, struct reply *p, struct error *e);
enum err health_ready(void *app, struct request *r, struct reply *p, struct error *e);
enum err health_dependencies(void *app, struct request *r, struct reply *p, struct error *e);
enum err health_diagnostics(void *app, struct request *r, struct reply *p, struct error *e);

/* ERR_NOT_FOUND unless the caller may see the document of the request's path. */
enum err document_admit(void *app, const struct request *r, struct buffer *version,
                        struct error *e);

/* Whose jobs the caller may see: NULL, anybody's, for an admin key. */
const char *request_owner(const struct request *r);

/* Appends the job as the API shows it to the sender of r. Links are made for this answer. */
enum err job_json(const struct services *s, const struct request *r, const struct job *j,
                  struct buffer *out, struct error *e);

/* The same as others than its owner may see it: links are null. */
void job_json_without_links(const struct job *j, struct buffer *out);

/* The answer to a task that is done. */
void task_answer(struct reply *p, const struct request *r, const char *job_id);

/* What is told of a job to who waits for it (process/program.h). */
enum err job_look(void *app, const char *job_id, struct job_sight *out, struct error *e);

/* Reads page_size (1 to 200; *size stays where it is not given) and page_token. */
enum err page_query_read(const struct request *r, int *size, char token[128], bool *has_token,
                         struct error *e);

/* Checks that id looks like a job's, so that anything else is a plain 404. */
enum err job_id_check(const char *id, struct error *e);

#endif
