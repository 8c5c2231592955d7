// contract-server.mjs - answers 400 with the reason to any request that breaks Google's published contracts.
// Contracts (nothing hand-written here):
//   A. google-proto-files: .proto with google.api.http / field_behavior  (tasks, documentai, firestore, gemini, iamcredentials, bigquery)
//   B. googleapis: url templates in build/src/apis/X/vN.js, param + Schema$ types in X/vN.d.ts (storage v1, bigquery v2 incl. insertAll)
// Usage: node contract-server.mjs [--port 9700] [--modules DIR/node_modules] [--canned DIR] [--noauth] [--up storage=http://127.0.0.1:9199] [--up tasks=...]
// Base URL per API: http://127.0.0.1:PORT/<api>/...   <api> = storage bigquery tasks firestore documentai gemini iam
// A connection that begins as HTTP/2 with prior knowledge is gRPC, of the services of A: see contract-grpc.mjs.
// GET /__log -> every verdict so far; DELETE /__log clears; GET /__routes -> the route table.
// POST /__grpc {"path": REGEX, "times": 1, "fault": {...}} -> the next such calls meet the fault; GET /__grpc -> those pending, and the calls seen; DELETE /__grpc clears both.
import { createRequire } from 'node:module'; import fs from 'node:fs'; import http from 'node:http'; import net from 'node:net'; import path from 'node:path'; import { grpc } from './contract-grpc.mjs';
const arg = (n, d) => { const i = process.argv.indexOf('--' + n); return i < 0 ? d : process.argv[i + 1]; };
const NM = path.resolve(arg('modules', new URL('node_modules', import.meta.url).pathname)), require = createRequire(NM + '/x.js');
const protobuf = require('protobufjs'), ts = require('typescript'), Ajv = require('ajv');
const ups = Object.fromEntries(process.argv.flatMap((a, i, v) => a === '--up' ? [v[i + 1].split(/=(.*)/).slice(0, 2)] : []));
const STD = new Set('alt fields key prettyPrint quotaUser access_token oauth_token callback $.xgafv $alt uploadType upload_protocol userIp'.split(' '));
const PROTO = { tasks: ['cloud/tasks/v2/cloudtasks'], documentai: ['cloud/documentai/v1/document_processor_service'], firestore: ['firestore/v1/firestore'],
  gemini: ['ai/generativelanguage/v1beta/generative_service', 'ai/generativelanguage/v1beta/model_service'], iam: ['iam/credentials/v1/iamcredentials'],
  bigquery: ['cloud/bigquery/v2/job', 'cloud/bigquery/v2/table', 'cloud/bigquery/v2/dataset'] };
const GAPI = { storage: 'storage/v1', bigquery: 'bigquery/v2' };
const jname = f => f.options?.json_name || f.name.replace(/_([a-zA-Z0-9])/g, (_, c) => c.toUpperCase());
const esc = s => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), isObj = v => v !== null && typeof v === 'object' && !Array.isArray(v);
const tmpl = s => s.replace(/\/\*\*/g, '/__SS__').split('*').map(esc).join('[^/]+').replace(/__SS__/g, '.+');
const compile = t => { const names = []; const re = t.split(/(\{[^}]+\})/).map(p => { if (p[0] !== '{') return esc(p);
  let [, plus, n, pat] = p.match(/^\{(\+?)([^=}]+)=?(.*)\}$/); names.push(n); return '(' + (pat ? tmpl(pat) : plus ? '.+' : '[^/]+') + ')'; }).join(''); return { re: new RegExp('^' + re + '$'), names }; };
// ---------- A: protos, checked by the proto3 JSON mapping, strictly
const B64 = { test: v => v.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(v.replace(/==?$/, '')) }, // one big pattern overflows the stack on a scan of megabytes
  I64 = /^-?\d{1,20}$/;
const SCALAR = { string: v => typeof v === 'string', bool: v => typeof v === 'boolean', bytes: v => typeof v === 'string' && B64.test(v),
  double: v => typeof v === 'number' || ['NaN', 'Infinity', '-Infinity'].includes(v) }; SCALAR.float = SCALAR.double;
for (const t of ['int32', 'uint32', 'sint32', 'fixed32', 'sfixed32']) SCALAR[t] = v => Number.isInteger(v) && Math.abs(v) < 2 ** 32;
for (const t of ['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64']) SCALAR[t] = v => (typeof v === 'string' && I64.test(v)) || Number.isSafeInteger(v);
let INT_ENUM = false; // set per request by $alt=json;enum-encoding=int, which Google's own gax REST transport sends
const any = () => true, WKT = { Timestamp: v => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(v) && !isNaN(Date.parse(v)), Duration: v => typeof v === 'string' && /^-?\d+(\.\d{1,9})?s$/.test(v),
  FieldMask: v => typeof v === 'string' && /^[A-Za-z0-9_.,`*]*$/.test(v) && !/_/.test(v), Struct: isObj, Value: any, ListValue: Array.isArray, Any: v => isObj(v) && typeof v['@type'] === 'string', Empty: v => isObj(v) && !Object.keys(v).length,
  StringValue: SCALAR.string, BoolValue: SCALAR.bool, BytesValue: SCALAR.bytes, DoubleValue: SCALAR.double, FloatValue: SCALAR.float, Int32Value: SCALAR.int32, UInt32Value: SCALAR.uint32, Int64Value: SCALAR.int64, UInt64Value: SCALAR.uint64 };
const behav = f => [...(f.parsedOptions || []).map(o => o['(google.api.field_behavior)']), f.options?.['(google.api.field_behavior)']].filter(Boolean).flat();
function one(f, v, p, E, o) { f.resolve(); const t = f.resolvedType;
  if (t instanceof protobuf.Enum) { if (t.fullName === '.google.protobuf.NullValue') { if (v !== null && v !== 'NULL_VALUE') E.push(`${p}: want null`); } else if (!(typeof v === 'string' && v in t.values) && !(INT_ENUM && Object.values(t.values).includes(v))) E.push(`${p}: ${JSON.stringify(v)} is not one of ${t.fullName}: ${Object.keys(t.values).slice(0, 12).join('|')}`); }
  else if (t) msg(t, v, p, E, o); else if (!SCALAR[f.type](v)) E.push(`${p}: ${JSON.stringify(v)?.slice(0, 60)} is not a ${f.type}${f.type === 'bytes' ? ' in standard base64' : ''}`); }
function msg(T, v, p, E, o = {}) {
  const w = T.fullName.match(/^\.google\.protobuf\.(\w+)$/)?.[1]; if (w && WKT[w]) { if (!WKT[w](v)) E.push(`${p}: ${JSON.stringify(v)?.slice(0, 60)} is not a valid ${w}`); return; }
  if (!isObj(v)) return E.push(`${p}: want an object (${T.fullName})`);
  const by = new Map(T.fieldsArray.map(f => [jname(f), f])), skip = o.skip || new Set(), sub = { req: o.req };
  for (const [k, x] of Object.entries(v)) { const f = by.get(k), q = p ? p + '.' + k : k;
    if (!f || skip.has(f.name)) { const near = T.fieldsArray.find(g => g.name === k); E.push(`${q}: unknown field in ${T.fullName}${near ? ` (JSON name is ${jname(near)})` : ''}`); continue; }
    if (o.req && behav(f).includes('OUTPUT_ONLY')) E.push(`${q}: output only`);
    if (f.map) { if (!isObj(x)) E.push(`${q}: want a map`); else for (const [mk, mv] of Object.entries(x)) one(f, mv, `${q}[${mk}]`, E, sub); }
    else if (f.repeated) { if (!Array.isArray(x)) E.push(`${q}: want an array`); else x.forEach((e, i) => one(f, e, `${q}[${i}]`, E, sub)); }
    else one(f, x, q, E, sub); }
  for (const f of T.fieldsArray) if (o.req && behav(f).includes('REQUIRED') && !skip.has(f.name) && !(jname(f) in v)) E.push(`${p ? p + '.' : ''}${jname(f)}: required field missing`);
  for (const g of T.oneofsArray) { const set = g.fieldsArray.filter(f => jname(f) in v); if (set.length > 1) E.push(`${p}: ${set.map(jname)} are one oneof (${g.name})`); } }
function queryFields(T, skip, pre = '', d = 0) { const m = new Map(); for (const f of T.fieldsArray) { f.resolve(); if (!pre && skip.has(f.name)) continue; const n = pre + jname(f);
  if (f.resolvedType instanceof protobuf.Type && !/^\.google\.protobuf\./.test(f.resolvedType.fullName)) { if (d < 3 && !f.repeated) for (const e of queryFields(f.resolvedType, skip, n + '.', d + 1)) m.set(...e); } else m.set(n, f); } return m; }
const routes = [], methods = [];
function load(files) { const root = new protobuf.Root(); root.resolvePath = (_, t) => t.startsWith('google/') ? `${NM}/google-proto-files/${t}` : t; return addNewer(root.loadSync(files.map(f => `google/${f}.proto`), { keepCase: true })).resolveAll(); }
// What the REST reference has and the package of .proto files not yet: https://ai.google.dev/api/generate-content#ThinkingConfig
function addNewer(root) { const thinking = root.lookup('google.ai.generativelanguage.v1beta.ThinkingConfig');
  if (thinking && !thinking.fields.thinking_level) { thinking.add(new protobuf.Enum('ThinkingLevel', { THINKING_LEVEL_UNSPECIFIED: 0, LOW: 1, HIGH: 2, MEDIUM: 3, MINIMAL: 4 }));
    thinking.add(new protobuf.Field('thinking_level', 4, 'ThinkingLevel', 'optional')); }
  return root; }
for (const [api, files] of Object.entries(PROTO)) { const root = load(files);
  (function walk(ns) { for (const n of ns.nestedArray) { if (n instanceof protobuf.Service) for (const m of n.methodsArray) { m.resolve(); methods.push({ api, id: `${n.name}.${m.name}`, path: `/${n.fullName.slice(1)}/${m.name}`, m }); const rule = (m.parsedOptions || []).find(x => x['(google.api.http)'])?.['(google.api.http)']; if (!rule) continue;
    for (const r of [rule, ...[].concat(rule.additional_bindings || [])]) { const verb = ['get', 'post', 'put', 'patch', 'delete'].find(x => r[x]); if (!verb) continue; const c = compile(r[verb]);
      const skip = new Set(c.names.map(x => x.split('.')[0])), bodyF = r.body && r.body !== '*' ? m.resolvedRequestType.fields[r.body] : null, qskip = new Set([...c.names, r.body]);
      routes.push({ api, id: `${n.name}.${m.name}`, src: 'proto', method: verb.toUpperCase(), tmpl: r[verb], ...c, respT: m.resolvedResponseType, stream: !!m.responseStream,
        query: r.body === '*' ? new Map() : queryFields(m.resolvedRequestType, qskip), hasBody: !!r.body,
        check(body, E) { bodyF ? one(bodyF, body, bodyF.name, E, { req: true, skip: new Set() }) : msg(m.resolvedRequestType, body, '', E, { req: true, skip }); },
        qcheck(k, vs, E) { const f = this.query.get(k); if (!f) return E.push(`query ${k}: not a parameter of ${this.id}`); if (vs.length > 1 && !f.repeated) E.push(`query ${k}: given twice`);
          for (const v of vs) one(f, f.type.match(/int|fixed/) ? (I64.test(v) ? Number(v) : v) : f.type === 'bool' ? { true: true, false: false }[v] : f.type?.match(/U?Int(32|64)Value$/) ? (I64.test(v) ? Number(v) : v) : f.type?.endsWith('BoolValue') ? { true: true, false: false }[v] : v, 'query ' + k, E, {}); } }); } }
    if (n.nestedArray) walk(n); } })(root); }
// ---------- B: googleapis url templates + TypeScript types -> JSON Schema for ajv
for (const [api, f] of Object.entries(GAPI)) { const base = `${NM}/googleapis/build/src/apis/${f}`, src = ts.createSourceFile('a.d.ts', fs.readFileSync(base + '.d.ts', 'utf8'), ts.ScriptTarget.Latest, true), K = ts.SyntaxKind, ifs = {}, classes = {};
  (function v(n) { if (ts.isInterfaceDeclaration(n)) ifs[n.name.text] = n; if (ts.isClassDeclaration(n) && n.name) classes[n.name.text] = n; ts.forEachChild(n, v); })(src);
  const sch = t => { switch (t.kind) { case K.StringKeyword: return { type: 'string' }; case K.NumberKeyword: return { type: 'number' }; case K.BooleanKeyword: return { type: 'boolean' }; case K.AnyKeyword: return {};
    case K.ArrayType: return { type: 'array', items: sch(t.elementType) }; case K.ParenthesizedType: return sch(t.type);
    case K.UnionType: { const a = t.types.filter(x => x.getText() !== 'null').map(sch); return a.length === 1 ? a[0] : { anyOf: a }; }
    case K.TypeReference: { const n = t.typeName.getText(); return n === 'Array' ? { type: 'array', items: sch(t.typeArguments[0]) } : /Json(Object|Value)$/.test(n) ? {} : { $ref: `#/definitions/${n.replace('$', '_')}` }; }
    case K.TypeLiteral: return members(t); default: return {}; } };
  const members = n => { const o = { type: 'object', properties: {}, additionalProperties: false }; for (const m of n.members) if (ts.isPropertySignature(m)) o.properties[m.name.text] = sch(m.type); else if (ts.isIndexSignatureDeclaration(m)) o.additionalProperties = sch(m.type); return o; };
  const ajv = new Ajv({ allErrors: true, strict: false }); ajv.addSchema({ $id: api, definitions: Object.fromEntries(Object.entries(ifs).filter(([k]) => k.startsWith('Schema$')).map(([k, n]) => [k.replace('$', '_'), members(n)])) });
  const lc = Object.fromEntries(Object.entries(ifs).map(([k, v]) => [k.toLowerCase(), v]));
  const js = fs.readFileSync(base + '.js', 'utf8'), ver = n => ajv.getSchema(`${api}#/definitions/${n.replace('$', '_')}`);
  for (const cls of js.split(/\n    class (?=Resource\$)/).slice(1)) { const cn = cls.match(/^[\w$]+/)[0]; for (const m of cls.split(/\n        (?=\w+\(paramsOrCallback)/).slice(1)) { const mn = m.match(/^\w+/)[0], verb = m.match(/method: '(\w+)'/)[1];
    const pi = lc[`params$${cn}$${mn}`.toLowerCase()], props = pi ? members(pi).properties : {}, bodyT = pi?.members.find(x => x.name?.text === 'requestBody')?.type.getText(), respT = classes[cn]?.members.filter(x => x.name?.text === mn).map(x => x.getText().match(/BodyResponseCallback<(Schema\$\w+)>/)?.[1]).find(Boolean);
    for (const [key, re] of [['url', /\burl: \(rootUrl \+\s*'([^']+)'/], ['mediaUrl', /mediaUrl: \(rootUrl \+\s*'([^']+)'/]]) { const t = m.match(re)?.[1]; if (!t) continue; const c = compile(t), media = key === 'mediaUrl';
      routes.push({ api, id: `${cn.slice(9).toLowerCase()}.${mn}`, src: 'googleapis', method: verb, tmpl: t, ...c, media, hasBody: !!bodyT, props, vresp: respT && ver(respT), ups: !!pi?.members.some(x => x.name?.text === 'media'),
        check(body, E) { const v = ver(bodyT); if (!v(body)) for (const e of v.errors) E.push(`${e.instancePath || '/'} ${e.message} ${JSON.stringify(e.params)}`); },
        qcheck(k, vs, E) { const s = props[k]; if (!s || ['requestBody', 'media'].includes(k) || c.names.includes(k)) return E.push(`query ${k}: not a parameter of ${this.id}`); const t = s.type === 'array' ? s.items?.type : s.type;
          for (const v of vs) if ((t === 'number' && !/^-?\d+$/.test(v)) || (t === 'boolean' && !/^(true|false)$/.test(v)) || (/^(if.*Match|generation)$/.test(k) && !I64.test(v))) E.push(`query ${k}: ${v} is not a ${t}`); } }); } } } }
// ---------- canned replies (checked against the response type too) and the server
const canned = {}, cd = arg('canned'); if (cd) for (const f of fs.readdirSync(cd).filter(x => x.endsWith('.json'))) { const id = f.slice(0, -5), j = JSON.parse(fs.readFileSync(path.join(cd, f))), rs = routes.filter(x => x.id === id), E = []; if (!rs.length) E.push('no such method');
  for (const r of rs) { if (r.respT) for (const x of r.stream ? [].concat(j) : [j]) msg(r.respT, x, '', E); else if (r.vresp && !r.vresp(j)) E.push(JSON.stringify(r.vresp.errors)); } if (E.length) { console.error(`canned ${f} breaks the contract: ${[...new Set(E)].join('; ')}`); process.exit(1); } canned[id] = j; }
const CHECKED = new Set(['tasks', 'documentai', 'gemini', 'iam', 'bigquery']); // a stand-in's answers; Firestore's come from Google's own emulator, Storage's are mostly bytes
const misses = (r, body) => { const E = []; try { const j = JSON.parse(body.toString('utf8')); if (r.respT) msg(r.respT, j, '', E); else if (r.vresp && !r.vresp(j)) E.push(JSON.stringify(r.vresp.errors)); } catch (x) { E.push('not JSON: ' + x.message); } return [...new Set(E)].map(x => `[reply of ${r.id}] ${x}`); };
let chain = Promise.resolve(); // proxied storage calls one at a time, so that a precondition check and its write are one step
const log = [], TOKEN = arg('token', 'owner'); // 'owner' is what the Firestore and Firebase emulators take as an admin token
function judge(api, q, url, raw) { INT_ENUM = /enum-encoding=int/.test(url.searchParams.get('$alt') || ''); const E = [], pathq = url.pathname, hits = []; const ct = (q.headers['content-type'] || '').split(';')[0].trim();
  for (const r of routes) if ((!api || r.api === api) && (r.method === q.method || (r.media && url.searchParams.has('upload_id') && ['PUT', 'DELETE'].includes(q.method)))) { // a resumable session is written by PUT and dropped by DELETE
    const m = pathq.match(r.re); if (m) hits.push([r, m]); }
  if (!hits.length) return { code: 404, E: [`no method of ${api || 'any API'} has ${q.method} ${pathq}`] };
  if (!process.argv.includes('--noauth') && !/^Bearer \S+$/.test(q.headers.authorization || '') && !q.headers['x-goog-api-key'] && !url.searchParams.has('key') && !url.searchParams.has('upload_id')) return { code: 401, E: ['no Authorization: Bearer, x-goog-api-key or key='] , id: hits[0][0].id };
  let best; const bySrc = {}; for (const [r] of hits) { const e = [], ut = url.searchParams.get('uploadType');
    for (const k of new Set(url.searchParams.keys())) if (!STD.has(k) && !(r.media && k === 'upload_id')) r.qcheck(k, url.searchParams.getAll(k), e);
    let json = r.hasBody; if (r.media) { if (!['media', 'multipart', 'resumable'].includes(ut)) e.push(`uploadType must be media, multipart or resumable, not ${ut}`); json = ut === 'resumable' && raw.length > 0 && !url.searchParams.has('upload_id');
      if (ut === 'media' && !url.searchParams.get('name')) e.push('query name: required for a media upload'); if (ut === 'media' && !ct) e.push('Content-Type: required'); if (ut === 'multipart' && ct !== 'multipart/related') e.push('Content-Type: want multipart/related'); }
    else if (!r.hasBody && raw.length) e.push(`${r.method} takes no body`);
    if (json) { if (ct !== 'application/json') e.push(`Content-Type: want application/json, got ${ct || 'none'}`); try { r.check(JSON.parse(raw.toString('utf8') || '{}'), e); } catch (x) { e.push('body is not JSON: ' + x.message); } }
    if (r.src in bySrc ? e.length < bySrc[r.src].e.length : true) bySrc[r.src] = { r, e }; }
  for (const { r, e } of Object.values(bySrc)) { best ??= r; E.push(...e.map(x => `[${r.src} ${r.id}] ${x}`)); } return { code: E.length ? 400 : 200, E, id: best.id, r: best, via: Object.keys(bySrc) }; }
const wire = grpc({ protobuf, jname, load, methods, ups, log, token: TOKEN, noauth: process.argv.includes('--noauth'), check(T, json, E) { INT_ENUM = false; msg(T, json, '', E, { req: true }); } });
const http1 = http.createServer((q, s) => { const parts = []; q.on('data', d => parts.push(d)).on('end', () => { const raw = Buffer.concat(parts), send = (c, j) => { s.writeHead(c, { 'content-type': 'application/json; charset=UTF-8' }); s.end(JSON.stringify(j)); };
  if (q.url === '/__log') { if (q.method === 'DELETE') log.length = 0; return send(200, log); } if (q.url === '/__routes') return send(200, routes.map(r => `${r.api} ${r.src} ${r.id} ${r.method} ${r.tmpl}`));
  if (q.url === '/__grpc') try { return send(200, wire.control(q.method, raw)); } catch (x) { return send(400, { error: { code: 400, message: x.message } }); }
  if (q.url.startsWith('/computeMetadata/v1/')) { if (q.headers['metadata-flavor'] !== 'Google') return send(403, { error: 'missing Metadata-Flavor: Google' }); s.setHeader('Metadata-Flavor', 'Google'); return q.url.includes('/token') ? send(200, { access_token: TOKEN, expires_in: 3599, token_type: 'Bearer' }) : (s.end('demo-test')); }
  const seg = q.url.split('/')[1], api = routes.some(r => r.api === seg) ? seg : null, rest = api ? q.url.slice(seg.length + 1) : q.url, url = new URL('http://x' + rest);
  const v = judge(api, q, url, raw); const entry = { method: q.method, url: q.url, id: v.id, via: v.via, code: v.code, errors: v.E }; log.push(entry);
  if (v.code !== 200) return send(v.code, { error: { code: v.code, message: v.E.join('; '), status: { 400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 404: 'NOT_FOUND' }[v.code] } });
  // The one thing added by hand: Google's Storage emulator ignores generation preconditions, so look the object up there first (412 as GCS words it).
  const pre = async () => { if (v.r.api !== 'storage' || !ups.storage || ![...url.searchParams.keys()].some(k => /^ifGeneration(Not)?Match$/.test(k))) return true;
    const m = url.pathname.match(/\/b\/([^/]+)\/o(?:\/([^/]+))?/), name = m[2] ?? encodeURIComponent(url.searchParams.get('name') || ''); if (!name) return true; // it is in the body: left to upstream
    const a = await fetch(`${ups.storage}/storage/v1/b/${m[1]}/o/${name}`), gen = a.ok ? (await a.json()).generation : '0';
    const y = url.searchParams.get('ifGenerationMatch'), n = url.searchParams.get('ifGenerationNotMatch'); return (y === null || y === gen) && (n === null || n !== gen); };
  const forward = async () => { if (!await pre()) { const message = 'At least one of the pre-conditions you specified did not hold.'; entry.code = 412; return send(412, { error: { code: 412, message, errors: [{ message, domain: 'global', reason: 'conditionNotMet', locationType: 'header', location: 'If-Match' }] } }); }
    if (!s.destroyed) await new Promise(done => { s.on('close', done); const u = new URL(ups[v.r.api]), p = v.r.api === 'tasks' ? rest.replace(/^\/v2/, '') : rest; const r = http.request({ host: u.hostname, port: u.port, path: p, method: q.method, headers: { ...q.headers, host: u.host, ...(q.headers.authorization ? { authorization: 'Bearer ' + TOKEN } : {}) } }, a => answered(a)); const answered = a => { if (!CHECKED.has(v.r.api)) { s.writeHead(a.statusCode, a.headers); return a.pipe(s); }
      const got = []; a.on('data', d => got.push(d)).on('end', () => { const body = Buffer.concat(got), session = v.r.media && a.headers.location && !body.length, // an upload begins: its address is all there is
        wrong = a.statusCode === 200 && !session ? misses(v.r, body) : []; if (!wrong.length) { s.writeHead(a.statusCode, a.headers); return s.end(body); }
        entry.code = 502; entry.errors.push(...wrong); send(502, { error: { code: 502, message: wrong.join('; ') } }); }); }; r.on('error', e => send(502, { error: { code: 502, message: String(e) } })); r.end(raw); }); }, failed = e => send(502, { error: { code: 502, message: String(e) } });
  if (ups[v.r.api]) return void (v.r.api === 'storage' ? chain = chain.then(forward).catch(failed) : forward().catch(failed));
  send(200, canned[v.id] ?? (v.r.stream ? [{}] : {})); }); });
net.createServer({ allowHalfOpen: true, noDelay: true }, c => { let head = Buffer.alloc(0); c.on('error', () => {}); c.on('data', function sniff(d) {
  head = Buffer.concat([head, d]); if (head.length < 3) return; c.off('data', sniff).pause().unshift(head);
  if (head.toString('latin1', 0, 3) === 'PRI') { c.allowHalfOpen = false; wire.take(c); } else { http1.emit('connection', c); c.resume(); } });
}).listen(+arg('port', 9700), '127.0.0.1', () => console.log(`${routes.length} routes; http://127.0.0.1:${arg('port', 9700)}`));
