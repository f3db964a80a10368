/**
 * Writes `docs/vendors.md`: which fields each vendor's tool was seen to tell, counted over the
 * captures it is given, and what reading its cards takes on a machine. Both come from the code and
 * from running it; nothing in the tables is typed by hand.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { VENDOR_ACCESS } from '../agent/src/probes/access.ts'
import type { OfferedSignals, ParsedDevice, ParsedOutput } from '../agent/src/probes/probe.ts'
import { VENDOR_ENTRIES } from '../agent/src/probes/registry.ts'

const OWN = join(import.meta.dirname, '../test/captures')
const TARGET = join(import.meta.dirname, '../docs/vendors.md')

interface Field {
  readonly title: string
  readonly keys: readonly string[]
  /** Which signal of a probe it is; `null` for what no verdict rests on. */
  readonly signal: keyof OfferedSignals | null
}

const FIELDS: readonly Field[] = [
  { title: 'name', keys: ['name'], signal: null },
  { title: 'id of the chip', keys: ['uuid'], signal: null },
  { title: 'serial', keys: ['serial'], signal: null },
  { title: 'PCI address', keys: ['pci_bdf'], signal: null },
  { title: 'memory total', keys: ['memory_total_mib'], signal: 'memory' },
  { title: 'memory used', keys: ['memory_used_mib'], signal: 'memory' },
  { title: 'utilization', keys: ['utilization_pct'], signal: 'utilization' },
  { title: 'power', keys: ['power_w'], signal: 'power' },
  { title: 'temperature', keys: ['temperature_c'], signal: null },
  {
    title: 'health',
    keys: ['health', 'healthy', 'state', 'ecc_uncorrected', 'ecc_uncorrected_volatile', 'faulty'],
    signal: 'health',
  },
  { title: 'processes', keys: ['processes'], signal: 'processes' },
  { title: 'slices', keys: ['slices', 'mig_devices', 'vnpus'], signal: null },
]

interface Run {
  readonly output: ParsedOutput
  readonly offers: OfferedSignals | null
}

async function runsOf(vendor: string, folders: readonly string[]): Promise<Run[]> {
  const entry = VENDOR_ENTRIES.find((candidate) => candidate.vendor === vendor)
  if (entry === undefined) return []
  const runs: Run[] = []
  for (const folder of folders.map((parent) => join(parent, vendor))) {
    const names = existsSync(folder) ? readdirSync(folder) : []
    for (const name of names.filter((file) => file.endsWith('.txt')).sort()) {
      const text = readFileSync(join(folder, name), 'utf8')
      const expected: unknown = JSON.parse(
        readFileSync(join(folder, name.replace(/\.txt$/, '.expect.json')), 'utf8'),
      )
      const command = commandOf(expected)
      const output = await entry.parse(text, command)
      runs.push({ output, offers: await entry.offers(text, command) })
    }
  }
  return runs.filter(({ output }) => output.devices.length > 0)
}

function commandOf(expected: unknown): string | null {
  const isTold = typeof expected === 'object' && expected !== null && 'command' in expected
  return isTold && typeof expected.command === 'string' ? expected.command : null
}

function isTold(device: ParsedDevice, { keys }: Field): boolean {
  return keys.some((key) => device[key] !== null && device[key] !== undefined)
}

/** `read 5/7`: in 5 of 7 outputs with a card in it. */
function cellOf(field: Field, runs: readonly Run[]): string {
  const told = runs.filter(({ output }) => output.devices.some((device) => isTold(device, field)))
  if (told.length > 0) return `read ${told.length}/${runs.length}`
  const { signal } = field
  const isOffered = signal !== null && runs.some(({ offers }) => offers?.[signal] === true)
  return isOffered ? 'absent' : 'not offered'
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n')
}

const code = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(' ') || '–'

async function document(folders: readonly string[]): Promise<string> {
  const all = new Map<string, Run[]>()
  for (const { vendor } of VENDOR_ENTRIES) all.set(vendor, await runsOf(vendor, folders))
  const fields = table(
    ['vendor', 'outputs', ...FIELDS.map(({ title }) => title)],
    [...all].map(([vendor, runs]) => [
      vendor,
      String(runs.length),
      ...FIELDS.map((field) => cellOf(field, runs)),
    ]),
  )
  const access = table(
    ['vendor', 'tools', 'kernel modules', 'device nodes', 'groups', 'folders'],
    VENDOR_ACCESS.map((row) => [
      row.maker,
      code(row.tools),
      code(row.modules),
      code(row.deviceNodes.map((node) => `/dev/${node}`)),
      code(row.groups),
      code(row.folders),
    ]),
  )
  return `# Vendors

Written by \`npm run tables\` from the code and from captured tool outputs; do not edit it.

## Which fields each tool was seen to tell

Counted over captured outputs of each tool that have a card in them (several commands and versions of one tool, so no field is in
all of them). \`read 5/7\`: told in 5 of 7 outputs. \`absent\`: the probe requires it where the tool offers it, and none of these
outputs tells it. \`not offered\`: no output of the tool that is known has it.

${fields}

## What reading takes

The user the agent runs as must be able to read and write the device nodes and to run the tool. \`–\`: nothing public names one;
\`yiben-agent doctor\` shows what is on the machine.

${access}
`
}

const USAGE = `npm run tables -- [--captures FOLDER]...

Writes docs/vendors.md from the code and from captured tool outputs.

  --captures FOLDER  more captures than the project's own, one folder per vendor in it`

const { values } = parseArgs({
  options: {
    captures: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
} else {
  writeFileSync(TARGET, await document([OWN, ...values.captures]))
  console.log(TARGET)
}
