/**
 * Records what a vendor's tool prints as a capture of the test suite: runs the command, masks ids,
 * serials and process names, and writes what the parser makes of the masked text beside it, to be
 * reviewed. The suite refuses a capture until a person has set `reviewed` to true.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createToolRunner } from '../agent/src/exec.ts'
import { maskOutput } from '../agent/src/probes/mask.ts'
import { VENDOR_ENTRIES, vendorEntry } from '../agent/src/probes/registry.ts'
import { createRealWorld } from '../shared/src/real-world.ts'

const FOLDER = join(import.meta.dirname, '../test/captures')
const DEADLINE_MS = 60_000
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024
/** `<model>__<driver>__<idle|load|…>`, lower case, as the folder's README says. */
const NAME = /^[a-z0-9][a-z0-9.-]*__[a-z0-9][a-z0-9.-]*__[a-z0-9][a-z0-9-]*$/

const USAGE = `npm run capture -- --vendor VENDOR --name MODEL__DRIVER__IDLE [--file FILE] -- COMMAND...

Records an output of a vendor tool, masked, with its expected values to be reviewed.

  --vendor VENDOR  whose tool it is
  --name NAME      <model>__<driver>__<idle|load|...>, lower case
  --file FILE      take the output from a file instead of running the command

  npm run capture -- --vendor cambricon --name mlu590__6.0__idle -- cnmon`

interface Options {
  readonly vendor: string
  readonly name: string
  readonly file: string | undefined
}

async function printed(command: readonly string[], file: string | undefined): Promise<string> {
  if (file !== undefined) return readFileSync(file, 'utf8')
  const [tool = '', ...args] = command
  const exec = createToolRunner({ clock: createRealWorld().clock, toolPath: [], env: process.env })
  const result = await exec.run({
    tool,
    args,
    deadlineMs: DEADLINE_MS,
    outputBytesMax: OUTPUT_BYTES_MAX,
  })
  exec.stop()
  if (result.status !== 'exited') throw new Error(result.sentence)
  return result.stdout === '' ? result.stderr : result.stdout
}

async function capture(command: readonly string[], options: Options): Promise<void> {
  const { vendor, name, file } = options
  const entry = vendorEntry(vendor)
  if (entry === null) {
    const known = VENDOR_ENTRIES.map((candidate) => candidate.vendor).join(', ')
    throw new Error(`--vendor must be one of ${known}`)
  }
  if (!NAME.test(name)) throw new Error('--name is <model>__<driver>__<idle|load|…>, lower case')
  if (command.length === 0) throw new Error('name the command behind --: -- npu-smi info')
  const line = command.join(' ')
  const raw = await printed(command, file)
  const text = maskOutput(raw, { parsed: await entry.parse(raw, line), words: [hostname()] })
  const { vendor: _, ...parsed } = await entry.parse(text, line)
  const expected = { command: line, reviewed: false, ...parsed }
  const path = join(FOLDER, vendor, `${name}.txt`)
  if (existsSync(path)) throw new Error(`${path} is there already`)
  mkdirSync(join(FOLDER, vendor), { recursive: true })
  writeFileSync(path, text)
  writeFileSync(path.replace(/\.txt$/, '.expect.json'), `${JSON.stringify(expected, null, 2)}\n`)
  console.log(`${path}: ${parsed.devices.length} devices.`)
  console.log(
    'Now read both files: no name, no serial and no id may be left in the text, and every',
  )
  console.log(
    'figure of the expectation must be the one you see in it (null: not told). Take out keys',
  )
  console.log('nobody needs, then set "reviewed" to true: until then the suite fails.')
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    vendor: { type: 'string' },
    name: { type: 'string' },
    file: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const { vendor, name, file, help } = values
if (help) {
  console.log(USAGE)
} else if (vendor === undefined || name === undefined) {
  console.error(`--vendor and --name are needed\n${USAGE}`)
  process.exitCode = 2
} else {
  try {
    await capture(positionals, { vendor, name, file })
  } catch (error) {
    console.error(`capture: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
