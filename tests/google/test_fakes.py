"""The stand-ins themselves, asked as the service asks them: through the contract server."""
import base64
import concurrent.futures
import datetime
import hashlib
import http.client
import http.server
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import fault_proxy
from stack import HERE, SIGNER, GoogleSide, call, firestore_jar, free_port, until

BUCKET = '/storage/v1/b/demo-bucket/o'
UPLOAD = '/upload' + BUCKET
QUEUE = '/v2/projects/demo-test/locations/us-central1/queues/jobs'
PROCESSOR = '/v1/projects/demo-test/locations/us/processors/proc1:process'
GENERATE = '/v1beta/models/gemini-3.5-flash-lite:generateContent'
BIGQUERY = '/bigquery/v2/projects/demo-test'
DOCUMENTS = '/v1/projects/demo-test/databases/(default)/documents'
PNG = b'\x89PNG\r\n\x1a\n' + struct.pack('>I4sII', 13, b'IHDR', 640, 480)
CHUNK = 256 << 10


@pytest.fixture(scope='module')
def google():
    with GoogleSide(faults=True) as side:
        side.replies = []
        yield side


@pytest.fixture(autouse=True)
def no_violations(google):
    before = len(google.violations())
    yield
    google.faults.clear()
    assert google.violations()[before:] == []


def ask(google, api, path, method='GET', body=None, headers=None, want=200):
    code, kept, raw = call(f'{google.url}/{api}{path}', method, body, {'Authorization': 'Bearer owner', **(headers or {})})
    assert code == want, (code, raw)
    value = json.loads(raw) if 'json' in kept.get('Content-Type', '') else raw
    if code == 200 and isinstance(value, dict):
        google.replies.append((method, f'/{api}{path}', value))
    return kept, value


def b64(data):
    return base64.b64encode(data).decode()


def private_key(google):
    with open(google.key, 'rb') as file:
        return serialization.load_pem_private_key(file.read(), None)


# ---------------------------------------------------------------- Cloud Storage

def put(google, name, data, query='', want=200):
    path = f'{UPLOAD}?uploadType=media&name={urllib.parse.quote(name, safe="")}{query}'
    return ask(google, 'storage', path, 'POST', data, {'Content-Type': 'application/octet-stream'}, want)[1]


def get(google, name, query='?alt=media', headers=None, want=200):
    return ask(google, 'storage', f'{BUCKET}/{urllib.parse.quote(name, safe="")}{query}', 'GET', None, headers, want)


def test_media_upload_and_ranges(google):
    data = bytes(range(256)) * 40
    meta = put(google, 'a b/ü.bin', data)
    assert meta['name'] == 'a b/ü.bin' and meta['size'] == '10240' and meta['metageneration'] == '1'
    assert meta['md5Hash'] == b64(hashlib.md5(data).digest())
    assert get(google, 'a b/ü.bin', '')[1] == meta
    headers, body = get(google, 'a b/ü.bin')
    assert body == data and headers['x-goog-generation'] == meta['generation'] and headers['ETag'] == meta['etag']
    for asked, first, last in (('5-9', 5, 9), ('10000-', 10000, 10239), ('-3', 10237, 10239), ('0-99999', 0, 10239)):
        headers, body = get(google, 'a b/ü.bin', headers={'Range': f'bytes={asked}'}, want=206)
        assert body == data[first:last + 1] and headers['Content-Range'] == f'bytes {first}-{last}/10240'
    get(google, 'a b/ü.bin', headers={'Range': 'bytes=10240-'}, want=416)
    assert get(google, 'nowhere', want=404)[1]['error']['errors'][0]['reason'] == 'notFound'


def test_multipart_upload(google):
    data = b'\r\n--not the boundary\r\n\r\n' * 3
    body = b'--xyz\r\nContent-Type: application/json\r\n\r\n' + json.dumps(
        {'name': 'multi', 'metadata': {'job': '1'}}).encode() + b'\r\n--xyz\r\nContent-Type: text/plain\r\n\r\n' + data + b'\r\n--xyz--\r\n'
    kind, path = {'Content-Type': 'multipart/related; boundary=xyz'}, UPLOAD + '?uploadType=multipart'
    meta = ask(google, 'storage', path, 'POST', body, kind)[1]
    assert meta['contentType'] == 'text/plain' and meta['metadata'] == {'job': '1'}
    meta = ask(google, 'storage', f'{path}&ifGenerationMatch={meta["generation"]}', 'POST', body, kind)[1]
    ask(google, 'storage', f'{path}&ifGenerationMatch=0', 'POST', body, kind, want=412)
    assert get(google, 'multi')[1] == data


def session(google, name, size, query=''):
    return ask(google, 'storage', f'{UPLOAD}?uploadType=resumable&name={name}{query}', 'POST', {},
               {'X-Upload-Content-Type': 'application/pdf', 'X-Upload-Content-Length': str(size)})[0]['Location']


def chunk(url, data, ranged):
    code, headers, body = call(url, 'PUT', data, {'Content-Range': f'bytes {ranged}'})
    return code, headers.get('Range'), body


def test_resumable_upload(google):
    data = os.urandom(2 * CHUNK + 7)
    url = session(google, 'resumed', len(data))
    assert url.startswith(google.url + '/storage/upload/')
    assert chunk(url, b'', f'*/{len(data)}')[:2] == (308, None)
    assert chunk(url, data[:1000], f'0-999/{len(data)}')[0] == 400
    assert chunk(url, data[:CHUNK], f'0-{CHUNK - 1}/{len(data)}')[:2] == (308, f'bytes=0-{CHUNK - 1}')
    assert chunk(url, data[:CHUNK], f'0-{CHUNK - 1}/*')[:2] == (308, f'bytes=0-{CHUNK - 1}')
    assert chunk(url, b'', f'*/{len(data)}')[:2] == (308, f'bytes=0-{CHUNK - 1}')
    code, _, body = chunk(url, data[CHUNK:], f'{CHUNK}-{len(data) - 1}/{len(data)}')
    assert code == 200 and json.loads(body)['contentType'] == 'application/pdf'
    assert chunk(url, b'', f'*/{len(data)}')[0] == 200
    assert get(google, 'resumed')[1] == data


def test_resumable_preconditions_and_cancel(google):
    url = session(google, 'raced', 3, '&ifGenerationMatch=0')
    put(google, 'raced', b'first')
    assert chunk(url, b'abc', '0-2/3')[0] == 412
    url = session(google, 'dropped', 3)
    assert call(url, 'DELETE')[0] == 499 and chunk(url, b'abc', '0-2/3')[0] == 404


@pytest.mark.parametrize('direct', [False, True])
def test_preconditions(google, direct):
    """Direct is without the contract server, which looks at preconditions by itself."""
    name = f'once-{direct}'

    def write(query):
        base = google.fake if direct else google.url + '/storage'
        code, _, body = call(f'{base}{UPLOAD}?uploadType=media&name={name}&{query}', 'POST', b'x',
                             {'Authorization': 'Bearer owner', 'Content-Type': 'text/plain'})
        return code, json.loads(body)
    code, meta = write('ifGenerationMatch=0')
    assert code == 200
    code, error = write('ifGenerationMatch=0')
    assert code == 412 and error['error']['errors'][0]['reason'] == 'conditionNotMet'
    assert write(f'ifGenerationNotMatch={meta["generation"]}')[0] == 412
    code, again = write(f'ifGenerationMatch={meta["generation"]}')
    assert code == 200 and int(again['generation']) > int(meta['generation'])
    ask(google, 'storage', f'{BUCKET}/{name}?ifGenerationMatch={meta["generation"]}', 'DELETE', want=412)
    ask(google, 'storage', f'{BUCKET}/{name}?ifGenerationMatch={again["generation"]}', 'DELETE', want=204)
    ask(google, 'storage', f'{BUCKET}/{name}', 'DELETE', want=404)


def test_list_in_pages(google):
    for i in range(5):
        put(google, f'list/{i}', b'x')
    names, token = [], ''
    while token is not None:
        page = ask(google, 'storage', f'{BUCKET}?prefix=list/&maxResults=2&fields=items(name),nextPageToken'
                   + (f'&pageToken={token}' if token else ''))[1]
        names += [item['name'] for item in page['items']]
        token = page.get('nextPageToken')
    assert names == [f'list/{i}' for i in range(5)]
    assert 'items' not in ask(google, 'storage', f'{BUCKET}?prefix=none/')[1]


# ---------------------------------------------------------------- signed URLs

def signed(google, method, name, headers=(), expires=600, age=0, key=None):
    """Google's V4 signing process."""
    host = google.fake.removeprefix('http://')
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age)
    date, scope = at.strftime('%Y%m%dT%H%M%SZ'), at.strftime('%Y%m%d/auto/storage/goog4_request')
    pairs = sorted({**dict(headers), 'host': host.split(':')[0]}.items())  # the port is not signed
    names, path = ';'.join(n for n, _ in pairs), '/demo-bucket/' + urllib.parse.quote(name, safe='/~')
    query = urllib.parse.urlencode(sorted({
        'X-Goog-Algorithm': 'GOOG4-RSA-SHA256', 'X-Goog-Credential': f'{SIGNER}/{scope}', 'X-Goog-Date': date,
        'X-Goog-Expires': str(expires), 'X-Goog-SignedHeaders': names}.items()), quote_via=urllib.parse.quote, safe='~')
    canonical = '\n'.join([method, path, query, *(f'{n}:{v}' for n, v in pairs), '', names, 'UNSIGNED-PAYLOAD'])
    text = '\n'.join(['GOOG4-RSA-SHA256', date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = (key or private_key(google)).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f'http://{host}{path}?{query}&X-Goog-Signature={signature.hex()}'


def test_signed_urls(google):
    kind = {'content-type': 'application/pdf'}
    url = signed(google, 'PUT', 'up/my file.pdf', kind)
    code, headers, _ = call(url, 'PUT', b'%PDF', {**kind, 'Origin': 'https://app.example'})
    assert code == 200 and headers['Access-Control-Allow-Origin'] == '*' and headers['x-goog-generation']
    assert call(url, 'PUT', b'%PDF', {'content-type': 'text/html'})[0] == 403
    url = signed(google, 'GET', 'up/my file.pdf')
    assert call(url)[::2] == (200, b'%PDF')
    assert call(url, headers={'Range': 'bytes=1-2'})[::2] == (206, b'PD')
    assert call(url, 'PUT', b'x', {'content-type': 'text/plain'})[0] == 403
    assert call(signed(google, 'HEAD', 'up/my file.pdf'), 'HEAD')[1]['Content-Length'] == '4'
    assert call(url, 'OPTIONS', headers={'Origin': 'https://app.example'})[1]['Access-Control-Allow-Origin'] == '*'
    assert get(google, 'up/my file.pdf', '')[1]['contentType'] == 'application/pdf'


def test_signed_urls_refused(google):
    url = signed(google, 'GET', 'up/my file.pdf')
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for bad, code, name in ((url.replace('my%20', 'your%20'), 403, b'SignatureDoesNotMatch'),
                            (url.replace('Expires=600', 'Expires=601'), 403, b'SignatureDoesNotMatch'),
                            (signed(google, 'GET', 'x', key=other), 403, b'SignatureDoesNotMatch'),
                            (signed(google, 'GET', 'x', expires=5, age=9), 400, b'ExpiredToken'),
                            (signed(google, 'GET', 'x', expires=604801), 400, b'InvalidArgument'),
                            (url.partition('?')[0], 403, b'AccessDenied'),
                            (signed(google, 'GET', 'nowhere'), 404, b'NoSuchKey')):
        answer = call(bad)
        assert answer[0] == code and b'<Code>' + name in answer[2], answer
    late = {'x-goog-if-generation-match': '0'}
    put(google, 'taken', b'x')
    assert call(signed(google, 'PUT', 'taken', late), 'PUT', b'y', late)[0] == 412
    assert call(signed(google, 'PUT', 'taken'), 'PUT', b'y', late)[0] == 400


def test_sign_blob(google):
    account = f'/v1/projects/-/serviceAccounts/{SIGNER}'
    reply = ask(google, 'iam', account + ':signBlob', 'POST', {'payload': b64(b'text')})[1]
    public = private_key(google).public_key()
    public.verify(base64.b64decode(reply['signedBlob']), b'text', padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(reply['signedBlob']), b'other', padding.PKCS1v15(), hashes.SHA256())
    ask(google, 'iam', account.replace('signer', 'nobody') + ':signBlob', 'POST', {'payload': ''}, want=404)


# ---------------------------------------------------------------- Cloud Tasks

@pytest.fixture
def target():
    """A small server that answers what its list of replies says, then 204."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
            server.got.append((time.time(), self.path, dict(self.headers), body))
            code, headers = server.replies.pop(0) if server.replies else (204, {})
            self.send_response(code)
            for item in headers.items():
                self.send_header(*item)
            self.end_headers()

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.got, server.replies, server.url = [], [], f'http://127.0.0.1:{server.server_port}'
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def create(google, url, name=None, want=200, **task):
    task['httpRequest'] = {'url': url, 'headers': {'Content-Type': 'application/json'}, 'body': b64(b'{"a":1}'),
                           'oidcToken': {'serviceAccountEmail': SIGNER, 'audience': 'https://svc.example'}}
    if name:
        task['name'] = f'{QUEUE[4:]}/tasks/{name}'
    return ask(google, 'tasks', QUEUE + '/tasks', 'POST', {'task': task}, want=want)[1]


def state(google, name):
    return next((t for t in google.control('tasks') if t['name'].endswith('/' + name)), {}).get('state')


def check_token(google, token):
    head, claims, signature = token.split('.')
    unb64 = lambda text: base64.urlsafe_b64decode(text + '==')
    key = json.loads(call(google.fake + '/certs')[2])['keys'][0]
    public = rsa.RSAPublicNumbers(*(int.from_bytes(unb64(key[k]), 'big') for k in 'en')).public_key()
    public.verify(unb64(signature), f'{head}.{claims}'.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(unb64(head))['kid'] == key['kid']
    return json.loads(unb64(claims))


def test_task_delivered(google, target):
    task = create(google, target.url + '/work?x=1', 'one')
    assert task['view'] == 'BASIC' and 'body' not in task['httpRequest']
    create(google, target.url, 'one', want=409)
    until(lambda: state(google, 'one') == 'done')
    create(google, target.url, 'one', want=409)
    (_, path, headers, body), = target.got
    assert path == '/work?x=1' and body == b'{"a":1}' and headers['Content-Type'] == 'application/json'
    assert headers['X-CloudTasks-QueueName'] == 'jobs' and headers['X-CloudTasks-TaskName'] == 'one'
    assert headers['X-CloudTasks-TaskRetryCount'] == headers['X-CloudTasks-TaskExecutionCount'] == '0'
    claims = check_token(google, headers['Authorization'].removeprefix('Bearer '))
    assert claims['iss'] == 'https://accounts.google.com' and claims['aud'] == 'https://svc.example'
    assert claims['email'] == SIGNER and claims['email_verified'] is True and claims['exp'] > time.time()
    ask(google, 'tasks', QUEUE + '/tasks/one', want=404)


def test_task_retried(google, target):
    target.replies = [(500, {}), (503, {'Retry-After': '1'})]
    create(google, target.url, 'again')
    until(lambda: state(google, 'again') == 'done')
    first, second, third = target.got
    assert 0.2 <= second[0] - first[0] < 1 <= third[0] - second[0]
    assert third[2]['X-CloudTasks-TaskRetryCount'] == '2' and third[2]['X-CloudTasks-TaskPreviousResponse'] == '503'
    target.replies = [(400, {})] * 5
    create(google, target.url, 'lost')
    until(lambda: state(google, 'lost') == 'failed')
    assert len(target.got) == 3 + 3


def test_task_delivered_over_tls(target, tmp_path):
    cert, key = str(tmp_path / 'cert.pem'), str(tmp_path / 'key.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=127.0.0.1',
                    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], check=True,
                   capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    target.socket = context.wrap_socket(target.socket, server_side=True)
    child = subprocess.Popen([sys.executable, os.path.join(HERE, 'fake_google.py'), '--target-ca', cert],
                             stdout=subprocess.PIPE, text=True)
    try:
        fake = f'http://127.0.0.1:{child.stdout.readline().strip()}'
        task = {'httpRequest': {'url': target.url.replace('http:', 'https:') + '/tls'}}
        assert call(fake + QUEUE + '/tasks', 'POST', {'task': task})[0] == 200
        until(lambda: target.got)
        assert target.got[0][1] == '/tls' and 'Authorization' not in target.got[0][2]
    finally:
        child.terminate()
        child.communicate(timeout=10)


def test_task_scheduled_listed_deleted(google, target):
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    create(google, target.url, 'soon', scheduleTime=later.strftime('%Y-%m-%dT%H:%M:%S.%fZ'))
    create(google, target.url, 'never', dispatchDeadline='15s',
           scheduleTime=(later + datetime.timedelta(days=20)).strftime('%Y-%m-%dT%H:%M:%SZ'))
    listed = ask(google, 'tasks', QUEUE + '/tasks?responseView=BASIC')[1]['tasks']
    assert {t['name'].split('/')[-1] for t in listed} == {'soon', 'never'}
    assert ask(google, 'tasks', QUEUE + '/tasks/never')[1]['dispatchDeadline'] == '15s'
    ask(google, 'tasks', QUEUE + '/tasks/never', 'DELETE')
    until(lambda: state(google, 'soon') == 'done')
    assert target.got[0][0] >= later.timestamp() and state(google, 'never') == 'deleted'
    assert create(google, target.url)['name'].startswith(QUEUE[4:] + '/tasks/')
    create(google, target.url, 'bad.name', want=400)
    create(google, target.url, dispatchDeadline='10s', want=400)
    assert ask(google, 'tasks', QUEUE)[1]['state'] == 'RUNNING'


# ---------------------------------------------------------------- Document AI, Gemini, BigQuery, OAuth

def process(google, mime='image/png', data=PNG, want=200):
    return ask(google, 'documentai', PROCESSOR, 'POST', {'rawDocument': {'content': b64(data), 'mimeType': mime}}, want=want)[1]


def test_documentai(google):
    document = process(google)['document']
    assert document['text'] == '' and document['pages'][0]['dimension'] == {'width': 640, 'height': 480, 'unit': 'pixels'}
    assert process(google, 'text/plain', want=400)['error']['status'] == 'INVALID_ARGUMENT'
    assert 'exceeds the limit' in process(google, data=bytes(16 << 20), want=400)['error']['message']
    google.control('documentai', {'replies': [{'status': 429}, {'document': {'text': 'one'}}],
                                  'reply': {'document': {'text': 'more'}}})
    assert process(google, want=429)['error']['status'] == 'RESOURCE_EXHAUSTED'
    assert [process(google)['document']['text'] for _ in range(3)] == ['one', 'more', 'more']
    google.control('documentai', {'delay_ms': 400})
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: process(google), range(4)))
    assert time.monotonic() - start >= 0.4
    google.control('documentai', {})


def test_gemini(google):
    def said():
        reply = ask(google, 'gemini', GENERATE, 'POST', {'contents': [{'role': 'user', 'parts': [{'text': 'hi'}]}]},
                    {'x-goog-api-key': 'k'})[1]
        return reply['candidates'][0]['content']['parts'][0]['text']
    assert said() == '{"rows":[]}'
    google.control('gemini', {'replies': [{'text': '{"rows":[1]}'}]})
    assert [said(), said()] == ['{"rows":[1]}', '{"rows":[]}']


def test_bigquery(google):
    def bq(path, method='GET', body=None, want=200):
        return ask(google, 'bigquery', BIGQUERY + path, method, body, want=want)[1]
    fields = [{'name': 'id', 'type': 'STRING', 'mode': 'REQUIRED'}, {'name': 'n', 'type': 'INTEGER'}]
    table = {'tableReference': {'projectId': 'demo-test', 'datasetId': 'd', 'tableId': 't'}, 'schema': {'fields': fields}}
    dataset = {'datasetReference': {'projectId': 'demo-test', 'datasetId': 'd'}}
    insert = '/datasets/d/tables/t/insertAll'
    assert bq('/datasets/d', want=404)['error']['errors'][0]['reason'] == 'notFound'
    bq('/datasets', 'POST', dataset)
    bq('/datasets', 'POST', dataset, want=409)
    bq('/datasets/d')
    bq(insert, 'POST', {'rows': [{'json': {'id': 'a'}}]}, want=404)
    bq('/datasets/d/tables', 'POST', table)
    assert bq('/datasets/d/tables', 'POST', table, want=409)['error']['errors'][0]['reason'] == 'duplicate'
    row = {'insertId': '1', 'json': {'id': 'a', 'n': 1}}
    assert 'insertErrors' not in bq(insert, 'POST', {'rows': [row]})
    bq(insert, 'POST', {'rows': [row, {'insertId': '2', 'json': {'id': 'b', 'n': '2'}}]})
    bad = bq(insert, 'POST', {'rows': [{'json': {'id': 'c', 'x': 1}}, {'json': {'id': 'd'}}, {'json': {'n': 'no'}}]})
    assert [e['errors'][0]['reason'] for e in bad['insertErrors']] == ['invalid', 'stopped', 'invalid']
    assert bad['insertErrors'][0]['errors'][0]['message'] == 'no such field: x.'
    assert google.control('rows')['demo-test:d.t'] == [{'id': 'a', 'n': 1}, {'id': 'b', 'n': '2'}]
    bq('/datasets/d/tables/t', 'PATCH', {**table, 'schema': {'fields': fields[:1]}}, want=400)
    bq('/datasets/d/tables/t', 'PATCH', {**table, 'schema': {'fields': [*fields, {'name': 'x', 'type': 'STRING'}]}})
    bq(insert, 'POST', {'rows': [{'json': {'id': 'c', 'x': 'y'}}]})
    assert bq('/datasets/d/tables/t')['numRows'] == '3'
    assert bq('/queries', 'POST', {'query': 'SELECT 1', 'useLegacySql': False})['jobComplete'] is True
    job = {'jobReference': {'projectId': 'demo-test', 'jobId': 'j1'}, 'configuration': {'query': {'query': 'SELECT 1'}}}
    assert bq('/jobs', 'POST', job)['status']['state'] == 'DONE'
    bq('/jobs', 'POST', job, want=409)
    lines = b'{"id":"e","n":5}\n{"id":"f"}\n'
    job = {'configuration': {'load': {'destinationTable': table['tableReference'], 'writeDisposition': 'WRITE_TRUNCATE',
                                      'sourceFormat': 'NEWLINE_DELIMITED_JSON'}}}
    for data, failed in ((lines + b'{"z":1}', True), (lines, False)):
        body = b'--b\r\nContent-Type: application/json\r\n\r\n' + json.dumps(job).encode() \
            + b'\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n' + data + b'\r\n--b--'
        loaded = ask(google, 'bigquery', f'/upload{BIGQUERY}/jobs?uploadType=multipart', 'POST', body,
                     {'Content-Type': 'multipart/related; boundary=b'})[1]
        assert ('errorResult' in loaded['status']) == failed
    assert [r['id'] for r in google.control('rows')['demo-test:d.t']] == ['e', 'f']
    assert bq('/jobs/j1')['jobReference']['jobId'] == 'j1' and bq('/queries/j1')['totalRows'] == '0'


def test_tokens(google):
    def form(path, **fields):
        code, _, body = call(google.fake + path, 'POST', urllib.parse.urlencode(fields).encode())
        return code, json.loads(body)

    def grant(key=None, **claims):
        now = int(time.time())
        claims = {'iss': SIGNER, 'aud': 'https://oauth2.googleapis.com/token', 'iat': now, 'exp': now + 3600,
                  'scope': 'https://www.googleapis.com/auth/cloud-platform', **claims}
        text = '.'.join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip('=')
                        for p in ({'alg': 'RS256', 'typ': 'JWT'}, claims))
        signature = (key or private_key(google)).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return form('/token', grant_type='urn:ietf:params:oauth:grant-type:jwt-bearer',
                    assertion=f'{text}.{base64.urlsafe_b64encode(signature).decode().rstrip("=")}')
    google.control('token', {'expires_in': 61})
    code, reply = grant()
    assert code == 200 and reply['expires_in'] == 61 and reply['token_type'] == 'Bearer'
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for wrong in ({'key': other}, {'aud': 'https://else.example'}, {'exp': 1}, {'iss': 'x'}, {'scope': ''}):
        assert grant(**wrong)[0] == 400, wrong
    refresh = {'grant_type': 'refresh_token', 'client_id': 'i', 'client_secret': 's'}
    assert form('/token', **refresh, refresh_token='r')[0] == 200
    assert form('/token', **refresh, refresh_token='revoked')[1]['error'] == 'invalid_grant'
    code, reply = form('/sts', grant_type='urn:ietf:params:oauth:grant-type:token-exchange', audience='a', scope='s',
                       subject_token='t', subject_token_type='urn:ietf:params:oauth:token-type:jwt',
                       requested_token_type='urn:ietf:params:oauth:token-type:access_token')
    assert code == 200 and reply['issued_token_type'].endswith('access_token')
    metadata = google.fake + '/computeMetadata/v1/instance/service-accounts/default/'
    assert call(metadata + 'token')[0] == 403
    assert call(metadata + 'email', headers={'Metadata-Flavor': 'Google'})[2].decode() == SIGNER
    google.control('token', {'expires_in': 3599, 'refuse': 1})
    get(google, 'nowhere', want=401)
    get(google, 'nowhere', want=404)


def test_calls_are_kept_without_secrets(google):
    google.control('calls', method='DELETE')
    get(google, 'nowhere', want=404)
    call(signed(google, 'GET', 'nowhere'))
    first, second = google.control('calls')
    assert (first['api'], first['status'], first['authorization']) == ('storage', 404, 'Bearer')
    assert (second['api'], second['authorization'], second['path']) == ('xml', 'signed URL', '/demo-bucket/nowhere')


# ---------------------------------------------------------------- Firestore

def test_firestore(google):
    if not google.firestore:
        pytest.skip("THE FIRESTORE EMULATOR IS ABSENT: nothing of Firestore was tested")
    google.reset_firestore()
    commit, name = DOCUMENTS + ':commit', DOCUMENTS[4:] + '/jobs/1'

    def write(state, want=200, **precondition):
        return ask(google, 'firestore', commit, 'POST', {'writes': [
            {'update': {'name': name, 'fields': {'state': {'stringValue': state}}},
             'currentDocument': precondition}]}, want=want)[1]
    first = write('queued', exists=False)['writeResults'][0]['updateTime']
    assert write('queued', want=409, exists=False)['error']['status'] == 'ALREADY_EXISTS'
    write('running', updateTime=first)
    assert write('running', want=400, updateTime=first)['error']['status'] == 'FAILED_PRECONDITION'
    assert ask(google, 'firestore', DOCUMENTS + '/jobs/1')[1]['fields']['state']['stringValue'] == 'running'


# ---------------------------------------------------------------- faults

def test_fault_status_and_html(google):
    put(google, 'faulty', b'0123456789')
    google.faults.fail('/o/faulty', fault_proxy.status(503, {'Retry-After': '7'}, json={'error': {'code': 503}}), times=2, method='GET')
    for _ in range(2):
        headers, body = get(google, 'faulty', want=503)
        assert headers['Retry-After'] == '7' and body['error']['code'] == 503
    assert get(google, 'faulty')[1] == b'0123456789'
    google.faults.fail('/o/faulty', fault_proxy.html())
    assert get(google, 'faulty', '')[1].startswith(b'<!doctype html>')
    assert [c[2] for c in google.faults.calls] == ['forwarded', 'status 503', 'status 503', 'forwarded', 'html']


@pytest.mark.parametrize('forward', [False, True])
def test_fault_reset_before(google, forward):
    google.faults.fail(UPLOAD, fault_proxy.reset_before(forward))
    with pytest.raises(OSError) as error:
        put(google, f'reset-{forward}', b'x')
    assert isinstance(getattr(error.value, 'reason', error.value), ConnectionResetError)
    get(google, f'reset-{forward}', want=200 if forward else 404)


def test_fault_reset_mid_body(google):
    put(google, 'half', b'0123456789' * 100)
    google.faults.fail('/o/half', fault_proxy.reset_mid_body())
    link = http.client.HTTPConnection('127.0.0.1', google.faults.port, timeout=10)
    link.request('GET', f'/storage{BUCKET}/half?alt=media', headers={'Authorization': 'Bearer owner'})
    answer = link.getresponse()
    assert answer.headers['Content-Length'] == '1000' and len(answer.read(500)) == 500
    with pytest.raises(ConnectionResetError):
        answer.read()
    link.close()


def test_fault_truncated_json(google):
    whole = put(google, 'cut', b'x')
    google.faults.fail('/o/cut', fault_proxy.truncated_json())
    _, headers, raw = call(f'{google.url}/storage{BUCKET}/cut', headers={'Authorization': 'Bearer owner'})
    assert int(headers['Content-Length']) == len(raw) == len(json.dumps(whole)) // 2
    with pytest.raises(ValueError):
        json.loads(raw)


@pytest.mark.parametrize('fault', [fault_proxy.stall(), fault_proxy.slow_loris()])
def test_fault_that_takes_for_ever(google, fault):
    put(google, 'slow', b'0123456789')
    google.faults.fail('/o/slow', fault)
    link = http.client.HTTPConnection('127.0.0.1', google.faults.port, timeout=1.5)
    start = time.monotonic()
    link.request('GET', f'/storage{BUCKET}/slow?alt=media', headers={'Authorization': 'Bearer owner'})
    if fault.fault == 'stall':
        with pytest.raises(socket.timeout):
            link.getresponse()
    else:
        answer = link.getresponse()
        assert answer.read(2) == b'01' and time.monotonic() - start >= 1.9
    link.close()
    assert get(google, 'slow')[1] == b'0123456789'


@pytest.mark.parametrize('by', ['the client', 'the upstream', 'the proxy'])
def test_http2_through_the_proxy_ends_on_both_sides(by):
    preface = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
    with socket.create_server(('127.0.0.1', 0)) as server:
        proxy = fault_proxy.FaultProxy(f'http://127.0.0.1:{server.getsockname()[1]}')
        client = socket.create_connection(('127.0.0.1', proxy.port), 10)
        client.sendall(preface + b'more')
        upstream = server.accept()[0]
        upstream.settimeout(10)
        got = b''
        while len(got) < len(preface) + 4:
            got += upstream.recv(100)
        upstream.sendall(b'back\0')
        assert (got, client.recv(100)) == (preface + b'more', b'back\0')
        {'the client': client, 'the upstream': upstream, 'the proxy': proxy}[by].close()
        for end in (client, upstream):
            assert end.fileno() < 0 or end.recv(100) == b''
            end.close()
        until(lambda: not proxy.tunnels)
        assert proxy.calls == []
        if by != 'the proxy':
            proxy.close()


# ---------------------------------------------------------------- last: what was answered above

def test_replies_have_the_published_types(google, tmp_path):
    """The contract server checks canned replies at its start: give it the stand-in's."""
    log = json.loads(call(google.contract + '/__log')[2])
    methods = {(e['method'], e['url']): e['id'] for e in log}
    told = [(methods[method, path], value) for method, path, value in google.replies if not path.startswith('/firestore')]
    assert len({i for i, _ in told}) >= 18
    by_id = {}
    for one, value in told:
        by_id.setdefault(one, []).append(value)
    modules = os.environ.get('GOOGLE_CONTRACT_MODULES') or os.path.join(HERE, 'node_modules')
    for turn in range(2):  # the first reply of each method, then the last
        for one, values in by_id.items():
            (tmp_path / f'{one}.json').write_text(json.dumps(values[-turn]))
        child = subprocess.Popen(['node', os.path.join(HERE, 'contract-server.mjs'), '--modules', modules, '--port',
                                  str(free_port()), '--canned', str(tmp_path)], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        try:
            assert ' routes; ' in child.stdout.readline()
        finally:
            child.kill()
            child.communicate(timeout=10)


@pytest.mark.parametrize('api,reply,words', [
    ('documentai', {'document': {'text': 'x', 'pages': [{'token': []}]}}, 'pages[0].token: unknown field'),
    ('documentai', {'document': {'text': 5}}, 'document.text'),
    ('documentai', {'document': {'pages': [{'tokens': [{'layout': {'confidence': '0.9'}}]}]}}, 'confidence'),
    ('gemini', {'candidates': [{'finishReason': 'DONE'}]}, 'FinishReason'),
    ('bigquery', {'jobComplete': 'yes'}, 'jobComplete')])
def test_reply_that_the_api_could_not_give_is_refused(google, api, reply, words):
    google.control(api, {'reply': reply})
    try:
        if api == 'documentai':
            told = process(google, want=502)
        else:
            path, body = {'gemini': (GENERATE, {'contents': [{'parts': [{'text': 'hi'}]}]}),
                          'bigquery': (BIGQUERY + '/queries', {'query': 'SELECT 1'})}[api]
            told = ask(google, api, path, 'POST', body, want=502)[1]
        assert words in told['error']['message'], told
        assert any(words in e for v in google.violations() for e in v['errors'])
    finally:
        google.control(api, {})
        google.violations(clear=True)


def test_document_has_the_fields_asked_for(google):
    google.control('documentai', {'reply': {'document': {
        'text': 'x', 'mimeType': 'image/png', 'error': {'code': 3, 'message': 'no'},
        'pages': [{'pageNumber': 1, 'tokens': [], 'lines': []}]}}})
    def asked(mask):
        return ask(google, 'documentai', PROCESSOR, 'POST', {
            'rawDocument': {'content': b64(PNG), 'mimeType': 'image/png'}, 'fieldMask': mask})[1]['document']
    assert asked('text,pages.tokens') == {'text': 'x', 'pages': [{'tokens': []}]}
    assert asked('error') == {'error': {'code': 3, 'message': 'no'}}
    google.control('documentai', {})


# ---------------------------------------------------------------- gRPC: here, as its refusals clear the log

QUERY = 'google.firestore.v1.Firestore/RunQuery'
PARENT = DOCUMENTS[4:]
RETRY_INFO = b'type.googleapis.com/google.rpc.RetryInfo'
needs_firestore = pytest.mark.skipif(firestore_jar() is None, reason='THE FIRESTORE EMULATOR IS ABSENT: gRPC was not tested')


def varint(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)


def pb(number, value):
    """A field of a protobuf message: a number, text, or the bytes of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def unpb(data):
    """{field number: [values]}"""
    def number():
        nonlocal at
        n = shift = 0
        while (byte := data[at]) & 128:
            n, shift, at = n | (byte & 127) << shift, shift + 7, at + 1
        at += 1
        return n | byte << shift
    at, out = 0, {}
    while at < len(data):
        tag, value = number(), number()
        if tag & 7 == 2:
            at, value = at + value, data[at:at + value]
        out.setdefault(tag >> 3, []).append(value)
    return out


def frame(message, flag=0):
    return struct.pack('>BI', flag, len(message)) + message


def query(collection, *more):
    return pb(1, PARENT) + pb(2, pb(2, pb(2, collection)) + b''.join(more))


class Answer:
    """What curl got of a call by gRPC."""

    def __init__(self, base, body, method=QUERY, headers=(), seconds=20):
        sent = {'content-type': 'application/grpc', 'te': 'trailers', 'authorization': 'Bearer owner', **dict(headers)}
        r = subprocess.run(['curl', '-sS', '-m', str(seconds), '--http2-prior-knowledge', '-D', '/dev/stderr', '--data-binary',
                            '@-', *(a for n, v in sent.items() for a in ('-H', f'{n}: {v}' if v else f'{n}:')),
                            f'{base}/{method}'], input=body, capture_output=True, timeout=60)
        self.exit, self.rest, self.messages = r.returncode, r.stdout, []
        lines = r.stderr.decode('latin-1').split('\r\n')
        self.headers = dict(line.split(': ', 1) for line in lines if ': ' in line)
        self.http = lines[0].split()[1] if lines[0].startswith('HTTP/2 ') else None
        self.status = self.headers.get('grpc-status')
        self.told = urllib.parse.unquote(self.headers.get('grpc-message', ''))
        while len(self.rest) >= 5 and len(self.rest) >= (size := 5 + struct.unpack_from('>I', self.rest, 1)[0]):
            self.messages.append(self.rest[5:size])
            self.rest = self.rest[size:]

    def documents(self):
        return [unpb(unpb(m)[1][0])[1][0].decode().removeprefix(PARENT) for m in self.messages]


@pytest.fixture(params=['at once', 'through the proxy'])
def base(google, request):
    """Where gRPC is called, beside five small documents in /five."""
    google.reset_firestore()
    google.grpc_clear()
    ask(google, 'firestore', DOCUMENTS + ':commit', 'POST', {'writes': [
        {'update': {'name': f'{PARENT}/five/{i}', 'fields': {'n': {'integerValue': str(i)}}}} for i in range(5)]})
    yield (google.contract if request.param == 'at once' else google.url) + '/firestore'
    google.grpc_clear()


def calls(google):
    return [(c['fault'], c['messages']) for c in google.grpc_calls()]


@needs_firestore
def test_grpc(google, base):
    for path in (base, base.removesuffix('/firestore')):
        answer = Answer(path, frame(query('five')), headers={
            'x-goog-request-params': 'parent=' + urllib.parse.quote(PARENT, safe=''), 'grpc-timeout': '30S'})
        assert (answer.exit, answer.http, answer.status, answer.rest) == (0, '200', '0', b'')
        assert answer.headers['content-type'] == 'application/grpc'
        assert answer.documents() == [f'/five/{i}' for i in range(5)]
    assert google.grpc_calls() == [{'path': path + QUERY, 'fault': 'forwarded', 'messages': 5} for path in ('/firestore/', '/')]
    entry = json.loads(call(google.contract + '/__log')[2])[-1]
    assert (entry['id'], entry['url'], entry['code'], entry['messages']) == ('Firestore.RunQuery', '/' + QUERY, 0, 5)
    assert ask(google, 'firestore', DOCUMENTS + '/five/1')[1]['fields'] == {'n': {'integerValue': '1'}}


@needs_firestore
def test_grpc_of_all_kinds_of_fields(google, base):
    """Enums, a map, wrappers, times, negative numbers and doubles; calls with one answer, and those that fail."""
    commit, get_many = (f'google.firestore.v1.Firestore/{m}' for m in ('Commit', 'BatchGetDocuments'))
    fields = {'n': pb(2, 2 ** 64 - 7), 'd': varint(3 << 3 | 1) + struct.pack('<d', float('inf')), 'b': pb(18, b'\xff'),
              't': pb(10, pb(1, 1700000000) + pb(2, 5000)), 'l': pb(9, pb(1, pb(1, 1)) + pb(1, pb(11, 0))), 'ü': pb(17, '')}
    document = pb(1, PARENT + '/kinds/1') + b''.join(pb(2, pb(1, k) + pb(2, v)) for k, v in fields.items())
    write = pb(1, document) + pb(4, pb(1, 0)) + pb(3, pb(1, 'n') + pb(1, 'd') + pb(1, 'b') + pb(1, 't') + pb(1, 'l') + pb(1, '`ü`'))
    answer = Answer(base, frame(pb(1, PARENT.removesuffix('/documents')) + pb(2, write)), commit)
    assert (answer.status, len(answer.messages)) == ('0', 1), answer.told
    kept = ask(google, 'firestore', DOCUMENTS + '/kinds/1')[1]['fields']
    assert kept == {'n': {'integerValue': '-7'}, 'd': {'doubleValue': 'Infinity'}, 'b': {'bytesValue': '/w=='}, 'ü': {'stringValue': ''},
                    't': {'timestampValue': '2023-11-14T22:13:20.000005Z'},
                    'l': {'arrayValue': {'values': [{'booleanValue': True}, {'nullValue': None}]}}}
    where = pb(3, pb(2, pb(1, pb(2, 'n')) + pb(2, 1) + pb(3, pb(2, 3))))  # n < 3
    answer = Answer(base, frame(query('five', where, pb(4, pb(1, pb(2, 'n')) + pb(2, 2)), pb(5, pb(1, 2)), pb(1, pb(2, pb(2, 'n'))))))
    assert answer.documents() == ['/five/2', '/five/1'], answer.told
    answer = Answer(base, frame(pb(1, PARENT.removesuffix('/documents')) + pb(2, PARENT + '/five/3')), get_many)
    assert answer.documents() == ['/five/3']
    answer = Answer(base, frame(pb(1, PARENT.removesuffix('/documents')) + pb(2, write)), commit)
    assert answer.status == '6' and 'exists' in answer.told  # of Google's emulator
    assert calls(google)[-1] == ('forwarded', 0)


@needs_firestore
def test_grpc_of_megabytes(google, base):
    for i in range(9):
        ask(google, 'firestore', DOCUMENTS + ':commit', 'POST', {'writes': [{'update': {
            'name': f'{PARENT}/big/{i}', 'fields': {'x': {'stringValue': str(i) * 1_000_000}}}}]})
    answer = Answer(base, frame(query('big')))
    assert (answer.exit, answer.status, answer.documents()) == (0, '0', [f'/big/{i}' for i in range(9)])
    assert all(str(i).encode() * 1_000_000 in m for i, m in enumerate(answer.messages))
    google.grpc_fail('RunQuery', reset=True, after=5)
    answer = Answer(base, frame(query('big')))
    # What was sent right before the reset may not arrive whole.
    assert answer.exit == 92 and answer.documents() == [f'/big/{i}' for i in range(len(answer.messages))]
    assert len(answer.messages) <= 5


REFUSED = {
    'unknown field': (frame(query('five') + pb(99, 1)), {}, 3, 'unknown field 99 in .google.firestore.v1.RunQueryRequest'),
    'unknown field within': (frame(query('five', pb(99, 'x'))), {}, 3, 'structuredQuery: unknown field 99'),
    'wrong enum': (frame(query('five', pb(4, pb(1, pb(2, 'n')) + pb(2, 7)))), {}, 3, 'structuredQuery.orderBy[0].direction: 7 is not one of'),
    'wrong wire type': (frame(query('five', pb(5, 2))), {}, 3, 'structuredQuery.limit: wire type 0, want 2'),
    'no text': (frame(query(b'\xff')), {}, 3, 'not a .google.firestore.v1.RunQueryRequest'),
    'cut short': (frame(query('five')[:-2]), {}, 3, 'not a .google.firestore.v1.RunQueryRequest'),
    'required': (frame(query('five')[len(pb(1, PARENT)):]), {}, 3, 'parent: required field missing'),
    'given twice': (frame(query('five') + pb(1, PARENT)), {}, 3, 'parent: given twice'),
    'two of a oneof': (frame(query('five') + pb(5, 't') + pb(7, pb(1, 5))), {}, 3, 'are one oneof (consistency_selector)'),
    'no time': (frame(query('five') + pb(7, pb(1, 5) + pb(2, 10 ** 9))), {}, 3, 'readTime: "out of range" is not a valid Timestamp'),
    'no te': (frame(query('five')), {'te': ''}, 3, 'te: want trailers'),
    'content type': (frame(query('five')), {'content-type': 'application/x-protobuf'}, 3, 'content-type: want application/grpc'),
    'timeout': (frame(query('five')), {'grpc-timeout': '30'}, 3, 'grpc-timeout: 30 is not a timeout'),
    'routing': (frame(query('five')), {'x-goog-request-params': 'parent=x'}, 3, 'x-goog-request-params: parent=x is not'),
    'no token': (frame(query('five')), {'authorization': ''}, 16, 'no authorization: Bearer'),
    'compressed': (frame(query('five'), 1), {}, 3, 'frame: compressed flag is 1'),
    'no frame': (b'\0\0', {}, 3, 'frame: 2 bytes of a prefix of 5'),
    'half a frame': (frame(query('five'))[:-1], {}, 3, 'frame: '),
    'two messages': (frame(query('five')) * 2, {}, 3, '2 messages, want one'),
    'no message': (b'', {}, 3, '0 messages, want one'),
}


@needs_firestore
@pytest.mark.parametrize('what', REFUSED)
def test_grpc_that_is_refused(google, base, what):
    body, headers, status, told = REFUSED[what]
    google.grpc_fail('RunQuery', end=True)  # which it does not meet
    answer = Answer(base, body, headers=headers)
    assert (answer.exit, answer.http, answer.status, answer.messages) == (0, '200', str(status), []) and told in answer.told
    (entry,) = google.violations(clear=True)
    assert entry['code'] == status and '; '.join(entry['errors']) == answer.told
    assert calls(google) == [('refused', 0)]


@needs_firestore
def test_grpc_of_what_is_not_there(google, base):
    assert Answer(base, frame(b''), QUERY + 'Now').status == '12'
    assert Answer(base.replace('/firestore', '/tasks'), frame(query('five'))).status == '12'
    answer = Answer(base.replace('/firestore', '/documentai'), frame(pb(1, 'projects/p/locations/us') + pb(2, pb(1, 'mine'))),
                    'google.cloud.documentai.v1.DocumentProcessorService/CreateProcessor')
    assert answer.told == '[grpc DocumentProcessorService.CreateProcessor] processor.name: output only'
    assert [e['code'] for e in google.violations(clear=True)] == [12, 12, 3]


FAULTS = {
    'status 8': {'status': 8, 'message': '50 % of ü,\nslow down'}, 'status 13': {'status': 13}, 'reset': {'reset': True},
    'cut': {'cut': True}, 'half': {'half': True}, 'end': {'end': True}, 'stall': {'stall': True}, 'html': {'html': True}, 'http 503': {'http': 503}}


@needs_firestore
@pytest.mark.parametrize('after', [0, 2, 5, 9])
@pytest.mark.parametrize('fault', FAULTS)
def test_grpc_fault(google, base, fault, after):
    if after and 'ht' in fault:
        with pytest.raises(AssertionError):
            google.grpc_fail('RunQuery', after=after, **FAULTS[fault])
        return
    google.grpc_fail('RunQuery', after=after, **FAULTS[fault])
    answer = Answer(base, frame(query('five')), seconds=0.5 if fault == 'stall' else 20)
    passed = min(after, 5)
    assert calls(google) == [(fault, passed)]
    assert answer.http == {'http 503': '503'}.get(fault, '200') or (answer.http is None and after == 0)
    if fault in ('html', 'http 503'):
        assert answer.headers['content-type'].startswith('text/') and answer.rest and answer.status is None
    else:
        assert answer.documents() == [f'/five/{i}' for i in range(passed)]
        assert bool(answer.rest) == (fault == 'half')
    if fault in ('reset', 'cut', 'stall'):
        assert answer.status is None and answer.exit in {'reset': (92,), 'cut': (16, 18, 52, 55, 56, 92), 'stall': (28,)}[fault]
    else:
        assert answer.exit == 0 and answer.status == {'status 8': '8', 'status 13': '13', 'half': '0'}.get(fault)
    assert answer.told == FAULTS[fault].get('message', '')
    again = Answer(base, frame(query('five')))
    assert (again.status, len(again.documents())) == ('0', 5)


@needs_firestore
def test_grpc_faults_in_turn(google, base):
    google.grpc_fail('RunQuery', 2, status=14, message='one', retry_delay=1.5)
    google.grpc_fail('Commit', end=True)
    google.grpc_fail('RunQuery', http=429)
    pending = json.loads(call(google.contract + '/__grpc')[2])['pending']
    assert [(p['path'], p['times']) for p in pending] == [('RunQuery', 2), ('Commit', 1), ('RunQuery', 1)]
    first, second, third, fourth = (Answer(base, frame(query('five'))) for _ in range(4))
    assert [first.status, second.status, third.http, fourth.status] == ['14', '14', '429', '0']
    status = unpb(base64.b64decode(first.headers['grpc-status-details-bin']))
    assert (status[1], status[2]) == ([14], [b'one'])
    assert unpb(status[3][0]) == {1: [RETRY_INFO], 2: [pb(1, pb(1, 1) + pb(2, 500_000_000))]}
    assert [f for f, _ in calls(google)] == ['status 14', 'status 14', 'http 429', 'forwarded']
    assert [p['path'] for p in json.loads(call(google.contract + '/__grpc')[2])['pending']] == ['Commit']
    google.grpc_clear()
    assert json.loads(call(google.contract + '/__grpc')[2]) == {'pending': [], 'calls': []}
    google.grpc_fail('RunQuery', times=None, status=7)
    assert [Answer(base, frame(query('five'))).status for _ in range(3)] == ['7'] * 3
    with pytest.raises(AssertionError):
        google.grpc_fail('RunQuery', slow=True)


@pytest.mark.parametrize('first', [b'P', b'PR', b'PU'])
def test_protocols_are_told_apart_by_their_first_bytes(google, first):
    """However these arrive."""
    with socket.create_connection(('127.0.0.1', int(google.contract.rsplit(':', 1)[1])), 10) as link:
        link.sendall(first)
        time.sleep(0.2)
        if first == b'PU':
            link.sendall(b'T /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
            assert link.recv(100).startswith(b'HTTP/1.1 404 ')
            google.violations(clear=True)
        else:
            link.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'.removeprefix(first) + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
            assert link.recv(100)[3] == 4  # SETTINGS
            link.shutdown(socket.SHUT_WR)
            while link.recv(100):
                pass
