// Asks Google's own GoogleSQL engine (ZetaSQL, of an npm package) about statements.
// Usage: node zetasql.cjs DIR/node_modules <requests.json >answers.json
// Requests: {"tables": {"project.dataset.table": [["column", "TYPE"], ...]}, "analyze": [sql, ...], "evaluate": [expression, ...]}
// Answers: {"analyze": [null or what is wrong, ...], "evaluate": [{"value": ...} or {"error": ...}, ...]}
const [modules] = process.argv.slice(2), path = require('path').resolve(modules), fs = require('fs'), net = require('net');
const grpc = require(path + '/@grpc/grpc-js'), loader = require(path + '/@grpc/proto-loader'), { spawn } = require('child_process');
const home = path + '/@fivetrandevelopers/zetasql/lib/zetasql';
const TYPES = { STRING: 'TYPE_STRING', INTEGER: 'TYPE_INT64', BOOLEAN: 'TYPE_BOOL', TIMESTAMP: 'TYPE_TIMESTAMP', JSON: 'TYPE_JSON' };
const languageOptions = { nameResolutionMode: 'NAME_RESOLUTION_DEFAULT', productMode: 'PRODUCT_EXTERNAL',
  enabledLanguageFeatures: ['FEATURE_JSON_TYPE', 'FEATURE_JSON_VALUE_EXTRACTION_FUNCTIONS', 'FEATURE_JSON_ARRAY_FUNCTIONS',
    'FEATURE_V_1_3_QUALIFY', 'FEATURE_ANALYTIC_FUNCTIONS', 'FEATURE_NAMED_ARGUMENTS', 'FEATURE_V_1_2_SAFE_FUNCTION_CALL'],
  supportedStatementKinds: ['RESOLVED_QUERY_STMT', 'RESOLVED_MERGE_STMT'] };
const freePort = () => new Promise(ok => { const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => ok(port)); }); });
async function main() {
  const wanted = JSON.parse(fs.readFileSync(0)), port = await freePort();
  const server = spawn(home + `/remote_server${process.arch.startsWith('arm') ? '_arm' : ''}.so`, ['localhost', String(port)], { stdio: 'ignore' });
  try {
    const definition = loader.loadSync('local_service.proto', { oneofs: true, longs: String, enums: String, includeDirs: [home + '/protos'] });
    const api = new (grpc.loadPackageDefinition(definition).zetasql.local_service.ZetaSqlLocalService)(`localhost:${port}`, grpc.credentials.createInsecure());
    await new Promise((ok, no) => api.waitForReady(Date.now() + 30000, e => e ? no(e) : ok()));
    const call = (method, request) => new Promise((ok, no) => api[method](request, (e, a) => e ? no(e) : ok(a)));
    const simpleCatalog = { name: 'c', builtinFunctionOptions: { languageOptions },
      table: Object.entries(wanted.tables).map(([name, columns], i) => ({ name, serializationId: String(i + 1), column: columns.map(([n, t]) => ({ name: n, type: { typeKind: TYPES[t] }, isWriteableColumn: true })) })) };
    const answers = { analyze: [], evaluate: [] };
    for (const sqlStatement of wanted.analyze) answers.analyze.push(await call('analyze', { sqlStatement, options: { languageOptions }, simpleCatalog }).then(() => null, e => e.details));
    for (const sql of wanted.evaluate) answers.evaluate.push(await call('evaluate', { sql, options: { languageOptions }, simpleCatalog }).then(a => ({ value: a.value[a.value.value] }), e => ({ error: e.details })));
    fs.writeSync(1, JSON.stringify(answers));
  } finally { server.kill('SIGKILL'); }
}
main().then(() => process.exit(0), e => { console.error(String(e)); process.exit(1); });
