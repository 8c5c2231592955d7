#include "app/probe.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "core/config.h"

#define PATH      "/api/v1/health/ready"
#define TIMEOUT_S 5L

static void make_url(char *url, size_t size)
{
    const char *port = config_given("PORT"), *host = config_given("LISTEN_ADDRESS");
    if (port != NULL)
        (void)snprintf(url, size, "http://127.0.0.1:%s" PATH, port);
    else
        (void)snprintf(url, size, "https://%s:%s" PATH,
                       strcmp(host, "0.0.0.0") == 0 || strcmp(host, "[::]") == 0 ? "127.0.0.1"
                                                                                 : host,
                       config_given("HTTPS_PORT"));
}

static size_t ignore_body(char *bytes, size_t size, size_t n, void *self)
{
    (void)bytes;
    (void)self;
    return size * n;
}

/* The certificate names the service, not this address, and nothing secret is sent. */
static CURLcode ask(CURL *c, const char *url, long *status)
{
    CURLcode result;
    if ((result = curl_easy_setopt(c, CURLOPT_URL, url)) != CURLE_OK ||
        (result = curl_easy_setopt(c, CURLOPT_NOPROXY, "*")) != CURLE_OK ||
        (result = curl_easy_setopt(c, CURLOPT_TIMEOUT, TIMEOUT_S)) != CURLE_OK ||
        (result = curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L)) != CURLE_OK ||
        (result = curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L)) != CURLE_OK ||
        (result = curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, ignore_body)) != CURLE_OK ||
        (result = curl_easy_perform(c)) != CURLE_OK)
        return result;
    return curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
}

enum err probe_ready(struct error *e)
{
    char url[512];
    long status = 0;
    CURL *c = curl_easy_init();
    if (c == NULL)
        return error_no_memory(e);
    make_url(url, sizeof url);
    CURLcode result = ask(c, url, &status);
    curl_easy_cleanup(c);
    if (result != CURLE_OK)
        return error_set(e, ERR_UNAVAILABLE, "%s: %s", url, curl_easy_strerror(result));
    if (status != 200)
        return error_set(e, ERR_UNAVAILABLE, "%s: status %ld", url, status);
    return ERR_OK;
}
