// contract-grpc.mjs - gRPC of contract-server.mjs: messages checked on the wire, passed on, and faults on request.
import http2 from 'node:http2';
const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_FLAG_END_STREAM } = http2.constants;
const PAGE = '<!doctype html><title>Error</title><p>Something went wrong.';
const HEAD = { ':status': 200, 'content-type': 'application/grpc' };
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// ---------- the wire format to proto3 JSON. Each tag is looked at here: protobufjs skips unknown fields, reads a wrong
// wire type as if it were the right one, takes any bytes for a string and the last of several values of one field.
export function decoder({ protobuf, jname }) {
  const { Reader, Enum, Type, types } = protobuf;
  const digits = n => String(Math.abs(n)).padStart(9, '0'), far = n => Math.abs(n) > 999999999;
  const WELL = {
    Timestamp: ({ seconds = 0, nanos = 0 }) => { const at = new Date(seconds * 1000); return nanos < 0 || far(nanos) || isNaN(at) ? 'out of range' : at.toISOString().replace('.000Z', `.${digits(nanos)}Z`); },
    Duration: ({ seconds = '0', nanos = 0 }) => far(nanos) || seconds * nanos < 0 ? 'out of range' : `${seconds < 0 || nanos < 0 ? '-' : ''}${seconds.replace('-', '')}.${digits(nanos)}s`,
    FieldMask: ({ paths = [] }) => paths.map(p => p.replace(/_([a-z0-9])/g, (_, c) => c.toUpperCase())).join(','),
    Any: ({ typeUrl, ...rest }) => ({ '@type': typeUrl, ...rest }), ListValue: ({ values = [] }) => values };
  const json = (T, v) => { const name = T.fullName.match(/^\.google\.protobuf\.(\w+)$/)?.[1];
    return name?.match(/^(String|Bytes|Bool|Double|Float|U?Int(32|64))Value$/) ? v.value ?? { string: '', bytes: '', bool: false }[T.fields.value.type] ?? 0 : WELL[name] ? WELL[name](v) : v; };
  function scalar(f, r) {
    if (f.resolvedType instanceof Enum) { const n = r.int32(); return f.resolvedType.fullName === '.google.protobuf.NullValue' && n === 0 ? null : f.resolvedType.valuesById[n] ?? n; }
    if (f.type === 'bytes') return r.bytes().toString('base64');
    if (f.type === 'string') return UTF8.decode(r.bytes());
    const v = r[f.type](); return /64/.test(f.type) || (typeof v === 'number' && !Number.isFinite(v)) ? String(v) : v; }
  function decode(T, bytes, path, E) {
    const r = Reader.create(bytes), out = {};
    while (r.pos < r.len) {
      const tag = r.uint32(), wire = tag & 7, f = T.fieldsById[tag >>> 3];
      if (!f) { E.push(`${path || T.fullName}: unknown field ${tag >>> 3} in ${T.fullName}`); r.skipType(wire); continue; }
      const name = jname(f), q = path ? `${path}.${name}` : name, want = f.map ? 2 : types.basic[f.type] ?? (f.resolvedType instanceof Enum ? 0 : 2);
      if (wire !== want && !(wire === 2 && f.repeated)) { E.push(`${q}: wire type ${wire}, want ${want}`); r.skipType(wire); continue; }
      const one = (x, p) => f.resolvedType instanceof Type ? decode(f.resolvedType, x.bytes(), p, E) : scalar(f, x);
      if (f.map) { const entry = decode({ fullName: `${T.fullName}.${f.name}`, fieldsById: { 1: { name: 'key', type: f.keyType }, 2: { name: 'value', type: f.type, resolvedType: f.resolvedType } } }, r.bytes(), q, E);
        if (!('key' in entry && 'value' in entry)) E.push(`${q}: an entry without its key or value`); else if (Object.hasOwn(out[name] ??= {}, entry.key)) E.push(`${q}[${entry.key}]: given twice`); else Object.defineProperty(out[name], entry.key, { value: entry.value, enumerable: true }); }
      else if (f.repeated) { const list = out[name] ??= []; if (wire === want) list.push(one(r, `${q}[${list.length}]`)); else for (const x = Reader.create(r.bytes()); x.pos < x.len;) list.push(scalar(f, x)); }
      else { if (name in out) E.push(`${q}: given twice`); out[name] = one(r, q); } }
    return json(T, out); }
  return decode; }

// The messages of a request: its frames without their prefixes.
function frames(raw, E) {
  const list = [];
  for (let at = 0; at < raw.length;) {
    const size = raw.length - at < 5 ? NaN : raw.readUInt32BE(at + 1), end = at + 5 + size;
    if (raw[at] !== 0) E.push(`frame: compressed flag is ${raw[at]}`);
    if (!(end <= raw.length)) { E.push(`frame: ${raw.length - at} bytes of ${end || 'a prefix of 5'}`); break; }
    list.push(raw.subarray(at + 5, end)); at = end; }
  return list; }

// The messages of an answer, framed: whole ones, as many at a time as came together.
async function* whole(stream) {
  let parts = [], have = 0, need = 5;
  for await (const chunk of stream) {
    parts.push(chunk); have += chunk.length; if (have < need) continue;
    const all = Buffer.concat(parts), list = []; let at = 0;
    for (need = 5; have - at >= 5 && have - at >= (need = 5 + all.readUInt32BE(at + 1)); need = 5) { list.push(all.subarray(at, at + need)); at += need; }
    parts = [all.subarray(at)]; have -= at; if (list.length) yield list; }
  if (have) yield [Buffer.concat(parts)]; }

const percent = text => Array.from(Buffer.from(text), b => b < 32 || b > 126 || b === 37 ? '%' + b.toString(16).toUpperCase().padStart(2, '0') : String.fromCharCode(b)).join('');
const told = (status, message) => ({ 'grpc-status': String(status), ...(message ? { 'grpc-message': percent(message) } : {}) });

// methods: [{ api, id, path, m }]; check(type, json, errors) is that of REST's bodies; load() gives a root of .proto files.
export function grpc({ protobuf, jname, load, methods, check, ups, log, token, noauth }) {
  const decode = decoder({ protobuf, jname }), sessions = new Map(), rpc = load(['rpc/status', 'rpc/error_details']);
  let pending = [], calls = [];

  function judge(method, head, raw, E) {
    if (head[':method'] !== 'POST') E.push(`method: want POST, got ${head[':method']}`);
    if (!/^application\/grpc(\+proto)?$/.test(head['content-type'] || '')) E.push(`content-type: want application/grpc, got ${head['content-type'] || 'none'}`);
    if (head.te !== 'trailers') E.push(`te: want trailers, got ${head.te || 'none'}`);
    if (head['grpc-encoding'] && head['grpc-encoding'] !== 'identity') E.push(`grpc-encoding: ${head['grpc-encoding']} is not taken`);
    if (head['grpc-timeout'] && !/^\d{1,8}[HMSmun]$/.test(head['grpc-timeout'])) E.push(`grpc-timeout: ${head['grpc-timeout']} is not a timeout`);
    const list = frames(raw, E), T = method.m.resolvedRequestType; if (E.length) return;
    if (list.length !== 1 && !method.m.requestStream) E.push(`${list.length} messages, want one`);
    for (const bytes of list) try { const json = decode(T, bytes, '', E); check(T, json, E);
      if (!method.m.parsedOptions?.some(o => '(google.api.routing)' in o)) for (const [k, v] of new URLSearchParams(head['x-goog-request-params'] || '')) if (k.split('.').reduce((o, n) => o?.[n], json) !== v) E.push(`x-goog-request-params: ${k}=${v} is not what the request says`);
    } catch (x) { E.push(`not a ${T.fullName}: ${x.message}`); } }

  // ---------- answers
  const begin = (s, head) => { s.on('wantTrailers', () => s.sendTrailers(s.ending)); s.respond(head, { waitForTrailers: true }); };
  const end = (s, trailers) => { if (s.closed) return; if (!s.headersSent) return s.respond({ ...HEAD, ...trailers }, { endStream: true }); s.ending = trailers; s.end(); };
  const send = (s, data) => new Promise(done => s.write(data, done)); // done when it is in the socket

  const later = act => s => new Promise(done => setTimeout(() => done(act(s)), 50)); // a reset overtakes what a client has not read yet
  const FAULTS = {
    status: (s, f) => end(s, { ...told(f.status, f.message), ...(f.retry_delay === undefined ? {} : { 'grpc-status-details-bin': details(f) }) }),
    http: (s, f) => { s.respond({ ':status': f.http, 'content-type': 'text/plain' }); s.end('no healthy upstream'); },
    html: s => { s.respond({ ':status': 200, 'content-type': 'text/html; charset=UTF-8' }); s.end(PAGE); },
    end: s => { if (!s.headersSent) begin(s, HEAD); end(s, {}); },
    half: async (s, f, message = Buffer.from([0, 0, 0, 0, 2, 8])) => { await send(s, message.subarray(0, (5 + message.length) >> 1)); end(s, told(0)); },
    reset: later(s => s.close(NGHTTP2_INTERNAL_ERROR)), cut: later(s => s.session?.raw.destroy()), stall: () => {} };
  const kind = f => Object.keys(FAULTS).find(k => k in f), title = f => ['status', 'http'].includes(kind(f)) ? `${kind(f)} ${f[kind(f)]}` : kind(f);
  function details({ status, message = '', retry_delay }) {
    const type = n => rpc.lookupType('google.rpc.' + n), wait = { seconds: Math.floor(retry_delay), nanos: Math.round(retry_delay % 1 * 1e9) };
    return Buffer.from(type('Status').encode({ code: status, message, details: [{ type_url: 'type.googleapis.com/google.rpc.RetryInfo', value: type('RetryInfo').encode({ retry_delay: wait }).finish() }] }).finish()).toString('base64'); }

  function upstream(api) {
    let session = sessions.get(api); if (session && !session.closed && !session.destroyed) return session;
    if (!ups[api]) throw new Error(`no --up for ${api}`);
    session = http2.connect(ups[api]); session.on('error', () => {}); sessions.set(api, session); return session; }

  async function forward(s, method, head, raw, fault, call) {
    const kept = Object.fromEntries(Object.entries(head).filter(([k]) => k[0] !== ':' && k !== 'host'));
    const up = upstream(method.api).request({ ...kept, ':method': 'POST', ':path': method.path, authorization: 'Bearer ' + token });
    let trailers = {}; up.on('trailers', t => trailers = t); s.on('close', () => up.close(NGHTTP2_CANCEL));
    const strike = (...more) => { up.close(NGHTTP2_CANCEL); call.fault = title(fault); return FAULTS[kind(fault)](s, fault, ...more); };
    const answer = new Promise((ok, no) => { up.on('response', (h, flags) => ok([h, flags])); up.on('error', no); up.on('close', () => no(new Error('the upstream closed'))); });
    up.end(raw); const [h, flags] = await answer; if (s.closed) return;
    if (flags & NGHTTP2_FLAG_END_STREAM) return s.respond(h, { endStream: true });
    begin(s, h);
    for await (const list of whole(up)) {
      const pass = fault ? list.slice(0, fault.after - call.messages) : list, next = list[pass.length];
      call.messages += pass.length; if (pass.length) await send(s, Buffer.concat(pass)); if (s.closed) return;
      if (fault && call.messages === fault.after && (next || kind(fault) !== 'half')) return strike(next); }
    return fault ? strike() : end(s, trailers); } // a short answer meets its fault at its end

  async function answer(s, head, raw) {
    const E = [], entry = { method: head[':method'], url: head[':path'], via: ['grpc'], code: 0, errors: E }; log.push(entry);
    const api = methods.some(x => x.api === head[':path'].split('/')[1]) ? head[':path'].split('/')[1] : null, path = api ? head[':path'].slice(api.length + 1) : head[':path'];
    const method = methods.find(x => x.path === path && (!api || x.api === api)); entry.id = method?.id;
    if (!method) { entry.code = 12; E.push(`no method of ${api || 'any API'} is ${path}`); }
    else if (!noauth && !/^Bearer \S+$/.test(head.authorization || '')) { entry.code = 16; E.push('no authorization: Bearer'); }
    else { judge(method, head, raw, E); if (E.length) entry.code = 3; E.splice(0, E.length, ...E.map(x => `[grpc ${method.id}] ${x}`)); }
    const call = { path: head[':path'], fault: E.length ? 'refused' : 'forwarded', messages: 0 }; calls.push(call);
    if (E.length) return end(s, told(entry.code, E.slice(0, 20).join('; ')));
    const met = pending.find(p => p.times !== 0 && p.re.test(path)), fault = met?.fault; if (met?.times) met.times--;
    try { if (fault?.after === 0 && kind(fault) !== 'half') { call.fault = title(fault); await FAULTS[kind(fault)](s, fault); } else await forward(s, method, head, raw, fault, call); }
    catch (x) { end(s, told(14, x.message)); }
    entry.messages = call.messages; }

  const server = http2.createServer();
  server.on('stream', (s, head) => { const parts = []; s.on('error', () => {}); // the client has left
    s.on('data', d => parts.push(d)).on('end', () => answer(s, head, Buffer.concat(parts))); });
  return {
    take(socket) { server.once('session', session => session.raw = socket); server.emit('connection', socket); },
    control(verb, raw) { // of /__grpc
      if (verb === 'DELETE') { pending = []; calls = []; }
      if (verb === 'POST') { const { path, times = 1, fault: { after = 0, ...fault } } = JSON.parse(raw);
        if (!kind(fault) || (after && ['http', 'html'].includes(kind(fault)))) throw new Error('no such fault');
        pending.push({ path, re: new RegExp(path), times, fault: { ...fault, after } }); }
      return { pending: pending.filter(p => p.times !== 0).map(({ re, ...p }) => p), calls }; } }; }
