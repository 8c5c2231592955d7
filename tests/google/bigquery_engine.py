#!/usr/bin/python3
"""fake_google.py with a BigQuery that executes: load jobs, queries and MERGE really run, in DuckDB.

The SQL is read as GoogleSQL and written as DuckDB's by sqlglot. It differs from BigQuery:
- one engine's semantics stand in for another's: what both have in common is tested, no more;
- a JSON column is text in BigQuery's normal form (members sorted, numbers as ZetaSQL writes them), so that
  TO_JSON_STRING of it is the text itself; it cannot be searched;
- partitions, clustering, quotas, slots and DML limits are not there; a job is done when its insert is answered,
  but says RUNNING until it is asked for again;
- rows of insertAll stay in the streaming buffer until /__control/settle, whatever their age; a DML statement that
  changes one fails as BigQuery's does;
- a MERGE whose source has two rows for one of the target is not refused.

    VENV/bin/python bigquery_engine.py [options of fake_google.py]     VENV has what requirements.txt names

Control, under /__control: POST engine {"fail": [{"job": "load", "reason": "backendError", "times": 2}],
"hide_buffer": true, "refuse_load": "text",
"refuse_json": "text", "load_s": 3} lets load jobs run for so long, fails jobs whose name contains `job`, and refuses rows that hold a text, in load jobs or in
PARSE_JSON; POST settle empties the streaming buffers;
POST sql {"sql": "SELECT ..."} answers in rows (DuckDB's SQL, tables named "project.dataset.table"); GET statements
lists the statements that were run.
"""
import json
import os
import sys
import tempfile
import time
import traceback

import duckdb
import sqlglot
from sqlglot import exp

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bigquery_json
import fake_google as base
from fake_google import ApiError, BQ, Reply, TABLE, bq_error, row_errors, table_of

TYPES = {'STRING': 'VARCHAR', 'JSON': 'VARCHAR', 'INTEGER': 'BIGINT', 'BOOLEAN': 'BOOLEAN', 'TIMESTAMP': 'TIMESTAMPTZ'}
DB = duckdb.connect()
DB.execute("SET TimeZone = 'UTC'; SET threads = 2; SET memory_limit = '2GB'")
STATE = {'fail': [], 'hide_buffer': False, 'refuse_json': None, 'refuse_load': None, 'load_s': 0, 'sessions': {}, 'results': {}, 'done': {}}



def parse_json(text, rounding, safe):
    if text is None:
        return None
    try:
        if STATE['refuse_json'] and STATE['refuse_json'] in text:
            raise ValueError('Invalid input to PARSE_JSON, as asked')
        return bigquery_json.parse(text, rounding)
    except ValueError:
        if safe:
            return None
        raise


DB.create_function('parse_json', parse_json, ['VARCHAR', 'BOOLEAN', 'BOOLEAN'], 'VARCHAR', null_handling='special')


# ---------------------------------------------------------------- tables

def name_of(key):
    return '"%s"' % '.'.join(key).replace('"', '""')


def columns_of(table):
    return [(f['name'], f['type']) for f in table['schema']['fields']]


def make_table(key, table):
    columns = ', '.join(f'"{n}" {TYPES[t]}' for n, t in columns_of(table))
    DB.execute(f'CREATE TABLE {name_of(key)} ({columns}, _streamed BOOLEAN DEFAULT false)')


def insert_rows(key, table, rows, streamed):
    """Rows as the API takes them: a JSON column has JSON in a load job, its text in insertAll."""
    columns = columns_of(table)
    texts = [n for n, t in columns if t == 'JSON']
    with tempfile.NamedTemporaryFile('w', suffix='.ndjson') as file:
        for row in rows:
            made = {n: bigquery_json.parse(row[n]) if streamed else bigquery_json.normal(row[n]) for n in texts if row.get(n) is not None}
            file.write(json.dumps({**row, **made}) + '\n')
        file.flush()
        types = ', '.join(f"'{n}': '{TYPES[t]}'" for n, t in columns)
        names = ', '.join(f'"{n}"' for n, _ in columns)
        DB.execute(f"INSERT INTO {name_of(key)} ({names}, _streamed) SELECT {names}, {streamed} FROM read_json("
                   f"'{file.name}', format='newline_delimited', maximum_object_size=67108864, columns={{{types}}})")


@base.route('bigquery', 'POST', TABLE)
def table_insert(fake, call, project, dataset):
    table = base.table_insert(fake, call, project, dataset)
    if 'view' not in table:
        make_table((project, dataset, table['tableReference']['tableId']), table)
    return table


@base.route('bigquery', 'GET DELETE', TABLE + '/([^/]+)')
def table_one(fake, call, *key):
    table = table_of(fake, *key)
    view = 'view' in table
    if call.method == 'DELETE' and not view:
        DB.execute(f'DROP TABLE {name_of(key)}')
    reply = base.table_one(fake, call, *key)
    if call.method == 'GET' and not view:
        count, streamed = DB.execute(f'SELECT count(*), count(*) FILTER (_streamed) FROM {name_of(key)}').fetchone()
        reply['numRows'] = str(count)
        if streamed and not STATE['hide_buffer']:
            reply['streamingBuffer'] = {'estimatedRows': str(streamed), 'estimatedBytes': '1',
                                        'oldestEntryTime': str(STATE.setdefault('since', int(time.time() * 1000)))}
    return reply


@base.route('bigquery', 'POST', TABLE + '/([^/]+)/insertAll')
def insert_all(fake, call, *key):
    STATE.setdefault('since', int(time.time() * 1000))
    table, rows = table_of(fake, *key), [r['json'] for r in call.json()['rows']]
    insert_rows(key, table, rows, True)
    return {'kind': 'bigquery#tableDataInsertAllResponse'}


# ---------------------------------------------------------------- SQL

def translate(sql):
    tree = sqlglot.parse_one(sql, read='bigquery')
    for table in list(tree.find_all(exp.Table)):
        parts = [p.name for p in (table.args.get('catalog'), table.args.get('db'), table.this) if p]
        alias = table.args.get('alias')
        table.replace(exp.Table(this=exp.to_identifier('.'.join(parts), quoted=True), alias=alias))

    for node in list(tree.find_all(exp.ByteLength)):
        node.replace(exp.Anonymous(this='strlen', expressions=[node.this]))
    for node in list(tree.find_all(exp.JSONFormat)):
        node.replace(node.this)
    for node in list(tree.find_all(exp.ParseJSON)):
        safe, mode = isinstance(node.parent, exp.SafeFunc), node.args.get('expression')
        rounding = bool(mode) and mode.expression.name == 'round'
        (node.parent if safe else node).replace(exp.Anonymous(this='parse_json', expressions=[
            node.this, exp.Boolean(this=rounding), exp.Boolean(this=safe)]))
    for node in list(tree.find_all(exp.LowerHex)):  # TO_HEX(SHA256(x)): DuckDB's sha256 gives the hexadecimal text
        node.replace(exp.Anonymous(this='sha256', expressions=[node.this.this]))
    return tree.sql(dialect='duckdb')


def run_query(fake, sql):
    """The rows and the statistics of a statement."""
    text = translate(sql)
    if not sql.lstrip().upper().startswith('MERGE'):
        cursor = DB.execute(text)
        names, rows = [c[0] for c in cursor.description], cursor.fetchall()
        return {'names': names, 'rows': rows}, {'statementType': 'SELECT'}
    target = name_of(sql.split('`')[1].split('.'))
    DB.execute('BEGIN')
    try:
        before, actions = streamed_rows(target), merged(text)
        if streamed_rows(target) != before:
            raise ValueError(f'UPDATE or DELETE statement over table {target} would affect rows in the streaming '
                             'buffer, which is not supported')
        DB.execute('COMMIT')
    except BaseException:
        DB.execute('ROLLBACK')
        raise
    stats = {'insertedRowCount': str(actions.get('INSERT', 0)), 'updatedRowCount': str(actions.get('UPDATE', 0)),
             'deletedRowCount': str(actions.get('DELETE', 0))}
    return {'names': [], 'rows': []}, {'statementType': 'MERGE', 'dmlStats': stats,
                                       'numDmlAffectedRows': str(sum(actions.values()))}


def streamed_rows(target):
    return sorted(DB.execute(f'SELECT x::VARCHAR FROM {target} AS x WHERE x._streamed').fetchall())


def merged(text):
    counts = {}
    for (action,) in DB.execute(text + ' RETURNING merge_action').fetchall():
        counts[action] = counts.get(action, 0) + 1
    return counts


# ---------------------------------------------------------------- jobs

def fault_of(job_id):
    for fault in STATE['fail']:
        if fault['job'] in job_id and fault.get('times', 1) > 0:
            fault['times'] = fault.get('times', 1) - 1
            return {'reason': fault['reason'], 'message': fault.get('message', 'The job encountered an error, as asked.')}
    return None


def run_job(fake, project, body, data):
    reference = {**base.job_reference(fake, project, body.get('jobReference'))}
    reference['location'] = body.get('jobReference', {}).get('location', 'US')
    job_id, configuration = reference['jobId'], body['configuration']
    if job_id in STATE['done']:
        raise bq_error(409, 'duplicate', f'Already Exists: Job {project}:US.{job_id}')
    now, statistics, warnings, error = str(int(time.time() * 1000)), {}, [], fault_of(job_id)
    if not error and 'load' in configuration:
        error = load(fake, project, configuration['load'], data, statistics, warnings)
    elif not error:
        try:
            STATE['results'][job_id], statistics['query'] = run_query(fake, configuration['query']['query'])
        except Exception as failure:
            traceback.print_exc()
            error = {'reason': 'invalidQuery', 'message': str(failure)[:2000]}
    job = {'kind': 'bigquery#job', 'id': f'{project}:US.{job_id}', 'jobReference': reference,
           'configuration': configuration, 'status': {'state': 'DONE'},
           'statistics': {'creationTime': now, 'startTime': now, 'endTime': now,
                          **statistics}}
    if error:
        job['status'].update(errorResult=error, errors=[error])
    elif warnings:
        job['status']['errors'] = warnings
    STATE['done'][job_id] = job
    return {**job, 'status': {'state': 'RUNNING'}}


def load(fake, project, wanted, data, statistics, warnings):
    """The rows of a load job, or none where too many are bad; the error of the job."""
    place = wanted['destinationTable']
    key = (place['projectId'], place['datasetId'], place['tableId'])
    try:
        table = table_of(fake, *key)
        rows = [json.loads(line) for line in data.split(b'\n') if line.strip()]
    except ApiError as error:
        return {'reason': 'notFound', 'message': str(error)}
    except ValueError as error:
        return {'reason': 'invalid', 'message': f'Error while reading data, error message: {error}'}
    good, bad = [], []
    for row in rows:
        errors = row_errors(table['schema']['fields'], row, False)
        if STATE['refuse_load'] and STATE['refuse_load'] in json.dumps(row):
            errors.append({'message': 'as asked'})
        if errors:
            bad.append({'reason': 'invalid', 'message': 'Error while reading data, error message: ' + errors[0]['message']})
        else:
            good.append(row)
    if len(bad) > wanted.get('maxBadRecords', 0):
        return bad[0]
    insert_rows(key, table, good, False)
    statistics['load'] = {'outputRows': str(len(good)), 'badRecords': str(len(bad))}
    warnings.extend(bad[:5])
    return None


@base.route('bigquery', 'POST', BQ + '/jobs')
def jobs_insert(fake, call, project):
    return run_job(fake, project, call.json(), None)


@base.route('bigquery', 'POST', '/upload' + BQ + '/jobs')
def upload_start(fake, call, project):
    body = call.json()
    if body['jobReference']['jobId'] in STATE['done']:
        raise bq_error(409, 'duplicate', 'Already Exists: Job ' + body['jobReference']['jobId'])
    upload_id = base.b64url(os.urandom(24))
    STATE['sessions'][upload_id] = body
    root = (fake.options.public_url or f'http://{call.headers["Host"]}/bigquery').replace('/storage', '/bigquery')
    return Reply(headers={'Location': f'{root}/upload/bigquery/v2/projects/{project}/jobs?uploadType=resumable'
                                      f'&upload_id={upload_id}'})


@base.route('bigquery', 'PUT', '/upload' + BQ + '/jobs')
def upload_data(fake, call, project):
    body = STATE['sessions'].pop(call.query.get('upload_id'), None)
    if not body:
        raise ApiError(404, 'No such upload session.')
    return run_job(fake, project, body, call.body)


@base.route('bigquery', 'GET', BQ + '/jobs/([^/]+)')
def jobs_get(fake, call, project, job):
    if job not in STATE['done']:
        raise bq_error(404, 'notFound', f'Not found: Job {project}:{job}')
    found = STATE['done'][job]
    if 'load' in found['configuration'] and time.time() * 1000 < int(found['statistics']['startTime']) + STATE['load_s'] * 1000:
        return {**found, 'status': {'state': 'RUNNING'}}
    return found


@base.route('bigquery', 'GET', BQ + '/queries/([^/]+)')
def jobs_results(fake, call, project, job):
    reference = jobs_get(fake, call, project, job)['jobReference']
    result, start = STATE['results'][job], int(call.query.get('pageToken') or 0)
    end = start + int(call.query.get('maxResults') or 10000)
    rows = [{'f': [{'v': None if v is None else str(v)} for v in row]} for row in result['rows'][start:end]]
    reply = {'kind': 'bigquery#getQueryResultsResponse', 'jobReference': reference, 'jobComplete': True,
             'schema': {'fields': [{'name': n, 'type': 'STRING'} for n in result['names']]},
             'totalRows': str(len(result['rows'])), 'rows': rows}
    if end < len(result['rows']):
        reply['pageToken'] = str(end)
    return reply


# ---------------------------------------------------------------- control

@base.route('control', 'POST', '/__control/engine')
def control_engine(fake, call):
    STATE.update({'fail': [], 'hide_buffer': False, 'refuse_json': None, 'refuse_load': None, 'load_s': 0, **call.json()})
    return {}


@base.route('control', 'POST', '/__control/settle')
def control_settle(fake, call):
    STATE.pop('since', None)
    for key, table in fake.tables.items():
        if 'view' not in table:
            DB.execute(f'UPDATE {name_of(key)} SET _streamed = false')
    return {}


@base.route('control', 'GET', '/__control/statements')
def control_statements(fake, call):
    return [job['configuration']['query']['query'] for job in STATE['done'].values() if 'query' in job['configuration']]


@base.route('control', 'POST', '/__control/sql')
def control_sql(fake, call):
    try:
        cursor = DB.execute(call.json()['sql'])
        return {'rows': [[v if isinstance(v, (bool, int, str, type(None))) else str(v) for v in row]
                         for row in cursor.fetchall()]}
    except duckdb.Error as error:
        raise ApiError(400, str(error)) from None


if __name__ == '__main__':
    own = [r for r in base.ROUTES if r[3].__module__ == __name__]
    base.ROUTES[:] = own + [r for r in base.ROUTES if r not in own]
    try:
        base.main()
    except KeyboardInterrupt:
        pass
