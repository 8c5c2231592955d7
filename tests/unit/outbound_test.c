/* What a client's URL may lead to: the addresses, the URLs, and the calls themselves. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "outbound/address.h"
#include "outbound/call.h"
#include "outbound/webhook.h"
#include "tests/unit/suite.h"

static bool judge(const char *text, const char *allowed)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return address_may_be_called((struct sockaddr *)&four, sizeof four, allowed);
    CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return address_may_be_called((struct sockaddr *)&six, sizeof six, allowed);
}

static void public_addresses_only(void)
{
    static const struct {
        const char *address;
        bool may;
    } table[] = {
        {"1.1.1.1", true},
        {"9.255.255.255", true},
        {"11.0.0.0", true},
        {"172.15.255.255", true},
        {"172.32.0.0", true},
        {"169.253.255.255", true},
        {"223.255.255.255", true},
        {"2606:4700:4700::1111", true},
        {"2001:4860::8888", true},
        {"64:ff9b::101:101", true},
        {"::ffff:1.1.1.1", true},
        {"0.0.0.0", false},
        {"0.1.2.3", false},
        {"10.0.0.1", false},
        {"10.255.255.255", false},
        {"100.64.0.1", false},
        {"100.127.255.255", false},
        {"127.0.0.1", false},
        {"127.255.255.255", false},
        {"169.254.169.254", false},
        {"172.16.0.1", false},
        {"172.31.255.255", false},
        {"192.0.0.192", false},
        {"192.0.2.1", false},
        {"192.88.99.1", false},
        {"192.168.0.1", false},
        {"198.18.0.1", false},
        {"198.19.255.255", false},
        {"198.51.100.1", false},
        {"203.0.113.1", false},
        {"224.0.0.1", false},
        {"239.255.255.255", false},
        {"240.0.0.1", false},
        {"255.255.255.255", false},
        {"::", false},
        {"::1", false},
        {"::7f00:1", false},
        {"::ffff:127.0.0.1", false},
        {"::ffff:10.0.0.1", false},
        {"::ffff:169.254.169.254", false},
        {"64:ff9b::a9fe:a9fe", false},
        {"64:ff9b:1::1", false},
        {"100::1", false},
        {"2001::1", false},
        {"2001:db8::1", false},
        {"2002:a9fe:a9fe::1", false},
        {"3fff::1", false},
        {"fc00::1", false},
        {"fd00:ec2::254", false},
        {"fe80::1", false},
        {"fec0::1", false},
        {"ff02::1", false},
    };
    struct sockaddr local = {.sa_family = AF_UNIX};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (judge(table[i].address, NULL) != table[i].may) {
            (void)fprintf(stderr, "%s is misjudged\n", table[i].address);
            CU_FAIL("an address is misjudged");
        }
    CU_ASSERT_FALSE(address_may_be_called(&local, sizeof local, "any"));
}

static void allowed_networks(void)
{
    CU_ASSERT_TRUE(judge("10.1.2.3", "10.1.0.0/16"));
    CU_ASSERT_FALSE(judge("10.2.2.3", "10.1.0.0/16"));
    CU_ASSERT_TRUE(judge("::ffff:10.1.2.3", "10.1.0.0/16"));
    CU_ASSERT_TRUE(judge("127.0.0.1", "fd00::/8,127.0.0.1"));
    CU_ASSERT_FALSE(judge("127.0.0.2", "fd00::/8,127.0.0.1"));
    CU_ASSERT_TRUE(judge("fd12::1", "fd00::/8,127.0.0.1"));
    CU_ASSERT_TRUE(judge("192.168.129.1", "192.168.128.0/17"));
    CU_ASSERT_FALSE(judge("192.168.127.1", "192.168.128.0/17"));
    CU_ASSERT_TRUE(judge("169.254.169.254", "any"));
}

static void urls(void)
{
    static const struct {
        const char *url;
        const char *why; /* NULL: it may be named */
    } table[] = {
        {"https://example.com/a.pdf?b=c", NULL},
        {"https://example.com:8443", NULL},
        {"https://[2606:4700:4700::1111]/", NULL},
        {"http://example.com/", "must be an https URL"},
        {"ftp://example.com/", "must be an https URL"},
        {"file:///etc/passwd", "must be"},
        {"example.com", "must be"},
        {"", "must be a URL"},
        {"https://", "must be a URL"},
        {"https://a@example.com/", "user or a password"},
        {"https://a:b@example.com/", "user or a password"},
        {"https://example.com/a b", "printable ASCII"},
        {"https://example.com/\n", "printable ASCII"},
        {"https://ex\xC3\xA4mple.com/", "printable ASCII"},
        {"https://127.0.0.1/", "private, local"},
        {"https://0x7f.1/", "private, local"},
        {"https://2852039166/latest", "private, local"},
        {"https://169.254.169.254/latest", "private, local"},
        {"https://[::1]/", "private, local"},
        {"https://[::ffff:169.254.169.254]/", "private, local"},
    };
    const struct outbound_settings s = {.timeout_s = 5}, http = {.allow_http = true};
    char too_long[OUTBOUND_URL_MAX + 2] = "https://example.com/";
    struct error e;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        enum err err = outbound_url_check(&s, table[i].url, &e);
        bool right = table[i].why == NULL
                         ? err == ERR_OK
                         : err == ERR_UNPROCESSABLE && strstr(e.detail, table[i].why) != NULL;
        if (!right) {
            (void)fprintf(stderr, "%s: %s\n", table[i].url, err == ERR_OK ? "passes" : e.detail);
            CU_FAIL("a URL is misjudged");
        }
    }
    memset(too_long + strlen(too_long), 'a', sizeof too_long - 1 - strlen(too_long));
    CU_ASSERT_EQUAL(outbound_url_check(&s, too_long, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(outbound_url_check(&http, "http://example.com/", &e), ERR_OK);
}

static char this_machine[] = "127.0.0.1";
static const struct outbound_settings loopback = {
    .allowed_networks = this_machine, .allow_http = true, .timeout_s = 50};

/* A host that answers one request, in a process of its own, and then ends with 0. */
static pid_t host(const char *answer, int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    char request[4096];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_FATAL(bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 8) == 0 &&
                    getsockname(fd, (struct sockaddr *)&a, &len) == 0);
    *port = ntohs(a.sin_port);
    pid_t pid = fork();
    if (pid == 0) {
        int c = accept(fd, NULL, NULL);
        _exit(c >= 0 && read(c, request, sizeof request) > 0 &&
                      write(c, answer, strlen(answer)) == (ssize_t)strlen(answer)
                  ? 0
                  : 1);
    }
    (void)close(fd);
    return pid;
}

static size_t ignore(char *bytes, size_t size, size_t n, void *self)
{
    (void)bytes;
    (void)size;
    (void)self;
    return n;
}

/* Calls rebind.example, whose DNS says address. */
static CURLcode call(struct outbound_call *c, int port, const char *address, long *status)
{
    char url[64], dns[128];
    CURL *easy = curl_easy_init();
    (void)snprintf(url, sizeof url, "http://rebind.example:%d/", port);
    (void)snprintf(dns, sizeof dns, "rebind.example:%d:%s", port, address);
    struct curl_slist *resolved = curl_slist_append(NULL, dns);
    CU_ASSERT_TRUE_FATAL(outbound_prepare(easy, c, url));
    CU_ASSERT_EQUAL(curl_easy_setopt(easy, CURLOPT_RESOLVE, resolved), CURLE_OK);
    CU_ASSERT_EQUAL(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore), CURLE_OK);
    CURLcode code = curl_easy_perform(easy);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, status);
    curl_easy_cleanup(easy);
    curl_slist_free_all(resolved);
    return code;
}

static void a_name_is_judged_by_the_address_of_each_connection(void)
{
    struct outbound_call c = {.settings = &loopback};
    struct error e;
    long status = 0;
    int port, exited;
    pid_t pid = host("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &port);
    CU_ASSERT_NOT_EQUAL(call(&c, port, "169.254.169.254", &status), CURLE_OK);
    CU_ASSERT_TRUE(c.refused);
    CU_ASSERT_EQUAL(outbound_failure(&c, CURLE_COULDNT_CONNECT, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, "is not called"));
    CU_ASSERT_EQUAL(call(&c, port, "127.0.0.1", &status), CURLE_OK);
    CU_ASSERT_EQUAL(status, 200);
    CU_ASSERT_FALSE(c.refused);
    CU_ASSERT_EQUAL(waitpid(pid, &exited, 0), pid);
    CU_ASSERT_EQUAL(exited, 0);
    CU_ASSERT_NOT_EQUAL(call(&c, port, "169.254.169.254,[::1],10.0.0.1", &status), CURLE_OK);
    CU_ASSERT_TRUE(c.refused);
}

static void nothing_of_the_environment_and_no_redirect_is_followed(void)
{
    struct outbound_call c = {.settings = &loopback};
    long status = 0;
    int port, exited;
    pid_t pid = host("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                     "Content-Length: 0\r\n\r\n",
                     &port);
    CU_ASSERT_EQUAL(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    CU_ASSERT_EQUAL(call(&c, port, "127.0.0.1", &status), CURLE_OK);
    CU_ASSERT_EQUAL(unsetenv("http_proxy"), 0);
    CU_ASSERT_EQUAL(status, 302);
    CU_ASSERT_EQUAL(waitpid(pid, &exited, 0), pid);
    CU_ASSERT_EQUAL(exited, 0);
}

static enum err read_secrets(const char *text, struct webhook_secrets *out, struct error *e)
{
    char path[] = "/tmp/webhook-secrets-XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    enum err err = webhook_secrets_read(path, out, e);
    (void)close(fd);
    (void)unlink(path);
    return err;
}

/* The example of the specification's own libraries. */
static void a_message_is_signed_as_standard_webhooks_has_it(void)
{
    static const char body[] = "{\"test\": 2432232314}";
    static const char right[] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const struct webhook w = {"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, sizeof body - 1};
    struct buffer one = BUFFER_INIT, two = BUFFER_INIT;
    struct webhook_secrets secrets;
    struct error e;
    CU_ASSERT_EQUAL(read_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", &secrets, &e), ERR_OK);
    webhook_signature(&secrets, &w, &one);
    CU_ASSERT_PTR_NOT_NULL_FATAL(one.data);
    CU_ASSERT_STRING_EQUAL(one.data, right);
    secrets.items[secrets.n++] = secrets.items[0];
    webhook_signature(&secrets, &w, &two);
    CU_ASSERT_PTR_NOT_NULL_FATAL(two.data);
    CU_ASSERT_EQUAL(two.len, 2 * one.len + 1);
    buffer_free(&one);
    buffer_free(&two);
}

static void a_file_of_secrets_is_right_or_refused_by_its_line(void)
{
    static const char good[] = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\n"; /* 24 bytes */
    static const struct {
        const char *text, *why;
    } table[] = {
        {"", "has no secret"},
        {"# none\n\n", "has no secret"},
        {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\n", "line 1"},
        {"#\nwhsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY=\n", "line 2"},
        {"whsec_!!!!\n", "line 1"},
        {"whsec_\n", "line 1"},
    };
    struct webhook_secrets secrets;
    struct error e;
    char many[256] = "";
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        CU_ASSERT_EQUAL(read_secrets(table[i].text, &secrets, &e), ERR_UNPROCESSABLE);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.detail, table[i].why));
        CU_ASSERT_EQUAL(secrets.n, 0);
    }
    for (int i = 0; i < WEBHOOK_SECRETS_MAX; i++)
        (void)strncat(many, good, sizeof many - strlen(many) - 1);
    CU_ASSERT_EQUAL(read_secrets(many, &secrets, &e), ERR_OK);
    CU_ASSERT_EQUAL(secrets.n, WEBHOOK_SECRETS_MAX);
    CU_ASSERT_EQUAL(secrets.items[0].len, 24);
    (void)strncat(many, good, sizeof many - strlen(many) - 1);
    CU_ASSERT_EQUAL(read_secrets(many, &secrets, &e), ERR_UNPROCESSABLE);
    CU_ASSERT_EQUAL(webhook_secrets_read("/nonexistent", &secrets, &e), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(webhook_secrets_read(NULL, &secrets, &e), ERR_OK);
    CU_ASSERT_EQUAL(secrets.n, 0);
}

int main(void)
{
    static const struct test_case tests[] = {
        TEST(public_addresses_only),
        TEST(allowed_networks),
        TEST(urls),
        TEST(a_name_is_judged_by_the_address_of_each_connection),
        TEST(nothing_of_the_environment_and_no_redirect_is_followed),
        TEST(a_message_is_signed_as_standard_webhooks_has_it),
        TEST(a_file_of_secrets_is_right_or_refused_by_its_line),
    };
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 99;
    int status = RUN_SUITE("outbound", tests);
    curl_global_cleanup();
    return status;
}
