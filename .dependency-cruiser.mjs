/**
 * Who may import whom, and where each third-party package lives: one table, checked by
 * test/tidy.test.ts (which also proves that the check sees every source file).
 */

/** Package → the only places that may import it. */
export const PACKAGE_HOMES = {
  systeminformation: '^agent/src/probes/node-facts\\.ts$',
  'node-nvidia-smi': '^agent/src/probes/nvidia/',
  xml2js: '^agent/src/probes/(formats/xml\\.ts$|nvidia/)',
  koffi: '^(agent/src/(probes/nvidia/|resident-pages\\.ts$)|shared/src/systemd\\.ts$)',
  ws: '^shared/src/link/(dial|listen)\\.ts$',
  protobufjs: '^shared/src/wire/',
  'better-sqlite3': '^collector/src/storage/sqlite/driver\\.ts$',
  pg: '^collector/src/storage/postgres/driver\\.ts$',
  fastify: '^collector/src/api/',
  'fastify-type-provider-zod': '^collector/src/api/',
  '@fastify/(cookie|helmet|rate-limit|static|swagger|swagger-ui)': '^collector/src/api/',
  '@peculiar/x509': '^collector/src/tls/',
  'openid-client': '^collector/src/api/',
  otpauth: '^collector/src/api/',
  'write-excel-file': '^collector/src/api/',
  'prom-client': '^collector/src/api/',
  '@grpc/(grpc-js|proto-loader)': '^agent/src/owners/kubernetes-kubelet\\.ts$',
  pino: '^shared/src/log\\.ts$',
  commander: '^(agent|collector)/src/main(-commands)?\\.ts$|^scripts/',
  yaml: '^(agent|collector)/src/config|^agent/src/owners/kubernetes-kubeconfig\\.ts$|^scripts/',
}

/** Built-in modules with one home: disk queue, child processes. */
const BUILTIN_HOMES = {
  'node:sqlite': '^shared/src/spool/|^collector/src/storage/sqlite/driver\\.ts$',
  'node:child_process': '^agent/src/exec\\.ts$|^scripts/',
}

/** Folder → what in the same workspace it must not know. */
const DIRECTIONS = [
  ['shared knows neither side', '^shared/', '^(agent|collector|test|scripts)/'],
  ['agent does not know the collector', '^agent/', '^(collector|test|scripts)/'],
  ['collector does not know the agent', '^collector/', '^(agent|test|scripts)/'],
  [
    'probes know no neighbour',
    '^agent/src/probes/',
    '^agent/src/(owners|sampling|verdict|timeline|control)/',
  ],
  [
    'owners know no neighbour',
    '^agent/src/owners/',
    '^agent/src/(probes|sampling|verdict|control)/',
  ],
  [
    'timeline knows no neighbour',
    '^agent/src/timeline/',
    '^agent/src/(probes|owners|sampling|verdict|control)/',
  ],
  [
    'sampling does not know leases and the doors',
    '^agent/src/sampling/',
    '^agent/src/(leases|control|cli)/',
  ],
  ['leases do not know the doors', '^agent/src/leases/', '^agent/src/(control|cli)/'],
  ['model knows nothing', '^collector/src/model/', '^collector/src/(?!model/)'],
  [
    'the port knows the model only',
    '^collector/src/storage/(store|requests|members|(access|children|feed|node-key|placed|plausibility|report|site-facts|sum|upkeep)-store|(account|draw|node|session)-requests)\\.ts$',
    '^collector/src/(?!model/|storage/((access|children|feed|node-key|placed|plausibility|report|site-facts|sum|upkeep)-store|((account|draw|node|session)-)?requests)\\.ts$)',
  ],
  [
    'forecast knows no storage, doors or transport',
    '^collector/src/forecast/(?!live/)',
    '^collector/src/(?!forecast/(?!live/))',
  ],
  [
    'the running forecast knows the port, no doors or transport',
    '^collector/src/forecast/live/',
    '^collector/src/(?!forecast/|model/|storage/(store|requests)\\.ts$)',
  ],
  [
    'decisions know no storage, doors or transport',
    '^collector/src/(inventory|timeline|journal|rollup|plausibility|bank|ingest|children)/',
    '^collector/src/(storage/(sqlite|postgres)|gateway|api|cli)/',
  ],
  [
    'verify knows of the journal its format only',
    '^collector/src/journal/verify',
    '^collector/src/(?!journal/(verify|format)|model/)',
  ],
  [
    'inventory, timeline, journal, rollup, plausibility do not know bank and ingest',
    '^collector/src/(inventory|timeline|journal|rollup|plausibility)/',
    '^collector/src/(bank|ingest)/',
  ],
  [
    'upstream and bundles know the port, no doors',
    '^collector/src/(upstream|bundle)/',
    '^collector/src/(storage/sqlite|gateway|api|cli|bank|ingest|children)/',
  ],
  [
    'draws placed at a parent know no doors but the answers of the interface',
    '^collector/src/placed/',
    '^collector/src/(storage/(sqlite|postgres)|gateway|api/(?!answers/|auth|context|schemas)|cli|ingest|children|upstream)',
  ],
  [
    'the adapter knows the port, no doors',
    '^collector/src/adapter/',
    '^collector/src/(storage/(sqlite|postgres)|gateway|api|cli|bank|ingest|children|upstream|bundle)/',
  ],
  [
    'several processes know the port, no doors',
    '^collector/src/cluster/',
    '^collector/src/(storage/(sqlite|postgres)|gateway|api|cli|bank|ingest|children|upstream)/',
  ],
  ['bank does not know ingest', '^collector/src/bank/', '^collector/src/ingest/'],
  [
    'the gateway does not know the api',
    '^collector/src/gateway/',
    '^collector/src/(api|cli|bank|rollup)/',
  ],
  [
    'the api does not know the gateway',
    '^collector/src/api/',
    '^collector/src/(gateway|ingest|cli)/',
  ],
  [
    'storage is behind its port',
    '^collector/src/(?!storage/|main\\.ts|collector\\.ts|cli/)',
    '^collector/src/storage/(sqlite|postgres)/',
  ],
  [
    'PostgreSQL does not know SQLite',
    '^collector/src/storage/postgres/',
    '^collector/src/storage/sqlite/',
  ],
  [
    'SQLite does not know PostgreSQL',
    '^collector/src/storage/sqlite/',
    '^collector/src/storage/postgres/',
  ],
  [
    'what both stores share knows neither',
    '^collector/src/storage/(?!sqlite/|postgres/|move/|open\\.ts)',
    '^collector/src/storage/(sqlite|postgres|move)/|^collector/src/storage/open\\.ts',
  ],
]

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no import cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'every import resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^node:' },
    },
    ...DIRECTIONS.map(([name, from, to]) => ({
      name,
      severity: 'error',
      from: { path: from },
      to: { path: to },
    })),
    ...Object.entries(PACKAGE_HOMES).map(([name, home]) => ({
      name: `${name} has one home`,
      severity: 'error',
      from: { path: '^(agent|collector|shared)/src/', pathNot: home },
      to: { path: `^(node_modules/)?(@types/)?${name}(/|$)` },
    })),
    ...Object.entries(BUILTIN_HOMES).map(([name, home]) => ({
      name: `${name} has one home`,
      severity: 'error',
      from: { path: '^(agent|collector|shared)/src/', pathNot: home },
      to: { path: `^(node:)?${name.slice('node:'.length)}$` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default'] },
    moduleSystems: ['es6', 'cjs'],
  },
}
