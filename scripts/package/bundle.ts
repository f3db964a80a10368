/**
 * The agent's sources and its libraries as a few plain files: nothing is resolved, compiled or
 * downloaded on the node. Vendors' code stays in chunks of its own and is loaded only where their
 * cards show. Native addons are not bundled; they are copied beside.
 */
import { join } from 'node:path'
import { build } from 'esbuild'
import { ROOT } from './root.ts'

/** Libraries in the older module form ask for `require`. */
const BANNER =
  "import { createRequire as createRequireHere } from 'node:module';" +
  'const require = createRequireHere(import.meta.url);'

/** Entry file `<name>.mjs` in `folder`, its chunks and `*.LEGAL.txt` beside it. */
export async function bundleProgram(options: {
  readonly name: string
  readonly entry: string
  readonly folder: string
  readonly external: readonly string[]
}): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: { [options.name]: join(ROOT, options.entry) },
    outdir: options.folder,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Names are kept for stack traces; what is spaces and comments need not be read at each start.
    minifyWhitespace: true,
    legalComments: 'linked',
    external: [...options.external],
    banner: { js: BANNER },
    logLevel: 'warning',
  })
}
