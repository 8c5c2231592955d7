#!/usr/bin/python3
"""A stateful stand-in for the Google APIs the service calls, for the tests.

It listens on the loopback interface only and is meant to run behind
contract-server.mjs, which checks the shape of every request.  What it keeps
(objects, tasks, rows, tokens) it keeps as the real APIs do; what it cannot
know (what a document says) a test sets under /__control.
"""
import argparse
import base64
import binascii
import concurrent.futures
import datetime
import hashlib
import heapq
import http.client
import http.server
import itertools
import json
import os
import re
import sqlite3
import ssl
import struct
import sys
import threading
import time
import traceback
import urllib.parse
from email.utils import formatdate

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import bigquery_json

MIB = 1 << 20
CHUNK = 256 << 10
PROJECT = 'demo-test'
CANONICAL = {400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND',
             409: 'ALREADY_EXISTS', 412: 'FAILED_PRECONDITION', 413: 'INVALID_ARGUMENT', 429: 'RESOURCE_EXHAUSTED',
             500: 'INTERNAL', 501: 'UNIMPLEMENTED', 503: 'UNAVAILABLE', 504: 'DEADLINE_EXCEEDED'}
REASONS = {400: 'invalid', 401: 'authError', 404: 'notFound', 409: 'duplicate', 412: 'conditionNotMet',
           416: 'requestedRangeNotSatisfiable', 429: 'rateLimitExceeded', 503: 'backendError'}


# ---------------------------------------------------------------- small tools

def b64(data):
    return base64.b64encode(data).decode()


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def unb64url(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def rfc3339(when):
    return datetime.datetime.fromtimestamp(when, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ')


def parse_rfc3339(text):
    text = re.sub(r'(\.\d{6})\d+', r'\1', text)
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def unquote(text):
    return urllib.parse.unquote(text, errors='surrogateescape')


def quote(text, safe='~'):
    return urllib.parse.quote(text, safe=safe, errors='surrogateescape')


class ApiError(Exception):
    def __init__(self, code, message, reason=None, status=None, headers=None):
        super().__init__(message)
        self.reply = Reply(error_body(code, message, reason, status), code, headers)


class XmlError(Exception):
    def __init__(self, code, name, message, **details):
        super().__init__(name)
        fields = {'Code': name, 'Message': message, **details}
        text = ''.join(f'<{k}>{v.replace("&", "&amp;").replace("<", "&lt;")}</{k}>' for k, v in fields.items())
        self.reply = Reply(f"<?xml version='1.0' encoding='UTF-8'?><Error>{text}</Error>".encode(), code,
                           {'Content-Type': 'application/xml; charset=UTF-8'})


class Reply:
    def __init__(self, body=b'', status=200, headers=None, delay=0):
        self.status, self.headers, self.delay = status, dict(headers or {}), delay
        if not isinstance(body, bytes):
            self.headers.setdefault('Content-Type', 'application/json; charset=UTF-8')
            body = json.dumps(body).encode()
        self.body = body


def error_body(code, message, reason=None, status=None):
    return {'error': {'code': code, 'message': message, 'status': status or CANONICAL.get(code, 'UNKNOWN'),
                      'errors': [{'message': message, 'domain': 'global',
                                  'reason': reason or REASONS.get(code, 'unknown')}]}}


def decode64(text, what):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise ApiError(400, f'Invalid value at \'{what}\' (TYPE_BYTES), Base64 decoding failed') from None


class Account:
    """The one service account: its key signs blobs, ID tokens and signed URLs."""

    def __init__(self, path, email):
        self.email = email
        if path and os.path.exists(path):
            with open(path, 'rb') as file:
                self.key = serialization.load_pem_private_key(file.read(), None)
        else:
            self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            if path:
                pem = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                             serialization.NoEncryption())
                with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'wb') as file:
                    file.write(pem)
        self.public = self.key.public_key()
        der = self.public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.kid = hashlib.sha1(der).hexdigest()

    def sign(self, data):
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def verifies(self, signature, data):
        try:
            self.public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
            return True
        except InvalidSignature:
            return False

    def jwks(self):
        numbers = self.public.public_numbers()
        text = {k: b64url(v.to_bytes((v.bit_length() + 7) // 8, 'big')) for k, v in (('n', numbers.n), ('e', numbers.e))}
        return {'keys': [{'kty': 'RSA', 'alg': 'RS256', 'use': 'sig', 'kid': self.kid, **text}]}

    def jwt(self, claims):
        head = {'alg': 'RS256', 'kid': self.kid, 'typ': 'JWT'}
        text = '.'.join(b64url(json.dumps(part).encode()) for part in (head, claims))
        return f'{text}.{b64url(self.sign(text.encode()))}'

    def id_token(self, audience, email=None):
        now, email = int(time.time()), email or self.email
        return self.jwt({'iss': 'https://accounts.google.com', 'aud': audience, 'azp': email, 'email': email,
                         'email_verified': True, 'sub': str(int(hashlib.sha256(email.encode()).hexdigest()[:16], 16)),
                         'iat': now, 'exp': now + 3600})


class Settable:
    """The answers of an API whose meaning a test sets: one after the other, then the default."""

    def __init__(self):
        self.delay_ms, self.replies, self.reply = 0, [], None

    def set(self, wish):
        self.delay_ms = wish.get('delay_ms', 0)
        self.replies = list(wish.get('replies', []))
        self.reply = wish.get('reply')

    def next(self, default):
        """A reply is the API's JSON, or {"status": n, "headers": {}, "json": {}} for anything else."""
        reply = self.replies.pop(0) if self.replies else self.reply
        if reply is None:
            return Reply(default, delay=self.delay_ms / 1000)
        code = reply.get('status')
        if not isinstance(code, int):
            return Reply(reply, delay=self.delay_ms / 1000)
        body = reply.get('json', default if code < 300 else error_body(code, f'{CANONICAL.get(code)}, as asked'))
        return Reply(body, code, reply.get('headers'), self.delay_ms / 1000)


# ---------------------------------------------------------------- routing

ROUTES = []


def route(api, methods, pattern):
    def keep(function):
        ROUTES.append((api, methods.split(), re.compile(pattern + r'\Z'), function))
        return function
    return keep


class Call:
    """One request: the path as sent, the query decoded, the body whole."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.path, _, self.raw_query = target.partition('?')
        self.query = dict(urllib.parse.parse_qsl(self.raw_query, keep_blank_values=True))

    def json(self):
        try:
            value = json.loads(self.body or b'{}')
        except ValueError:
            raise ApiError(400, 'Invalid JSON payload received.') from None
        if not isinstance(value, dict):
            raise ApiError(400, 'Invalid JSON payload received.')
        return value

    def form(self):
        if 'json' in self.headers.get('Content-Type', ''):
            return self.json()
        return dict(urllib.parse.parse_qsl(self.body.decode()))

    def credential(self):
        if 'X-Goog-Signature' in self.query:
            return 'signed URL'
        if 'x-goog-api-key' in self.headers or 'key' in self.query:
            return 'key'
        return self.headers.get('Authorization', '').split(' ')[0] or None


class Fake:
    def __init__(self, options):
        self.options = options
        self.lock = threading.RLock()
        self.account = Account(options.key, options.service_account)
        self.calls, self.pictures, self.refuse, self.expires_in = [], [], 0, 3599
        self.serial = itertools.count(1)
        self.objects, self.sessions, self.generation = {}, {}, 0
        self.buckets = set(options.bucket or ['demo-bucket', 'demo-source'])
        self.blobs_signed = set()
        self.datasets, self.tables, self.rows, self.seen, self.jobs = {}, {}, {}, {}, {}
        self.documentai, self.gemini, self.bigquery = Settable(), Settable(), Settable()
        self.tasks = Tasks(self)

    def answer(self, call):
        api, reply = None, None
        for name, methods, pattern, function in ROUTES:
            match = pattern.match(call.path)
            if match and call.method in methods:
                api = name
                break
        start = time.perf_counter()
        try:
            with self.lock:
                if api not in (None, 'control', 'oauth', 'xml') and self.refuse and 'Authorization' in call.headers:
                    self.refuse -= 1
                    raise ApiError(401, 'Request had invalid authentication credentials.')
                if api is None:
                    raise ApiError(501, f'the stand-in has no {call.method} {call.path}')
                reply = function(self, call, *[g and unquote(g) for g in match.groups()])
                if not isinstance(reply, Reply):
                    reply = Reply(reply)
        except (ApiError, XmlError) as error:
            reply = error.reply
        except Exception:  # a bug here, or a request the contract server would have refused
            traceback.print_exc()
            reply = Reply(error_body(500, 'the stand-in failed'), 500)
        if api != 'control':
            with self.lock:
                self.calls.append({'method': call.method, 'path': call.path, 'api': api, 'status': reply.status,
                                   'authorization': call.credential(), 'time': time.time(),
                                   'seconds': time.perf_counter() - start,
                                   'traceparent': call.headers.get('traceparent')})
        if reply.delay:
            time.sleep(reply.delay)
        if api == 'xml' and 'Origin' in call.headers:
            reply.headers.update({'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers':
                                  'Content-Type, Content-Length, Content-Range, ETag, x-goog-generation, x-goog-hash'})
        return reply


# ---------------------------------------------------------------- Cloud Storage: objects

class Object:
    def __init__(self, fake, bucket, name, data, content_type=None, meta=None):
        fake.generation = max(fake.generation + 1, time.time_ns() // 1000)
        self.name, self.data, self.generation = name, data, str(fake.generation)
        digest, now = hashlib.md5(data).digest(), rfc3339(time.time())
        kept = ('metadata', 'cacheControl', 'contentDisposition', 'contentEncoding', 'contentLanguage', 'customTime')
        self.meta = {'kind': 'storage#object', 'id': f'{bucket}/{name}/{self.generation}', 'name': name,
                     'bucket': bucket, 'generation': self.generation, 'metageneration': '1',
                     'contentType': content_type or 'application/octet-stream', 'storageClass': 'STANDARD',
                     'size': str(len(data)), 'md5Hash': b64(digest),
                     'etag': b64(b'\x08' + struct.pack('>Q', fake.generation)),
                     'timeCreated': now, 'updated': now, 'timeStorageClassUpdated': now,
                     **{k: meta[k] for k in kept if k in (meta or {})}}
        self.updated = time.time()

    def headers(self):
        return {'Content-Type': self.meta['contentType'], 'ETag': self.meta['etag'],
                'Last-Modified': formatdate(self.updated, usegmt=True), 'Accept-Ranges': 'bytes',
                'x-goog-generation': self.generation, 'x-goog-metageneration': '1',
                'x-goog-hash': f'md5={self.meta["md5Hash"]}', 'x-goog-stored-content-length': self.meta['size'],
                'x-goog-stored-content-encoding': 'identity', 'x-goog-storage-class': 'STANDARD'}

    def download(self, wanted, error):
        """The bytes, or the range of them that was asked for."""
        match = re.match(r'bytes=(\d*)-(\d*)\Z', wanted or '')
        if not match or match[0] == 'bytes=-':
            return Reply(self.data, 200, self.headers())
        size = len(self.data)
        first = int(match[1]) if match[1] else max(0, size - int(match[2]))
        last = min(int(match[2]), size - 1) if match[1] and match[2] else size - 1
        if first >= size or last < first:
            error.reply.headers['Content-Range'] = f'bytes */{size}'
            raise error
        return Reply(self.data[first:last + 1], 206, {**self.headers(), 'Content-Range': f'bytes {first}-{last}/{size}'})


def bucket_of(fake, name):
    if name not in fake.buckets:
        raise ApiError(404, 'The specified bucket does not exist.')


def preconditions(query, live, reading=False):
    generation = live.generation if live else '0'
    metageneration = '1' if live else None
    for name, value in (('Generation', generation), ('Metageneration', metageneration)):
        wanted, unwanted = query.get(f'if{name}Match'), query.get(f'if{name}NotMatch')
        if reading and unwanted is not None and unwanted == value:
            raise ApiError(304, 'Not Modified')
        if (wanted is not None and wanted != value) or (unwanted is not None and unwanted == value):
            raise ApiError(412, 'At least one of the pre-conditions you specified did not hold.')


def store(fake, bucket, name, data, content_type, meta, query):
    preconditions(query, fake.objects.get((bucket, name)))
    fresh = Object(fake, bucket, name, data, content_type, meta)
    if meta.get('md5Hash', fresh.meta['md5Hash']) != fresh.meta['md5Hash']:
        raise ApiError(400, f'Provided MD5 hash "{meta["md5Hash"]}" doesn\'t match calculated MD5 hash '
                            f'"{fresh.meta["md5Hash"]}".')
    fake.objects[bucket, name] = fresh
    return fresh.meta


def object_of(fake, call, bucket, name):
    live = fake.objects.get((bucket, name))
    if not live or call.query.get('generation', live.generation) != live.generation:
        raise ApiError(404, f'No such object: {bucket}/{name}')
    preconditions(call.query, live, reading=call.method != 'DELETE')
    return live


@route('storage', 'GET', r'/storage/v1/b/([^/]+)')
def bucket_get(fake, call, bucket):
    bucket_of(fake, bucket)
    return {'kind': 'storage#bucket', 'id': bucket, 'name': bucket, 'location': 'US', 'storageClass': 'STANDARD'}


@route('storage', 'GET', r'/storage/v1/b/([^/]+)/o')
def objects_list(fake, call, bucket):
    bucket_of(fake, bucket)
    prefix, limit = call.query.get('prefix', ''), min(int(call.query.get('maxResults') or 1000), 1000)
    after = unb64url(call.query.get('pageToken', '')).decode()
    start = call.query.get('startOffset', '')
    names = sorted((n for b, n in fake.objects if b == bucket and n.startswith(prefix) and n >= start and
                    (not after or n > after)), key=str.encode)
    page = {'kind': 'storage#objects'}
    if names:
        page['items'] = [fake.objects[bucket, n].meta for n in names[:limit]]
    if len(names) > limit:
        page['nextPageToken'] = b64url(names[limit - 1].encode())
    return page


@route('storage', 'GET', r'(?:/download)?/storage/v1/b/([^/]+)/o/([^/]+)')
def object_get(fake, call, bucket, name):
    live = object_of(fake, call, bucket, name)
    if call.query.get('alt') != 'media':
        return Reply(live.meta, 200, {'ETag': live.meta['etag']})
    return live.download(call.headers.get('Range'), ApiError(416, 'Request range not satisfiable'))


@route('storage', 'DELETE', r'/storage/v1/b/([^/]+)/o/([^/]+)')
def object_delete(fake, call, bucket, name):
    object_of(fake, call, bucket, name)
    del fake.objects[bucket, name]
    return Reply(status=204)


@route('storage', 'POST PUT DELETE', r'/upload/storage/v1/b/([^/]+)/o')
def object_upload(fake, call, bucket):
    bucket_of(fake, bucket)
    if 'upload_id' in call.query:
        return resume(fake, call)
    kind, query = call.query.get('uploadType'), call.query
    content_type, meta, data = call.headers.get('Content-Type'), {}, call.body
    if kind == 'multipart':
        meta, content_type, data = related_parts(content_type, call.body)
    elif kind == 'resumable':
        meta, content_type = call.json(), call.headers.get('X-Upload-Content-Type')
    name = query.get('name') or meta.get('name')
    if not name or call.method != 'POST':
        raise ApiError(400, 'Required', 'required')
    if kind == 'resumable':
        return resumable_start(fake, call, bucket, name, content_type, meta)
    return store(fake, bucket, name, data, meta.get('contentType') or content_type, meta, query)


def related_parts(content_type, body):
    match = re.search(r'boundary=(?:"([^"]+)"|([^;\s]+))', content_type or '')
    pieces = (b'\r\n' + body).split(b'\r\n--' + (match[1] or match[2]).encode()) if match else []
    if len(pieces) != 4 or not pieces[3].startswith(b'--'):
        raise ApiError(400, 'Malformed multipart body.', 'badContent')
    (_, meta), (head, data) = (p.removeprefix(b'\r\n').partition(b'\r\n\r\n')[::2] for p in pieces[1:3])
    match = re.search(rb'(?im)^content-type:\s*(.+?)\s*$', head)
    return json.loads(meta or b'{}'), match and match[1].decode(), data


# ---------------------------------------------------------------- Cloud Storage: resumable sessions

def resumable_start(fake, call, bucket, name, content_type, meta):
    preconditions(call.query, fake.objects.get((bucket, name)))
    upload_id = b64url(os.urandom(24))
    size = call.headers.get('X-Upload-Content-Length')
    fake.sessions[upload_id] = {'bucket': bucket, 'name': name, 'type': meta.get('contentType') or content_type,
                                'meta': meta, 'query': call.query, 'size': size and int(size), 'data': bytearray(),
                                'done': None}
    base = fake.options.public_url or f'http://{call.headers["Host"]}'
    where = urllib.parse.urlencode({'uploadType': 'resumable', 'upload_id': upload_id, 'name': name})
    return Reply(headers={'Location': f'{base}/upload/storage/v1/b/{quote(bucket)}/o?{where}',
                          'X-GUploader-UploadID': upload_id})


def resume(fake, call):
    session = fake.sessions.get(call.query['upload_id'])
    if not session:
        raise ApiError(404, 'No such upload session.')
    if call.method == 'DELETE':
        del fake.sessions[call.query['upload_id']]
        return Reply(status=499)
    if session['done']:
        return session['done']
    data, ranged = session['data'], call.headers.get('Content-Range', f'bytes 0-{len(call.body) - 1}/{len(call.body)}')
    if not call.body and 'Content-Range' not in call.headers:
        ranged = 'bytes */0'
    match = re.match(r'bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)\Z', ranged)
    if not match:
        raise ApiError(400, 'Failed to parse Content-Range header.')
    total = None if match[3] == '*' else int(match[3])
    if None not in (total, session['size']) and total != session['size']:
        raise ApiError(400, f'Invalid request.  The total size {total} is not the {session["size"]} declared.')
    if match[1]:
        first, end = int(match[1]), int(match[2]) + 1
        if end - first != len(call.body) or (total is not None and end > total):
            raise ApiError(400, 'Invalid request.  The number of bytes uploaded does not match the Content-Range.')
        if first > len(data):
            raise ApiError(400, f'Invalid request.  The upload has {len(data)} bytes; the range starts at {first}.')
        if end != total and (end - first) % CHUNK:
            raise ApiError(400, 'Invalid request.  The number of bytes uploaded is required to be equal or greater '
                                'than 262144, except for the final request (it\'s recommended to be the exact '
                                'multiple of 262144).')
        data += call.body[len(data) - first:]
    if total is not None and len(data) == total:
        session['done'] = store(fake, session['bucket'], session['name'], bytes(data), session['type'],
                                session['meta'], session['query'])
        return session['done']
    return Reply(status=308, headers={'Range': f'bytes=0-{len(data) - 1}'} if data else {})


# ---------------------------------------------------------------- IAM credentials

@route('iam', 'POST', r'/v1/projects/-/serviceAccounts/([^/:]+):(signBlob|generateAccessToken)')
def iam(fake, call, email, what):
    if email not in (fake.account.email, fake.account.email.split('@')[0]):
        raise ApiError(404, 'Not found; Gaia id not found for email ' + email)
    if what == 'generateAccessToken':
        life = re.fullmatch(r'(\d+)s', call.json().get('lifetime', f'{fake.expires_in}s'))
        if not life or not 0 < int(life[1]) <= 3600:  # up to 12 hours where the organisation allows
            raise ApiError(400, 'The access token lifetime cannot exceed 3600s.')
        return {'accessToken': f'ya29.fake-{next(fake.serial)}', 'expireTime': rfc3339(time.time() + int(life[1]))}
    signature = fake.account.sign(decode64(call.json()['payload'], 'payload'))
    fake.blobs_signed.add(signature)
    return {'keyId': fake.account.kid, 'signedBlob': b64(signature)}


# ---------------------------------------------------------------- OAuth and the metadata server

def token_reply(fake, **extra):
    return {'access_token': f'ya29.fake-{next(fake.serial)}', 'expires_in': fake.expires_in, 'token_type': 'Bearer',
            **extra}


def oauth_refused(error, description):
    return Reply({'error': error, 'error_description': description}, 400)


def check_assertion(fake, call, assertion):
    """The reason why a service account's JWT is no good, and its claims."""
    try:
        text, _, signature = assertion.rpartition('.')
        head, claims = (json.loads(unb64url(part)) for part in text.split('.'))
        signature = unb64url(signature)
    except ValueError:
        return 'Bad Request', {}
    now = time.time()
    if head.get('alg') != 'RS256' or not fake.account.verifies(signature, text.encode()):
        return 'Invalid JWT Signature.', claims
    if claims.get('iss') != fake.account.email:
        return 'Invalid grant: account not found', claims
    if claims.get('aud') not in ('https://oauth2.googleapis.com/token', 'https://www.googleapis.com/oauth2/v4/token',
                                 f'http://{call.headers["Host"]}/token'):
        return 'Invalid JWT: Failed audience check. The right audience is https://oauth2.googleapis.com/token', claims
    issued, expires = claims.get('iat', 0), claims.get('exp', 0)
    if not now - 60 < expires <= now + 3660 or issued > now + 60 or expires - issued > 3600:
        return ('Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. '
                'Check your iat and exp values in the JWT claim.'), claims
    return None, claims


@route('oauth', 'POST', r'/(?:oauth2/v4/)?token')
def token(fake, call):
    form = call.form()
    if form.get('grant_type') == 'urn:ietf:params:oauth:grant-type:jwt-bearer':
        wrong, claims = check_assertion(fake, call, form.get('assertion', ''))
        if wrong:
            return oauth_refused('invalid_grant', wrong)
        if claims.get('target_audience'):
            return {'id_token': fake.account.id_token(claims['target_audience'])}
        if not claims.get('scope'):
            return oauth_refused('invalid_scope', 'Invalid OAuth scope or ID token audience provided.')
        return token_reply(fake)
    if form.get('grant_type') == 'refresh_token':
        if not form.get('client_id') or not form.get('client_secret'):
            return oauth_refused('invalid_request', 'Could not determine client ID from request.')
        if not form.get('refresh_token'):
            return oauth_refused('invalid_request', 'Missing required parameter: refresh_token')
        if form['refresh_token'] == 'revoked':
            return oauth_refused('invalid_grant', 'Token has been expired or revoked.')
        return token_reply(fake, scope='https://www.googleapis.com/auth/cloud-platform')
    return oauth_refused('unsupported_grant_type', f'Invalid grant_type: {form.get("grant_type", "")}')


@route('oauth', 'POST', r'/sts|/v1/token')
def exchange(fake, call):
    form = {re.sub(r'[A-Z]', lambda m: '_' + m[0].lower(), k): v for k, v in call.form().items()}
    if form.get('grant_type') != 'urn:ietf:params:oauth:grant-type:token-exchange':
        return oauth_refused('unsupported_grant_type', 'Unsupported grant_type')
    for name in ('audience', 'subject_token', 'subject_token_type', 'requested_token_type', 'scope'):
        if not form.get(name):
            return oauth_refused('invalid_request', f'{name} is required')
    return token_reply(fake, issued_token_type='urn:ietf:params:oauth:token-type:access_token')


@route('oauth', 'GET', r'/certs|/oauth2/v3/certs')
def certs(fake, call):
    return fake.account.jwks()


@route('oauth', 'GET', r'/computeMetadata/v1/(.*)')
def metadata(fake, call, what):
    if call.headers.get('Metadata-Flavor') != 'Google':
        return Reply(b'Missing Metadata-Flavor:Google header.', 403, {'Content-Type': 'text/html; charset=UTF-8'})
    headers = {'Metadata-Flavor': 'Google', 'Content-Type': 'application/text'}
    match = re.match(r'instance/service-accounts/(?:default|%s)/(token|email|identity)\Z'
                     % re.escape(fake.account.email), what)
    if match and match[1] == 'token':
        return Reply(token_reply(fake), 200, {'Metadata-Flavor': 'Google', 'Content-Type': 'application/json'})
    if match and match[1] == 'identity' and call.query.get('audience'):
        return Reply(fake.account.id_token(call.query['audience']).encode(), 200, headers)
    if match and match[1] == 'email':
        return Reply(fake.account.email.encode(), 200, headers)
    if what == 'project/project-id':
        return Reply(PROJECT.encode(), 200, headers)
    return Reply(b'Not Found', 404, headers)


# ---------------------------------------------------------------- Cloud Tasks

class Tasks:
    """The queues: one thread waits for the next task to fall due, a pool delivers."""

    def __init__(self, fake):
        self.fake, self.all, self.heap = fake, {}, []
        self.order, self.due = itertools.count(), threading.Condition(fake.lock)
        self.pool = concurrent.futures.ThreadPoolExecutor(fake.options.max_concurrent)
        threading.Thread(target=self.run, daemon=True).start()

    def add(self, task):
        heapq.heappush(self.heap, (task['eta'], next(self.order), task))
        self.due.notify()

    def run(self):
        with self.due:
            while True:
                wait = self.heap[0][0] - time.time() if self.heap else None
                if wait is not None and wait <= 0:
                    task = heapq.heappop(self.heap)[2]
                    if task['state'] == 'pending':
                        task['state'] = 'running'
                        self.pool.submit(self.deliver, task)
                else:
                    self.due.wait(wait)

    def deliver(self, task):
        code, retry_after = None, 0
        try:
            code, retry_after = self.post(task)
        except (OSError, http.client.HTTPException, ValueError) as error:
            task['error'] = repr(error)
        with self.due:
            task['attempts'].append({'time': time.time(), 'status': code})
            if task['state'] == 'deleted':
                return
            tries, ended = len(task['attempts']), time.time()
            if code and 200 <= code < 300:
                task.update(state='done', ended=ended)
            elif tries >= self.fake.options.max_attempts:
                task.update(state='failed', ended=ended)
            else:
                wait = min(self.fake.options.min_backoff * 2 ** (tries - 1), 3600)
                task.update(state='pending', eta=ended + max(wait, retry_after))
                self.add(task)

    def post(self, task):
        request, tries = task['resource']['httpRequest'], task['attempts']
        url = urllib.parse.urlsplit(request['url'])
        timeout = float(task['resource']['dispatchDeadline'][:-1])
        if url.scheme == 'https':
            # The certificate may have been made after this program's start.
            tls = ssl.create_default_context(cafile=self.fake.options.target_ca)
            link = http.client.HTTPSConnection(url.hostname, url.port, timeout=timeout, context=tls)
        else:
            link = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)
        headers = {'User-Agent': 'Google-Cloud-Tasks', 'Content-Type': 'application/octet-stream'}
        for name, value in request.get('headers', {}).items():
            headers = {k: v for k, v in headers.items() if k.lower() != name.lower()} | {name: value}
        answered = [a['status'] for a in tries if a['status'] and a['status'] < 500]
        headers.update({'X-CloudTasks-QueueName': task['queue'].split('/')[-1],
                        'X-CloudTasks-TaskName': task['resource']['name'].split('/')[-1],
                        'X-CloudTasks-TaskRetryCount': str(len(tries)),
                        'X-CloudTasks-TaskExecutionCount': str(len(answered)),
                        'X-CloudTasks-TaskETA': f'{task["eta"]:.6f}'})
        if tries and tries[-1]['status']:
            headers['X-CloudTasks-TaskPreviousResponse'] = str(tries[-1]['status'])
        if 'oidcToken' in request:
            oidc = request['oidcToken']
            token = self.fake.account.id_token(oidc.get('audience') or request['url'], oidc['serviceAccountEmail'])
            headers['Authorization'] = f'Bearer {token}'
        try:
            body = base64.b64decode(request.get('body', '')) or None
            link.request(request['httpMethod'], (url.path or '/') + (url.query and '?' + url.query), body, headers)
            answer = link.getresponse()
            answer.read()
            after = answer.headers.get('Retry-After', '') if answer.status in (429, 503) else ''
            return answer.status, int(after) if after.isdigit() else 0
        finally:
            link.close()


QUEUE = r'(?:/v2)?/(projects/[^/]+/locations/[^/]+/queues/[^/:]+)'


def queue_of(fake, queue):
    if fake.options.queue and queue.split('/')[-1] not in fake.options.queue:
        raise ApiError(404, 'Queue does not exist. If you just created the queue, wait at least a minute for the '
                            'queue to initialize.')


def view(task, call):
    full = (call.query.get('responseView') or call.json().get('responseView')) == 'FULL'
    shown = {**task['resource'], 'scheduleTime': rfc3339(task['eta']), 'view': 'FULL' if full else 'BASIC'}
    if not full:
        shown['httpRequest'] = {k: v for k, v in shown['httpRequest'].items() if k != 'body'}
    if task['attempts']:
        first, last = task['attempts'][0], task['attempts'][-1]
        shown.update(dispatchCount=len(task['attempts']), firstAttempt={'dispatchTime': rfc3339(first['time'])},
                     responseCount=sum(a['status'] is not None for a in task['attempts']),
                     lastAttempt={'dispatchTime': rfc3339(last['time'])})
    return shown


@route('tasks', 'GET', QUEUE)
def queue_get(fake, call, queue):
    queue_of(fake, queue)
    options = fake.options
    return {'name': queue, 'state': 'RUNNING',
            'rateLimits': {'maxDispatchesPerSecond': 500, 'maxBurstSize': 100,
                           'maxConcurrentDispatches': options.max_concurrent},
            'retryConfig': {'maxAttempts': options.max_attempts, 'minBackoff': f'{options.min_backoff:.3f}s',
                            'maxBackoff': '3600s', 'maxDoublings': 16}}


@route('tasks', 'POST', QUEUE + '/tasks')
def task_create(fake, call, queue):
    queue_of(fake, queue)
    task, now = call.json().get('task', {}), time.time()
    request, tasks = task.get('httpRequest', {}), fake.tasks
    name = task.get('name') or f'{queue}/tasks/{time.time_ns()}{next(fake.serial)}'
    if not re.match(re.escape(queue) + r'/tasks/[A-Za-z0-9_-]{1,500}\Z', name):
        raise ApiError(400, f'Invalid resource field value in the request: task.name "{name}"')
    if not re.match(r'https?://[^/]+', request.get('url', '')):
        raise ApiError(400, 'HttpRequest.url must start with \'http://\' or \'https://\'')
    deadline = task.get('dispatchDeadline', '600s')
    if not 15 <= float(deadline[:-1]) <= 1800:
        raise ApiError(400, 'Task.dispatchDeadline must be between [15s, 30m]')
    if len(call.body) > MIB:
        raise ApiError(400, 'Task size too large')
    eta = parse_rfc3339(task['scheduleTime']) if 'scheduleTime' in task else now
    if eta > now + 30 * 86400:
        raise ApiError(400, 'The Task.scheduleTime is too far in the future')
    decode64(request.get('body', ''), 'task.http_request.body')
    known = tasks.all.get(name)
    if known and now - known.get('ended', now) < 3600:
        raise ApiError(409, 'Requested entity already exists')
    request = {'httpMethod': 'POST', **request}
    tasks.all[name] = {'queue': queue, 'state': 'pending', 'attempts': [], 'eta': max(eta, now),
                       'resource': {'name': name, 'httpRequest': request, 'dispatchDeadline': deadline,
                                    'createTime': rfc3339(now)}}
    tasks.add(tasks.all[name])
    return view(tasks.all[name], call)


@route('tasks', 'GET', QUEUE + '/tasks')
def task_list(fake, call, queue):
    queue_of(fake, queue)
    after, limit = unb64url(call.query.get('pageToken', '')).decode(), int(call.query.get('pageSize') or 1000)
    names = sorted(n for n, t in fake.tasks.all.items() if t['queue'] == queue and 'ended' not in t and n > after)
    page = {'tasks': [view(fake.tasks.all[n], call) for n in names[:limit]]} if names else {}
    if len(names) > limit:
        page['nextPageToken'] = b64url(names[limit - 1].encode())
    return page


@route('tasks', 'GET DELETE', QUEUE + r'/tasks/([^/:]+)')
def task_one(fake, call, queue, name):
    task = fake.tasks.all.get(f'{queue}/tasks/{name}')
    if not task or 'ended' in task:
        raise ApiError(404, 'The task no longer exists, though a task with this name existed recently.' if task
                       else 'Requested entity was not found.')
    if call.method == 'GET':
        return view(task, call)
    task.update(state='deleted', ended=time.time())
    return {}


# ---------------------------------------------------------------- Document AI and Gemini

def masked(document, mask):
    """What a field mask leaves of a Document: top-level fields, and those of its pages."""
    if not mask:
        return document
    names = mask.split(',')
    kept = {k: v for k, v in document.items() if k in names}
    inside = [n.removeprefix('pages.') for n in names if n.startswith('pages.')]
    if inside and 'pages' in document:
        kept['pages'] = [{k: v for k, v in page.items() if k in inside} for page in document['pages']]
    return kept


@route('documentai', 'POST', r'/v1/projects/[^/]+/locations/[^/]+/processors/[^/:]+(?:/processorVersions/[^/:]+)?:process')
def process(fake, call):
    if len(call.body) > 20 * MIB:
        raise ApiError(400, 'Request payload size exceeds the limit: 20971520 bytes.')
    raw = call.json().get('rawDocument', {})
    mime, data = raw.get('mimeType'), decode64(raw.get('content', ''), 'raw_document.content')
    if mime not in ('application/pdf', 'image/png', 'image/jpeg', 'image/tiff'):
        raise ApiError(400, f'Unsupported input file format: {mime}')
    if not data:
        raise ApiError(400, 'Request contains an invalid argument.')
    page = {'pageNumber': 1}
    if data.startswith(b'\x89PNG\r\n\x1a\n') and len(data) >= 24:
        width, height = struct.unpack('>II', data[16:24])
        page['dimension'] = {'width': width, 'height': height, 'unit': 'pixels'}
    reply = fake.documentai.next({'document': {'uri': '', 'mimeType': mime, 'text': '', 'pages': [page]}})
    said = json.loads(reply.body)
    if 'document' not in said:
        return reply
    said['document'] = masked(said['document'], call.json().get('fieldMask'))
    return Reply(said, reply.status, reply.headers, reply.delay)


# Those of https://ai.google.dev/gemini-api/docs/deprecations that new projects get.
GEMINI_MODELS = {'gemini-3.5-flash-lite', 'gemini-3.6-flash', 'gemini-3.8-flash'}


def gemini_model(model):
    if model not in GEMINI_MODELS:
        raise ApiError(404, f'models/{model} is not found for API version v1beta, or is not supported for '
                       'generateContent. Call ListModels to see the list of available models and their supported methods.')


@route('gemini', 'GET', r'/v1beta/models/([^/:]+)')
def model_get(fake, call, model):
    gemini_model(model)
    return {'name': f'models/{model}', 'version': '001', 'displayName': model,
            'supportedGenerationMethods': ['generateContent']}


@route('gemini', 'POST', r'/v1beta/models/([^/:]+):generateContent')
def generate(fake, call, model):
    gemini_model(model)
    body = call.json()
    if not body.get('contents'):
        raise ApiError(400, '* GenerateContentRequest.contents: contents is not specified')
    gone = {'temperature', 'topP', 'topK', 'candidateCount'} & set(body.get('generationConfig', {}))
    if gone or 'thinkingBudget' in body.get('generationConfig', {}).get('thinkingConfig', {}):
        raise ApiError(400, f'This model does not support {", ".join(sorted(gone)) or "thinkingBudget"}.')

    fake.pictures += [part['inlineData']['data'] for content in body['contents'] for part in content['parts']
                      if 'inlineData' in part]

    def candidate(text):
        return {'candidates': [{'content': {'parts': [{'text': text}], 'role': 'model'}, 'finishReason': 'STOP',
                                'index': 0}],
                'usageMetadata': {'promptTokenCount': 10, 'candidatesTokenCount': 5, 'totalTokenCount': 15},
                'modelVersion': model, 'responseId': f'fake-{next(fake.serial)}'}
    reply = fake.gemini.next(candidate('{"rows":[]}'))
    said = json.loads(reply.body)
    if isinstance(said.get('text'), str):  # a test may give just what the model says
        return Reply(candidate(said['text']), delay=reply.delay)
    return reply


# ---------------------------------------------------------------- BigQuery

BQ = r'/bigquery/v2/projects/([^/]+)'
TABLE = BQ + r'/datasets/([^/]+)/tables'


def bq_error(code, reason, message):
    return ApiError(code, message, reason)


def dataset_of(fake, project, dataset):
    if (project, dataset) not in fake.datasets:
        raise bq_error(404, 'notFound', f'Not found: Dataset {project}:{dataset}')
    return fake.datasets[project, dataset]


def table_of(fake, project, dataset, table):
    dataset_of(fake, project, dataset)
    if (project, dataset, table) not in fake.tables:
        raise bq_error(404, 'notFound', f'Not found: Table {project}:{dataset}.{table}')
    return fake.tables[project, dataset, table]


def stamp(fake, resource):
    now = str(int(time.time() * 1000))
    return {**resource, 'etag': b64(os.urandom(12)), 'creationTime': resource.get('creationTime', now),
            'lastModifiedTime': now}


@route('bigquery', 'POST', BQ + '/datasets')
def dataset_insert(fake, call, project):
    body = call.json()
    key = (project, body['datasetReference']['datasetId'])
    if key in fake.datasets:
        raise bq_error(409, 'duplicate', 'Already Exists: Dataset %s:%s' % key)
    fake.datasets[key] = stamp(fake, {'kind': 'bigquery#dataset', 'id': '%s:%s' % key, 'location': 'US', **body,
                                      'datasetReference': {'projectId': project, 'datasetId': key[1]}})
    return fake.datasets[key]


@route('bigquery', 'GET', BQ + '/datasets/([^/]+)')
def dataset_get(fake, call, project, dataset):
    return dataset_of(fake, project, dataset)


@route('bigquery', 'POST', TABLE)
def table_insert(fake, call, project, dataset):
    dataset_of(fake, project, dataset)
    body = call.json()
    key = (project, dataset, body['tableReference']['tableId'])
    if key in fake.tables:
        raise bq_error(409, 'duplicate', 'Already Exists: Table %s:%s.%s' % key)
    reference = dict(zip(('projectId', 'datasetId', 'tableId'), key))
    fake.tables[key] = stamp(fake, {'kind': 'bigquery#table', 'id': '%s:%s.%s' % key, 'type': 'TABLE',
                                    'location': 'US', **body, 'tableReference': reference})
    fake.rows[key], fake.seen[key] = [], {}
    return fake.tables[key]


@route('bigquery', 'GET PATCH DELETE', TABLE + '/([^/]+)')
def table_one(fake, call, *key):
    table = table_of(fake, *key)
    if call.method == 'DELETE':
        del fake.tables[key], fake.rows[key], fake.seen[key]
        return Reply(status=204)
    if call.method == 'PATCH':
        if call.headers.get('If-Match', table['etag']) not in (table['etag'], '*'):
            raise bq_error(412, 'conditionNotMet', 'Precondition Failed')
        change = call.json()
        if 'schema' in change:
            check_patch('%s:%s.%s' % key, table.get('schema', {}), change['schema'])
        table = fake.tables[key] = stamp(fake, {**table, **change, 'tableReference': table['tableReference']})
    return {**table, 'numRows': str(len(fake.rows[key])), 'numBytes': '0'}


def check_patch(name, old, new):
    """A patch may add nullable columns and relax required ones, nothing else."""
    wanted = {f['name']: f for f in new.get('fields', [])}
    for field in old.get('fields', []):
        again = wanted.pop(field['name'], None)
        if not again:
            raise bq_error(400, 'invalid', f'Provided Schema does not match Table {name}. '
                                           f'Field {field["name"]} is missing in new schema')
        modes = field.get('mode', 'NULLABLE'), again.get('mode', 'NULLABLE')
        if again['type'] != field['type'] or (modes[0] != modes[1] and modes != ('REQUIRED', 'NULLABLE')):
            raise bq_error(400, 'invalid', f'Provided Schema does not match Table {name}. '
                                           f'Field {field["name"]} has changed type or mode')
    for field in wanted.values():
        if field.get('mode') == 'REQUIRED':
            raise bq_error(400, 'invalid', f'Provided Schema does not match Table {name}. '
                                           f'Cannot add required fields to an existing schema. (field: {field["name"]})')


NUMERIC = {'INTEGER': r'[+-]?\d+', 'INT64': r'[+-]?\d+', 'FLOAT': r'.*\d.*|NaN|-?Infinity', 'FLOAT64': r'.*\d.*|NaN|-?Infinity',
           'NUMERIC': r'[+-]?\d*\.?\d+([eE][+-]?\d+)?', 'BOOLEAN': r'(?i:true|false)', 'BOOL': r'(?i:true|false)',
           'DATE': r'\d{4}-\d\d-\d\d', 'TIMESTAMP': r'-?\d+(\.\d+)?([eE][+]?\d+)?|\d{4}-\d\d?-\d\d?([ T]\d\d?:\d\d.*)?'}


def row_errors(fields, row, ignore_unknown, prefix=''):
    by_name, errors = {f['name'].lower(): f for f in fields}, []

    def wrong(name, message):
        errors.append({'reason': 'invalid', 'location': prefix + name, 'debugInfo': '', 'message': message})
    for name, value in row.items():
        field = by_name.get(name) or by_name.get(name.lower())
        if not field:
            if not ignore_unknown:
                wrong(name, f'no such field: {prefix}{name}.')
            continue
        repeated = field.get('mode') == 'REPEATED'
        if repeated != isinstance(value, list) and value is not None:
            wrong(name, f'Array specified for non-repeated field: {name}.' if not repeated
                  else f'Value specified for repeated field {name} is not an array.')
            continue
        for one in value if repeated and value else [value]:
            if one is None:
                continue
            if field['type'] in ('RECORD', 'STRUCT'):
                if isinstance(one, dict):
                    errors += row_errors(field['fields'], one, ignore_unknown, f'{prefix}{name}.')
                else:
                    wrong(name, f'This field: {name} is not a record.')
            elif isinstance(one, (dict, list)) and field['type'] != 'JSON':
                wrong(name, f'This field: {name} is not a record.')
            elif field['type'] == 'JSON' and isinstance(one, str):
                try:
                    bigquery_json.parse(one)
                except ValueError as error:
                    wrong(name, f'Invalid JSON: {error}')
            elif field['type'] in NUMERIC and not re.fullmatch(NUMERIC[field['type']],
                                                               one if isinstance(one, str) else json.dumps(one)):
                wrong(name, f'Cannot convert value to {field["type"].lower()} (bad value): {str(one)[:40]}')
    given = {n.lower() for n, v in row.items() if v is not None}
    for field in fields:
        if field.get('mode') == 'REQUIRED' and field['name'].lower() not in given:
            wrong(field['name'], f'Missing required field: {field["name"]}.')
    return errors


@route('bigquery', 'POST', TABLE + '/([^/]+)/insertAll')
def insert_all(fake, call, *key):
    table, body, now = table_of(fake, *key), call.json(), time.time()
    rows = body.get('rows', [])
    if not rows:
        raise bq_error(400, 'invalid', 'No rows present in the request.')
    if len(rows) > 50000:
        raise bq_error(400, 'invalid', 'too many rows present in the request, limit: 50000 row count: %d.' % len(rows))
    if len(call.body) > 10 * MIB:
        raise bq_error(413, 'uploadTooLarge', 'Request payload size exceeds the limit: 10485760 bytes.')
    fields = table.get('schema', {}).get('fields', [])
    bad = {i: e for i, r in enumerate(rows) if (e := row_errors(fields, r.get('json', {}), body.get('ignoreUnknownValues')))}
    if bad and not body.get('skipInvalidRows'):
        stopped = [{'reason': 'stopped', 'location': '', 'debugInfo': '', 'message': ''}]
        bad = {i: bad.get(i, stopped) for i in range(len(rows))}
    for i, row in enumerate(rows):
        again = 'insertId' in row and now - fake.seen[key].get(row['insertId'], 0) < 60
        if i not in bad and not again:
            fake.rows[key].append(row.get('json', {}))
            if 'insertId' in row:
                fake.seen[key][row['insertId']] = now
    reply = {'kind': 'bigquery#tableDataInsertAllResponse'}
    if bad:
        reply['insertErrors'] = [{'index': i, 'errors': e} for i, e in sorted(bad.items())]
    return reply


def job_reference(fake, project, given=None):
    return {'projectId': project, 'jobId': (given or {}).get('jobId') or f'job_{next(fake.serial)}', 'location': 'US'}


def sqlite_of(sql):
    """BigQuery's SQL, as far as the service asks statistics in it, as SQLite's."""
    sql = re.sub(r'SELECT \* (FROM `[^`]+` WHERE TRUE) QUALIFY (ROW_NUMBER\(\) OVER \([^)]*\)) = 1',
                 r'SELECT * FROM (SELECT *, \2 AS nth \1) WHERE nth = 1', sql)
    sql = re.sub(r'UNNEST\(JSON_QUERY_ARRAY\(([^()]+)\)\) AS (\w+)', r'json_each(\1) AS \2', sql)
    sql = re.sub(r'JSON_VALUE\((\w+), ', r'json_extract(\1.value, ', sql)
    return re.sub(r'COUNTIF\(([^()]+)\)', r'COUNT(CASE WHEN \1 THEN 1 END)', sql)


def run_query(fake, body):
    """Runs a query over the rows kept: SQLite's engine in the place of BigQuery's."""
    db = sqlite3.connect(':memory:')
    for key, table in fake.tables.items():
        name = '%s.%s.%s' % key
        if 'view' in table:
            continue
        columns = [f['name'] for f in table.get('schema', {}).get('fields', [])] or ['none']
        db.execute(f'CREATE TABLE `{name}` ({", ".join(columns)})')
        db.executemany(f'INSERT INTO `{name}` VALUES ({", ".join("?" * len(columns))})',
                       [[row.get(c) for c in columns] for row in fake.rows[key]])
    for key, table in fake.tables.items():
        if 'view' in table:
            db.execute('CREATE VIEW `%s.%s.%s` AS ' % key + sqlite_of(table['view']['query']))
    given = {p['name']: p['parameterValue'].get('value') for p in body.get('queryParameters', [])}
    found = db.execute(sqlite_of(body['query']), given)
    names = [f'f{i}_' for i in range(len(found.description))]
    rows = [[None if v is None else str(v) for v in row] for row in found.fetchall()]
    return {'schema': {'fields': [{'name': n, 'type': 'STRING'} for n in names]}, 'totalRows': str(len(rows)),
            'rows': [{'f': [{'v': v} for v in row]} for row in rows]}


@route('bigquery', 'POST', BQ + '/queries')
def jobs_query(fake, call, project):
    body = call.json()
    if not body.get('query'):
        raise bq_error(400, 'required', 'Required parameter is missing: query')
    for name in re.findall(r'`([^`]+)`', body['query']):
        if not (fake.bigquery.reply or fake.bigquery.replies):
            table_of(fake, *name.split('.'))
    try:
        result = run_query(fake, body)
    except sqlite3.Error:  # more of BigQuery's SQL than SQLite can stand in for
        result = {'schema': {'fields': []}, 'totalRows': '0'}
    return fake.bigquery.next({'kind': 'bigquery#queryResponse', 'jobReference': job_reference(fake, project),
                               'totalBytesProcessed': '0', 'jobComplete': True, 'cacheHit': False, **result})


@route('bigquery', 'POST', '(?:/upload)?' + BQ + '/jobs')
def jobs_insert(fake, call, project):
    now, data = str(int(time.time() * 1000)), None
    if call.query.get('uploadType') == 'multipart':
        body, _, data = related_parts(call.headers.get('Content-Type'), call.body)
    elif call.path.startswith('/upload'):
        raise ApiError(501, 'the stand-in takes load jobs by uploadType=multipart only')
    else:
        body = call.json()
    if not body.get('configuration'):
        raise bq_error(400, 'required', 'Required parameter is missing')
    reference = job_reference(fake, project, body.get('jobReference'))
    if reference['jobId'] in fake.jobs:
        raise bq_error(409, 'duplicate', f'Already Exists: Job {project}:US.{reference["jobId"]}')
    reply = fake.bigquery.next({'kind': 'bigquery#job', 'id': f'{project}:US.{reference["jobId"]}',
                                'jobReference': reference, 'configuration': body['configuration'],
                                'status': {'state': 'DONE', **load(fake, project, body['configuration'], data)},
                                'statistics': {'creationTime': now, 'startTime': now, 'endTime': now}})
    if reply.status == 200:
        fake.jobs[reference['jobId']] = json.loads(reply.body)
    return reply


def load(fake, project, configuration, data):
    """A load job's lines of JSON, all or none of them; gives the error of the job."""
    if data is None:
        return {}
    wanted = configuration['load']
    place = wanted['destinationTable']
    key = (place.get('projectId', project), place['datasetId'], place['tableId'])
    fields = wanted.get('schema', table_of(fake, *key).get('schema', {})).get('fields', [])
    try:
        rows = [json.loads(line) for line in data.splitlines() if line.strip()]
        errors = [e for row in rows for e in row_errors(fields, row, wanted.get('ignoreUnknownValues'))]
    except ValueError:
        errors = [{'message': 'Parser terminated before end of string'}]
    if errors:
        proto = {'reason': 'invalid', 'message': 'Error while reading data, error message: ' + errors[0]['message']}
        return {'errorResult': proto, 'errors': [proto]}
    if wanted.get('writeDisposition') == 'WRITE_TRUNCATE':
        fake.rows[key].clear()
    fake.rows[key] += rows
    return {}


def job_of(fake, project, job):
    if job not in fake.jobs:
        raise bq_error(404, 'notFound', f'Not found: Job {project}:{job}')
    return fake.jobs[job]


@route('bigquery', 'GET', BQ + '/jobs/([^/]+)')
def jobs_get(fake, call, project, job):
    return job_of(fake, project, job)


@route('bigquery', 'GET', BQ + '/queries/([^/]+)')
def jobs_results(fake, call, project, job):
    reference = job_of(fake, project, job)['jobReference']
    return fake.bigquery.next({'kind': 'bigquery#getQueryResultsResponse', 'jobReference': reference,
                               'schema': {'fields': []}, 'totalRows': '0', 'jobComplete': True})


# ---------------------------------------------------------------- control

@route('control', 'GET', '/__control/pictures')
def control_pictures(fake, call):
    """What the model was shown, in base64."""
    return fake.pictures


@route('control', 'GET DELETE', '/__control/calls')
def control_calls(fake, call):
    calls = list(fake.calls)
    if call.method == 'DELETE':
        fake.calls.clear()
    return calls


@route('control', 'POST', '/__control/(documentai|gemini|bigquery)')
def control_replies(fake, call, api):
    getattr(fake, api).set(call.json())
    return {}


@route('control', 'POST', '/__control/token')
def control_token(fake, call):
    wish = call.json()
    fake.expires_in, fake.refuse = wish.get('expires_in', fake.expires_in), wish.get('refuse', fake.refuse)
    return {}


@route('control', 'GET', '/__control/(tasks|objects|rows)')
def control_state(fake, call, what):
    if what == 'tasks':
        return [{'name': name, **{k: t.get(k) for k in ('state', 'attempts', 'eta', 'error')},
                 'url': t['resource']['httpRequest']['url'], 'resource': t['resource']} for name, t in fake.tasks.all.items()]
    if what == 'objects':
        return [o.meta for o in fake.objects.values()]
    return {'%s:%s.%s' % key: rows for key, rows in fake.rows.items()}


# ---------------------------------------------------------------- Cloud Storage: signed URLs (last: any other path)

def check_signature(fake, call):
    """Google's "V4 signing process", the other way round."""
    query = dict(urllib.parse.parse_qsl(call.raw_query, keep_blank_values=True, errors='surrogateescape'))
    needed = ['X-Goog-' + n for n in ('Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature')]
    if 'X-Goog-Signature' not in query:
        raise XmlError(403, 'AccessDenied', 'Access denied.', Details='Anonymous caller does not have access to the '
                       'Google Cloud Storage object. Permission denied on resource (or it may not exist).')
    missing = [n for n in needed if n not in query]
    scope = re.match(r'(.+)/(\d{8})/[^/]+/storage/goog4_request\Z', query.get('X-Goog-Credential', ''))
    try:
        date = datetime.datetime.strptime(query.get('X-Goog-Date', ''), '%Y%m%dT%H%M%SZ')
        start, life = date.replace(tzinfo=datetime.timezone.utc).timestamp(), int(query.get('X-Goog-Expires', ''))
    except ValueError:
        missing.append('X-Goog-Date or X-Goog-Expires')
    if missing or not scope or query['X-Goog-Algorithm'] != 'GOOG4-RSA-SHA256' or scope[2] != query['X-Goog-Date'][:8]:
        raise XmlError(400, 'InvalidArgument', 'Invalid argument.',
                       Details='Invalid or missing: ' + (', '.join(missing) or 'credential scope or algorithm'))
    if not 1 <= life <= 604800:
        raise XmlError(400, 'InvalidArgument', 'Invalid argument.',
                       Details='X-Goog-Expires must be between 1 and 604800 seconds.')
    signed = query['X-Goog-SignedHeaders'].split(';')
    sent = {n.lower() for n in call.headers}
    if 'host' not in signed or any(n.startswith('x-goog-') and n not in signed for n in sent):
        raise XmlError(400, 'MalformedSecurityHeader', 'Your request has a malformed header.',
                       Details='Header was included in the request, but not in the signed headers.')
    values = {n: ','.join(' '.join(v.split()) for v in call.headers.get_all(n, [])) for n in signed}
    values['host'] = re.sub(r':\d+$', '', values['host'])  # the port is not signed
    pairs = sorted((quote(k), quote(v)) for k, v in query.items() if k != 'X-Goog-Signature')
    canonical = '\n'.join([call.method, quote(unquote(call.path), '/~'), '&'.join(f'{k}={v}' for k, v in pairs),
                           *(f'{n}:{values[n]}' for n in signed), '', ';'.join(signed),
                           values.get('x-goog-content-sha256') or 'UNSIGNED-PAYLOAD'])
    scope_text = query['X-Goog-Credential'][len(scope[1]) + 1:]
    text = '\n'.join(['GOOG4-RSA-SHA256', query['X-Goog-Date'], scope_text,
                      hashlib.sha256(canonical.encode(errors='surrogateescape')).hexdigest()])
    try:
        signature = bytes.fromhex(query['X-Goog-Signature'])
    except ValueError:
        signature = b''
    if scope[1] != fake.account.email or signed != sorted(signed) or not fake.account.verifies(signature, text.encode()):
        raise XmlError(403, 'SignatureDoesNotMatch', 'Access denied.', Details='The request signature we calculated '
                       'does not match the signature you provided. Check your Google secret key and signing method.',
                       StringToSign=text, CanonicalRequest=canonical)
    if signature in fake.blobs_signed and life > 12 * 3600:
        # Google promises to keep the key for 12 hours only: a link that counts on more may be dead.
        raise XmlError(403, 'SignatureDoesNotMatch', 'Access denied.', Details='The key of signBlob has been rotated.')
    now = time.time()
    if now > start + life:
        raise XmlError(400, 'ExpiredToken', 'The provided token has expired.',
                       Details=f'Request signature expired at: {rfc3339(start + life)}')
    if start > now + 900:
        raise XmlError(403, 'AccessDenied', 'Access denied.', Details='Request is not valid yet.')


@route('xml', 'GET HEAD PUT DELETE OPTIONS', r'/([^/]+)/(.+)')
def xml_object(fake, call, bucket, name):
    if call.method == 'OPTIONS':
        return Reply(headers={'Access-Control-Allow-Methods': 'GET, HEAD, PUT, DELETE', 'Access-Control-Max-Age': '3600',
                              'Access-Control-Allow-Headers': call.headers.get('Access-Control-Request-Headers', '')})
    check_signature(fake, call)
    if bucket not in fake.buckets:
        raise XmlError(404, 'NoSuchBucket', 'The specified bucket does not exist.')
    live = fake.objects.get((bucket, name))
    generation, wanted = live.generation if live else '0', call.headers.get('x-goog-if-generation-match')
    if wanted is not None and wanted != generation:
        raise XmlError(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold.')
    if call.method == 'PUT':
        least, _, most = call.headers.get('x-goog-content-length-range', '').partition(',')
        if most and not int(least) <= len(call.body) <= int(most):
            raise XmlError(400, 'EntityTooLarge' if len(call.body) > int(most) else 'EntityTooSmall',
                           'Your proposed upload is outside the allowed size.')
        if 'Content-MD5' in call.headers and call.headers['Content-MD5'] != b64(hashlib.md5(call.body).digest()):
            raise XmlError(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.')
        fresh = fake.objects[bucket, name] = Object(fake, bucket, name, call.body, call.headers.get('Content-Type'))
        kept = {k: v for k, v in fresh.headers().items() if k.startswith('x-goog')}
        return Reply(headers={**kept, 'ETag': f'"{hashlib.md5(call.body).hexdigest()}"'})
    if not live:
        raise XmlError(404, 'NoSuchKey', 'The specified key does not exist.', Details=f'No such object: {bucket}/{name}')
    if call.method == 'DELETE':
        del fake.objects[bucket, name]
        return Reply(status=204)
    reply = live.download(call.headers.get('Range'), XmlError(416, 'InvalidRange', 'The requested range cannot be satisfied.'))
    reply.headers['ETag'] = f'"{hashlib.md5(live.data).hexdigest()}"'
    for parameter, header in (('response-content-type', 'Content-Type'), ('response-content-disposition', 'Content-Disposition')):
        if parameter in call.query:
            reply.headers[header] = call.query[parameter]
    return reply


# ---------------------------------------------------------------- the server

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_version, sys_version = 'FakeGoogle', ''
    disable_nagle_algorithm = True
    timeout = 120

    def body(self):
        if self.headers.get('Transfer-Encoding', '').lower() != 'chunked':
            return self.rfile.read(int(self.headers.get('Content-Length') or 0))
        data = b''
        while size := int(self.rfile.readline().split(b';')[0], 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return data

    def answer(self):
        reply = self.server.fake.answer(Call(self.command, self.path, self.headers, self.body()))
        bare = reply.status in (204, 304)
        self.send_response(reply.status, 'Resume Incomplete' if reply.status == 308 else None)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if not bare:
            self.send_header('Content-Length', str(len(reply.body)))
        self.end_headers()
        if reply.body and self.command != 'HEAD' and not bare:
            self.wfile.write(reply.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, address)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--host', default='127.0.0.1', help='the address to listen on')
    parser.add_argument('--port', type=int, default=0, help='0 picks one; it is the first line printed')
    parser.add_argument('--public-url', help='what resumable session URLs start with (default: from the Host header)')
    parser.add_argument('--key', metavar='PEM', help="the service account's RSA key; made when absent")
    parser.add_argument('--service-account', default='signer@demo-test.iam.gserviceaccount.com', metavar='EMAIL')
    parser.add_argument('--target-ca', metavar='FILE', help='the CA that tasks delivered over https trust')
    parser.add_argument('--bucket', action='append', help='a bucket that exists (default: demo-bucket and demo-source)')
    parser.add_argument('--queue', action='append', help='a queue that exists (default: every queue does)')
    parser.add_argument('--min-backoff', type=float, default=0.2)
    parser.add_argument('--max-attempts', type=int, default=3)
    parser.add_argument('--max-concurrent', type=int, default=4)
    options = parser.parse_args()
    server = Server((options.host, options.port), Handler)
    server.fake = Fake(options)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        pass
