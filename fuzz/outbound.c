/* Any bytes as a URL that a client names, as the header X-PDF-Password and as the file that
 * WEBHOOK_SECRETS_FILE names. No URL that passes may have an address that is not public, however it
 * is written. */
#include <arpa/inet.h>
#include <fcgiapp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api/pdf_password.h"
#include "outbound/address.h"
#include "outbound/download.h"
#include "outbound/webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the system's resolver takes a host: 127.1, 0x7f000001 and 017700000001 are addresses. */
static void check_host(const char *url)
{
    char *host = NULL;
    struct sockaddr_in four = {.sin_family = AF_INET};
    CURLU *u = curl_url();
    if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        abort();
    if (inet_aton(host, &four.sin_addr) != 0 &&
        !address_may_be_called((const struct sockaddr *)&four, sizeof four, NULL))
        abort();
    curl_free(host);
    curl_url_cleanup(u);
}

static void read_url(const char *text)
{
    static const struct outbound_settings settings = {.timeout_s = 1};
    char name[64];
    struct error e;
    if (outbound_url_check(&settings, text, &e) == ERR_OK) {
        if (strncasecmp(text, "https:", 6) != 0)
            abort();
        check_host(text);
    }
    outbound_file_name(text, name, sizeof name);
    (void)host_may_be_called(text, NULL);
}

static void read_password(const char *text)
{
    char line[8192], out[PDF_PASSWORD_MAX + 1];
    char *envp[] = {line, NULL};
    FCGX_Request cgi = {.envp = envp};
    struct request r = {.cgi = &cgi};
    struct error e;
    (void)snprintf(line, sizeof line, "HTTP_X_PDF_PASSWORD=%s", text);
    if (pdf_password_header(&r, out, &e) == ERR_OK && strlen(out) > PDF_PASSWORD_MAX)
        abort();
}

static void read_secrets(const uint8_t *data, size_t size)
{
    char path[64];
    struct webhook_secrets secrets;
    struct buffer signature = BUFFER_INIT;
    const struct webhook w = {"id", 1, "{}", 2};
    struct error e;
    int fd = memfd_create("secrets", MFD_CLOEXEC);
    if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size))
        abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (webhook_secrets_read(path, &secrets, &e) == ERR_OK) {
        webhook_signature(&secrets, &w, &signature);
        if (secrets.n == 0 || buffer_failed(&signature) || signature.len < secrets.n * 47)
            abort();
    }
    buffer_free(&signature);
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    if (text == NULL)
        abort();
    read_url(text);
    read_password(text);
    read_secrets(data, size);
    free(text);
    return 0;
}
