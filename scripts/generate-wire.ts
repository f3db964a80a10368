/**
 * Makes `shared/src/wire/generated/` from `shared/proto/link.proto`: static code, no reflection and
 * no `eval` at run time. `npm run wire` writes the files; the test of the wire compares them.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PROTO = join(ROOT, 'shared/proto/link.proto')
const TARGET = join(ROOT, 'shared/src/wire/generated')

/** What plain typed code needs; the codec checks and builds messages itself. */
const FLAGS = [
  ...['-t', 'static-module', '-w', 'esm'],
  ...['--no-create', '--no-verify', '--no-delimited', '--no-convert', '--no-typeurl'],
  ...['--no-service', '--force-number', '--no-beautify'],
]

export interface GeneratedWire {
  readonly code: string
  readonly types: string
}

/** Runs the generator into a folder of its own and returns what it made. */
export function generateWire(): GeneratedWire {
  const folder = mkdtempSync(join(tmpdir(), 'yiben-wire-'))
  try {
    const documented = join(folder, 'documented.js')
    const types = join(folder, 'link.d.ts')
    const code = runTool('pbjs', [...FLAGS, '--no-comments', PROTO])
    // The type generator reads the types from doc comments, which the shipped code leaves out.
    runTool('pbjs', [...FLAGS, '-o', documented, PROTO])
    runTool('pbts', ['--no-comments', '-o', types, documented])
    return { code: tidyCode(code), types: tidyTypes(readFileSync(types, 'utf8')) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runTool(name: 'pbjs' | 'pbts', args: readonly string[]): string {
  const program = join(ROOT, 'node_modules/protobufjs-cli/bin', name)
  return execFileSync(process.execPath, [program, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  })
}

/**
 * One space per level instead of four: a quarter less to read at every start. Absent 64-bit fields
 * are plain zeros: the generator would make them objects where the package `long` is installed.
 */
function tidyCode(code: string): string {
  return code
    .replace(/^ +/gm, (indent) => ' '.repeat(Math.floor(indent.length / 4)))
    .replace(/\$util\.Long \? \$util\.Long\.fromBits\(0, ?0, ?(?:true|false)\) : 0/g, '0')
}

/** With `--force-number` no 64-bit object appears, so the line that needs its package goes. */
function tidyTypes(types: string): string {
  return types
    .replace(/^import Long = require\("long"\);\n/m, '')
    .replace('from "protobufjs";', 'from "protobufjs/minimal.js";')
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const generated = generateWire()
  mkdirSync(TARGET, { recursive: true })
  writeFileSync(join(TARGET, 'link.js'), generated.code)
  writeFileSync(join(TARGET, 'link.d.ts'), generated.types)
  console.log(`wrote link.js (${generated.code.length} bytes) and link.d.ts to ${TARGET}`)
}
