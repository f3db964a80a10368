/**
 * The collector's package: its program as a few plain files with its threads beside it, the Node.js
 * it runs on, the dashboard, the catalogue, the migrations. Files that the sources find beside
 * themselves lie below `app` where they lie in the checkout.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build, type Plugin } from 'esbuild'
import type { PackageDescription } from './description.ts'
import { unpackPackage } from './npm-file.ts'
import { type Architecture, ROOT, VERSION } from './root.ts'
import { sbomOf } from './sbom.ts'
import { addDocuments, addKoffi, addNode, homeOf, place } from './tree.ts'

const NAME = 'yiben-collector'
const FOLDER = join(import.meta.dirname, 'collector')
const UNITS = [
  'yiben-collector.service',
  'yiben-collector-backup.service',
  'yiben-collector-backup.timer',
] as const

/** Bodies of threads, by the file that starts them: each is a program of its own. */
const THREADS: Readonly<Record<string, string>> = {
  'collector/src/storage/sqlite/worker.ts': 'store-thread',
  'collector/src/forecast/live/worker.ts': 'forecast-thread',
  'collector/src/api/exports/workbook-worker.ts': 'workbook-thread',
}
/** What sources read beside themselves. */
const DATA = [
  'collector/src/catalogue/data',
  'collector/src/storage/sqlite/migrations',
  'collector/src/storage/postgres/migrations',
] as const
const DASHBOARD = 'collector/dashboard/dist'
/** Finds its pages by its own place; those go with it. */
const SWAGGER = 'node_modules/@fastify/swagger-ui'
/** Native, beside the bundle. */
const EXTERNAL = ['koffi', 'better-sqlite3', 'pg-native'] as const
/** Loaded by name when it is needed: of its older form esbuild would hand over a default export only. */
const ALIASES = { '@peculiar/x509': join(ROOT, 'node_modules/@peculiar/x509/build/x509.es.js') }
/** `import.meta` would make a module of the older form one of the newer. */
const BANNER =
  "import { createRequire as createRequireHere } from 'node:module';" +
  'const require = createRequireHere(import.meta.url); const appFolderHere = import.meta.dirname;'

/** The format of a ledger that this version writes. */
const LEDGER_FORMAT = readdirSync(join(ROOT, DATA[1])).filter((name) =>
  name.endsWith('.sql'),
).length

export const COLLECTOR_PACKAGE: PackageDescription = {
  name: NAME,
  summary: 'keeps the account of what accelerators do',
  detail: 'The ledger, the bank and the dashboard of Yiben. Carries its own Node.js.',
  folder: FOLDER,
  configFiles: ['/etc/yiben-collector/collector.yaml'],
  debDepends: ['libstdc++6 (>= 7)', 'passwd', 'util-linux'],
  rpmRequires: ['libstdc++', 'shadow-utils', 'systemd', 'util-linux'],
  format: LEDGER_FORMAT,
  mibMax: 80,
  // Asks for glibc 2.34; where that is not there, Node.js's own SQLite does the same.
  newerBinaries: ['node_modules/better-sqlite3/'],
  buildTree,
}

async function buildTree(root: string, architecture: Architecture): Promise<void> {
  const home = homeOf(root, NAME)
  const app = join(home, 'app')
  mkdirSync(app, { recursive: true })
  await bundle(app)
  for (const folder of DATA) {
    for (const name of readdirSync(join(ROOT, folder)).filter(isData)) {
      place(app, `${folder}/${name}`, join(ROOT, folder, name))
    }
  }
  addDashboard(join(app, DASHBOARD))
  cpSync(join(ROOT, SWAGGER, 'static'), join(app, SWAGGER, 'static'), { recursive: true })
  addNode(root, NAME, architecture)
  addKoffi(root, NAME, architecture)
  addBetterSqlite(join(app, 'node_modules/better-sqlite3'), architecture)
  place(root, `usr/bin/${NAME}`, join(FOLDER, `${NAME}.sh`), 0o755)
  for (const unit of UNITS) place(root, `usr/lib/systemd/system/${unit}`, join(FOLDER, unit))
  place(root, 'etc/yiben-collector/collector.yaml', join(FOLDER, 'collector.yaml'), 0o640)
  const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'))
  addDocuments(
    root,
    NAME,
    pages.sort().map((name) => `docs/${name}`),
  )
  const monitoring = join(root, 'usr/share/doc', NAME, 'ops')
  cpSync(join(ROOT, 'ops'), monitoring, { recursive: true })
  writeFileSync(join(home, 'VERSION'), `${VERSION}\n`)
  // What this version reads of a ledger: an older one refuses to be put over a newer one's.
  writeFileSync(join(home, 'LEDGER_FORMAT'), `${LEDGER_FORMAT}\n`)
  const sbom = sbomOf({ workspace: 'collector', name: NAME, architecture })
  writeFileSync(join(root, 'usr/share/doc', NAME, 'sbom.cdx.json'), sbom)
}

/** All files of the bundle lie in one folder: a file's URL is that folder's, whichever it came into. */
async function bundle(app: string): Promise<void> {
  const threads = Object.entries(THREADS).map(([entry, name]) => [name, join(ROOT, entry)])
  await build({
    absWorkingDir: ROOT,
    entryPoints: {
      [NAME]: join(ROOT, 'collector/src/main.ts'),
      ...(Object.fromEntries(threads) as Record<string, string>),
    },
    outdir: app,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minifyWhitespace: true,
    legalComments: 'linked',
    external: [...EXTERNAL],
    alias: ALIASES,
    banner: { js: BANNER },
    plugins: [places],
    logLevel: 'warning',
  })
}

/** Whoever asks where it lies is answered with where it would lie below `app`. */
const places: Plugin = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /\/(collector|shared)\/src\/.*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      return text.includes('import.meta') ? { contents: ourPlaces(text, path), loader: 'ts' } : null
    })
    onLoad({ filter: /\/@fastify\/swagger-ui\/(index|lib\/routes)\.js$/ }, ({ path }) => {
      const place = relative(ROOT, dirname(path))
      const here = `require('node:path').join(appFolderHere, ${JSON.stringify(place)})`
      return { contents: readFileSync(path, 'utf8').replaceAll('__dirname', here), loader: 'js' }
    })
  },
}

function ourPlaces(text: string, path: string): string {
  const file = relative(ROOT, path)
  return text
    .replaceAll(/new URL\('(\.\/[\w-]+\.ts)', import\.meta\.url\)/g, (_, name: string) => {
      const thread = THREADS[join(dirname(file), name)]
      if (thread === undefined) throw new Error(`${file} starts ${name}, which is not in the table`)
      return `new URL('./${thread}.mjs', import.meta.url)`
    })
    .replaceAll(
      /new URL\('(\.\/[\w-]+\/)', import\.meta\.url\)/g,
      (_, folder: string) => `new URL('./${join(dirname(file), folder)}', import.meta.url)`,
    )
    .replaceAll('import.meta.dirname', `(import.meta.dirname + '/${dirname(file)}')`)
}

function isData(name: string): boolean {
  return name.endsWith('.csv') || name.endsWith('.sql')
}

/** Built from the sources, not from what somebody has built before. */
function addDashboard(folder: string): void {
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js')
  const args = ['build', 'collector/dashboard', '--outDir', folder, '--emptyOutDir']
  execFileSync(process.execPath, [vite, ...args, '--logLevel', 'warn'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** Its library and the binary of this architecture: not the sources of SQLite, not the others. */
function addBetterSqlite(folder: string, architecture: Architecture): void {
  unpackPackage('better-sqlite3', folder)
  for (const entry of readdirSync(folder)) {
    const isKept = ['package.json', 'lib', 'prebuilds', 'LICENSE'].includes(entry)
    if (!isKept) rmSync(join(folder, entry), { recursive: true })
  }
  for (const binary of readdirSync(join(folder, 'prebuilds'))) {
    if (binary !== `linux-${architecture}.node`) rmSync(join(folder, 'prebuilds', binary))
  }
}
