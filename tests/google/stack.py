"""Google's side for the tests: the stand-ins, started on free loopback ports."""
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from fault_proxy import FaultProxy

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from support import free_port, until  # noqa: E402

SIGNER = 'signer@demo-test.iam.gserviceaccount.com'
TASKS_ACCOUNT = 'tasks@demo-test.iam.gserviceaccount.com'
EMULATOR = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore'
LIBC = ctypes.CDLL(None)


def firestore_jar():
    """Google's emulator, where its package is installed."""
    try:
        files = subprocess.run(['dpkg', '-L', 'google-cloud-cli-firestore-emulator'], capture_output=True, text=True,
                               timeout=300).stdout.split('\n')
    except (OSError, subprocess.TimeoutExpired):
        return None
    return next((f for f in files if f.endswith('emulator.jar')), None)


def call(url, method='GET', body=None, headers=None, timeout=300):
    """(status, headers, body) of a request; JSON is sent for anything but bytes."""
    headers = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body, headers = json.dumps(body).encode(), {'Content-Type': 'application/json', **headers}
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


class GoogleSide:
    """with GoogleSide() as google: ... google.env() ... google.control('gemini', {...}) ... google.violations()

    The children die with the thread that starts them: start it in the main one.
    """

    def __init__(self, faults=False, firestore=True, fake_options=(), directory=None, engine=None, heap='256m'):
        """engine: the Python of the venv that runs bigquery_engine.py instead of fake_google.py."""
        self.engine, self.heap = engine, heap
        self.children, self.faults, self.firestore = [], None, None
        self.temporary = tempfile.TemporaryDirectory(prefix='google-side-')
        self.directory = directory or self.temporary.name  # the key and the logs
        self.key = os.path.join(self.directory, 'signer.pem')
        try:
            self.start(faults, firestore, fake_options)
        except BaseException:
            self.close()
            raise

    def start(self, faults, firestore, fake_options):
        contract_port = free_port()
        self.contract = f'http://127.0.0.1:{contract_port}'
        if faults:
            self.faults = FaultProxy(self.contract)
        self.url = self.faults.url if faults else self.contract
        program = os.path.join(HERE, 'bigquery_engine.py' if self.engine else 'fake_google.py')
        fake = self.spawn('fake_google', [self.engine or sys.executable, program, '--key', self.key,
                                          '--service-account', SIGNER, '--public-url', f'{self.url}/storage',
                                          *fake_options])
        self.fake = f'http://127.0.0.1:{self.first_line(fake)}'
        ups = {api: self.fake for api in ('storage', 'tasks', 'documentai', 'gemini', 'iam', 'bigquery')}
        jar = firestore and firestore_jar()
        if jar:
            port = free_port()
            self.firestore = ups['firestore'] = f'http://127.0.0.1:{port}'
            # It lives for a short time: what compiles and collects by many threads costs more than it gives.
            self.spawn('firestore', ['java', f'-Xmx{self.heap}', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC',
                                     '-Duser.language=en', '-cp', jar, EMULATOR, 'start',
                                     '--host=127.0.0.1', f'--port={port}'])
        modules = os.environ.get('GOOGLE_CONTRACT_MODULES') or os.path.join(HERE, 'node_modules')
        self.spawn('contract', ['node', os.path.join(HERE, 'contract-server.mjs'), '--port', str(contract_port),
                                '--modules', modules, *(a for u in ups.items() for a in ('--up', '='.join(u)))])
        for url in filter(None, (self.contract, self.firestore)):
            self.wait_for(int(url.rsplit(':', 1)[1]))

    def spawn(self, name, command):
        def die_with_parent():
            LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        with open(os.path.join(self.directory, name + '.log'), 'ab') as log:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, start_new_session=True,
                                     stdout=subprocess.PIPE if name == 'fake_google' else log,
                                     preexec_fn=die_with_parent)
        child.log = log.name
        self.children.append(child)
        return child

    def first_line(self, child):
        ready = select.select([child.stdout], [], [], 30)[0]
        line = child.stdout.readline().decode().strip() if ready else ''
        if not line:
            raise self.dead(child)
        return line

    def dead(self, child):
        with open(child.log, errors='replace') as log:
            return RuntimeError(f'{os.path.basename(child.log)}: {log.read()[-2000:]}')

    def wait_for(self, port, seconds=600):
        def listens():
            for child in self.children:
                if child.poll() is not None:
                    raise self.dead(child)
            with socket.socket() as probe:
                return probe.connect_ex(('127.0.0.1', port)) == 0
        until(listens, seconds, lambda: f'nothing listens on port {port}')

    def env(self):
        """The environment of a service in Google mode."""
        host = self.url.removeprefix('http://')
        return {'BACKEND': 'google', 'GCP_PROJECT_ID': 'demo-test', 'GCP_LOCATION': 'us', 'GCP_PROCESSOR_ID': 'proc1',
                'GCS_BUCKET_NAME': 'demo-bucket', 'TASK_QUEUE_LOCATION': 'us-central1',
                'TASKS_SERVICE_ACCOUNT': TASKS_ACCOUNT, 'TASKS_JWKS': f'{self.fake}/oauth2/v3/certs',
                'SIGNING_SERVICE_ACCOUNT': SIGNER, 'GCE_METADATA_HOST': host,
                'STORAGE_EMULATOR_HOST': f'{self.url}/storage', 'STORAGE_SIGNED_URL_HOST': self.fake,
                'FIRESTORE_EMULATOR_HOST': f'{host}/firestore', 'CLOUD_TASKS_API_ENDPOINT': f'{self.url}/tasks',
                'BIGQUERY_API_ENDPOINT': f'{self.url}/bigquery', 'DOCUMENTAI_API_ENDPOINT': f'{self.url}/documentai',
                'GEMINI_API_ENDPOINT': f'{self.url}/gemini', 'IAMCREDENTIALS_API_ENDPOINT': f'{self.url}/iam'}

    def control(self, what, body=None, method=None):
        """The stand-in's /__control: what it has seen (GET) or shall answer (POST)."""
        method = method or ('GET' if body is None else 'POST')
        return json.loads(call(f'{self.fake}/__control/{what}', method, body)[2])

    def violations(self, clear=False):
        """What the contract server has refused since it started or was last cleared."""
        entries = [e for e in json.loads(call(self.contract + '/__log')[2]) if e['errors']]
        if clear:
            call(self.contract + '/__log', 'DELETE')
        return entries

    def grpc_fail(self, path, times=1, **fault):
        """The next calls whose path matches meet the fault, of those in contract-grpc.mjs; times=None: all of them."""
        code, _, answer = call(self.contract + '/__grpc', 'POST', {'path': path, 'times': times, 'fault': fault})
        assert code == 200, answer

    def grpc_calls(self):
        """[{path, fault, messages}] of the gRPC calls since the start or grpc_clear()."""
        return json.loads(call(self.contract + '/__grpc')[2])['calls']

    def grpc_clear(self):
        call(self.contract + '/__grpc', 'DELETE')

    def reset_firestore(self):
        call(f'{self.firestore}/emulator/v1/projects/demo-test/databases/(default)/documents', 'DELETE')

    def close(self):
        for child in self.children:
            try:
                os.killpg(child.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        end = time.monotonic() + 5
        for child in self.children:
            try:
                child.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait(5)
            if child.stdout:
                child.stdout.close()
        self.children = []
        if self.faults:
            self.faults.close()
            self.faults = None
        self.temporary.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


if __name__ == '__main__':  # for a service started by hand: its environment, until interrupted
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with GoogleSide() as google:
        print('\n'.join(f'{k}={v}' for k, v in google.env().items()), flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
