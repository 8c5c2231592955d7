/* pdf-ocr-form: takes the file out of a multipart/form-data body for a worker, in a sandbox.
 *
 * usage: pdf-ocr-form CONTENT_TYPE CPU_SECONDS MEMORY_BYTES FILE_BYTES
 *
 * The body is open at descriptor 3, the file to write at 4. The answer is one line of JSON,
 * {"file_name":NAME,"fields":{...}} or {"error":CODE}. GMime builds every part and header of a body
 * before it can be asked how many there are, hence the limits: beyond them the program dies.
 */
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/buffer.h"
#include "multipart/multipart.h"
#include "sandbox/sandbox.h"

#define BODY_FD       3
#define FILE_FD       4
#define USAGE_ERROR   2
#define SANDBOX_ERROR 3

static void say_nothing(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer self)
{
    (void)domain;
    (void)level;
    (void)text;
    (void)self;
}

static int answer(const char *why, const char *file_name, const struct buffer *fields)
{
    struct buffer line = BUFFER_INIT;
    buffer_printf(&line, "{\"%s\":", why != NULL ? "error" : "file_name");
    buffer_json_string(&line, why != NULL ? why : file_name);
    if (why == NULL)
        buffer_printf(&line, ",\"fields\":{%s}", fields->len > 0 ? fields->data : "");
    buffer_puts(&line, "}\n");
    bool ok = !buffer_failed(&line) && fwrite(line.data, 1, line.len, stdout) == line.len &&
              fflush(stdout) == 0;
    buffer_free(&line);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    char file_name[MULTIPART_NAME_MAX] = "";
    struct buffer fields = BUFFER_INIT;
    if (argc != 5) {
        (void)fputs("pdf-ocr-form is started by pdf-ocr-api\n", stderr);
        return USAGE_ERROR;
    }
    const struct sandbox_limits limits = {.cpu_s = strtoll(argv[2], NULL, 10),
                                          .memory_bytes = strtoll(argv[3], NULL, 10),
                                          .file_bytes = strtoll(argv[4], NULL, 10)};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)g_log_set_default_handler(say_nothing, NULL); /* it aborts when memory is out */
    multipart_init();
    if (sandbox_enter(&limits) != 0)
        return SANDBOX_ERROR;
    const char *why = multipart_copy_file(BODY_FD, argv[1], FILE_FD, file_name, &fields);
    int status = buffer_failed(&fields) ? EXIT_FAILURE : answer(why, file_name, &fields);
    buffer_free(&fields);
    return status;
}
