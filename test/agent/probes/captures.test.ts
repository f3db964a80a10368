/**
 * Every capture parses to its expected values, and no damage to one yields a number that is not
 * printed there. What lies in the folders is run; there is no list.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ParsedDevice, ParsedOutput } from '../../../agent/src/probes/probe.ts'
import { VENDOR_ENTRIES, vendorEntry } from '../../../agent/src/probes/registry.ts'
import { type Capture, capturesOf, HAS_SHARED_CAPTURES, isRecord } from '../../support/captures.ts'

/** Words about the capture, not values to be parsed; and what may be told either way. */
const NOT_COMPARED = new Set([
  'source',
  'provenance',
  'notes',
  'health notes',
  'format',
  'command',
  'power_w_also_acceptable',
  'reviewed',
])

/** Differences between what is expected and what was parsed; keys nobody expects are free. */
function differences(expected: unknown, parsed: unknown, path: string): string[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(parsed)) return [`${path}: expected a list, got ${JSON.stringify(parsed)}`]
    const lengths =
      parsed.length === expected.length
        ? []
        : [`${path}: expected ${expected.length} entries, got ${parsed.length}`]
    const entries = expected.flatMap((value, at) =>
      differences(value, parsed[at], `${path}[${at}]`),
    )
    return [...lengths, ...entries]
  }
  if (isRecord(expected)) {
    const found = isRecord(parsed) ? parsed : {}
    return Object.entries(expected)
      .filter(([key]) => !NOT_COMPARED.has(key))
      .flatMap(([key, value]) => differences(value, found[key], `${path}.${key}`))
  }
  const actual = parsed === undefined ? null : parsed
  if (typeof expected === 'number' && typeof actual === 'number') {
    return Math.abs(expected - actual) <= 0.01 ? [] : [`${path}: ${actual}, expected ${expected}`]
  }
  return Object.is(actual, expected)
    ? []
    : [`${path}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`]
}

/**
 * A version that stands in another output of the same run, or a reason a person added, is not in
 * the text: only what the text holds is demanded of the parser.
 */
function demanded(expected: Readonly<Record<string, unknown>>, text: string) {
  return Object.fromEntries(
    Object.entries(expected).filter(
      ([key, value]) =>
        key !== 'error' &&
        !(key.endsWith('_version') && typeof value === 'string' && !text.includes(value)),
    ),
  )
}

for (const { vendor, parse } of VENDOR_ENTRIES) {
  const where = HAS_SHARED_CAPTURES
    ? ''
    : ' (captures beside the checkout are not there: our own alone)'
  describe(`captures of ${vendor}${where}`, () => {
    const captures = capturesOf(vendor)

    test('every one has been reviewed by a person', () => {
      const waiting = captures.filter(({ expected }) => expected.reviewed === false)
      expect(waiting.map(({ name }) => name)).toEqual([])
    })

    test('there are some', () => {
      expect(captures.length).toBeGreaterThan(0)
    })

    test.each(captures)(
      '$name parses to its expected values',
      async ({ text, command, expected }) => {
        const output = await parse(text, command)
        expect(differences(demanded(expected, text), output, '')).toEqual([])
        expect(output.error === undefined).toBe(expected.error === undefined)
        if (isRecord(expected.error)) {
          expect(output.devices).toEqual([])
          expect(output.error).toMatchObject({ class: expected.error.class })
        }
      },
    )

    test.each(captures)('$name: line ends of another system change nothing', async (capture) => {
      const { text, command } = capture
      const foreign = `\uFEFF${text.replace(/\r?\n/g, '\r\n')}`
      expect((await parse(foreign, command)).devices).toEqual((await parse(text, command)).devices)
    })

    test('no damage makes a number that is not in the text, or a crash', async () => {
      const damages = damagesOf(captures)
      await fc.assert(
        fc.asyncProperty(damages, async ({ capture, kind, at, word }) => {
          const text = damage(capture.text, kind, at, word)
          const output = await parse(text, capture.command)
          expect(strayNumbers(output, `${text}\n${capture.command ?? ''}`)).toEqual([])
        }),
        { numRuns: 300 },
      )
    })

    test('no damage makes a card look free, and none takes long', async () => {
      const damages = damagesOf(captures)
      await fc.assert(
        fc.asyncProperty(damages, async ({ capture, kind, at, word }) => {
          const whole = await parse(capture.text, capture.command)
          const startedAtMs = performance.now()
          const damaged = await parse(damage(capture.text, kind, at, word), capture.command)
          expect(performance.now() - startedAtMs).toBeLessThan(PARSE_MS_MAX)
          expect(freedByDamage(whole, damaged)).toEqual([])
        }),
        { numRuns: 500 },
      )
    })

    test('any text at all gives an answer', async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 400 }), async (text) => {
          const output = await parse(text, null)
          expect(output.devices.length > 0 || output.error !== undefined).toBe(true)
        }),
        { numRuns: 200 },
      )
    })
  })
}

function damagesOf(captures: readonly Capture[]) {
  return fc.record({
    capture: fc.constantFrom(...captures),
    kind: fc.constantFrom('drop line', 'drop column', 'truncate', 'garbage', 'join lines'),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    word: fc.constantFrom('N/A', '[Unknown Error]', 'ERR!', '-', '', '1e9', '0x1F', 'xxx', '∞'),
  })
}

/** The bar is 100 ms; a machine that does ten things at once is given ten times as long. */
const PARSE_MS_MAX = 1_000

/** More than any idle card shows (a 910B has 3.4 GiB in use): past it no card is taken for free. */
const IDLE_MIB_MAX = 4096

/** Quiet as far as told, with no process named and little memory in use; `total` is the card's. */
function looksFree(device: ParsedDevice, total: unknown): boolean {
  const { utilization_pct: load, memory_used_mib: used, processes } = device
  const isLoaded = Array.isArray(processes) && processes.length > 0
  const idleMib = typeof total === 'number' ? Math.min(total / 8, IDLE_MIB_MAX) : IDLE_MIB_MAX
  const isEmpty = typeof used === 'number' && used <= idleMib
  return typeof load === 'number' && load <= 1 && isEmpty && !isLoaded
}

/** Cards that are in use as printed, and look free in what is left of the text. */
function freedByDamage(whole: ParsedOutput, damaged: ParsedOutput): string[] {
  return damaged.devices.flatMap((device) => {
    const before = whole.devices.find((other) => isSameCard(other, device))
    const total = before?.memory_total_mib
    if (before === undefined || !looksFree(device, total)) return []
    if (looksFree(before, total) || isListLost(before, device)) return []
    return [JSON.stringify([before, device])]
  })
}

/** A list of processes that the tool offers is required: a card without it is never free. */
function isListLost(before: ParsedDevice, device: ParsedDevice): boolean {
  return Array.isArray(before.processes) && device.processes === null
}

/** By its id, else its address, else its number. */
function isSameCard(one: ParsedDevice, other: ParsedDevice): boolean {
  for (const key of ['uuid', 'pci_bdf']) {
    if (typeof one[key] === 'string' && typeof other[key] === 'string')
      return one[key] === other[key]
  }
  return one.index === other.index && one.chip_id === other.chip_id
}

function damage(text: string, kind: string, at: number, word: string): string {
  const lines = text.split('\n')
  const line = Math.floor(at * lines.length)
  switch (kind) {
    case 'drop line':
      return lines.toSpliced(line, 1).join('\n')
    case 'drop column':
      return lines
        .map((cells) => {
          const separator = cells.includes('|') ? '|' : ','
          const parts = cells.split(separator)
          return parts.length < 2
            ? cells
            : parts.toSpliced(Math.floor(at * parts.length), 1).join(separator)
        })
        .join('\n')
    case 'truncate':
      return text.slice(0, Math.floor(at * text.length))
    case 'garbage': {
      const numbers = [...text.matchAll(/\d+(?:\.\d+)?/g)]
      const hit = numbers[Math.floor(at * numbers.length)]
      if (hit === undefined) return text
      return text.slice(0, hit.index) + word + text.slice(hit.index + hit[0].length)
    }
    default:
      return lines.toSpliced(line, 2, `${lines[line] ?? ''}${lines[line + 1] ?? ''}`).join('\n')
  }
}

/** Counted by the parser, not printed. */
const COUNTED = new Set(['index', 'columns', 'chip_count', 'card_count', 'npus', 'duplicate_of'])
/** A sum of several printed counters. */
const SUMMED = new Set(['ecc_uncorrected_volatile'])

/** Memory in MiB comes from figures in MiB, KiB, bytes and GiB: what each prints for one MiB. */
const PRINTED_PER_MIB = [1, 1024, 1024 * 1024, 1 / 1024]

function isPrinted(value: number, key: string, printed: ReadonlySet<number>): boolean {
  const scales = key.endsWith('_mib') ? PRINTED_PER_MIB : [1]
  return Number.isFinite(value) && scales.some((scale) => printed.has(Math.abs(value) * scale))
}

function strayNumbers(output: ParsedOutput, text: string): string[] {
  const printed = new Set([...text.matchAll(/\d+(?:\.\d+)?/g)].map(([number]) => Number(number)))
  const stray: string[] = []
  const visit = (value: unknown, key: string) => {
    if (Array.isArray(value)) for (const entry of value) visit(entry, key)
    else if (isRecord(value)) for (const [name, inner] of Object.entries(value)) visit(inner, name)
    else if (typeof value === 'number' && !COUNTED.has(key) && !SUMMED.has(key)) {
      if (!isPrinted(value, key, printed)) stray.push(`${key}: ${value}`)
    }
  }
  visit(output.devices, '')
  return stray
}

describe('a text without what it needs', () => {
  test.each([
    {
      name: 'an npu-smi table without its headers',
      vendor: 'ascend',
      text: '| 0     910B4               | OK            | 93.6        32                0    / 0             |\n| 0                         | 0000:C1:00.0  | 0           0    / 0          2823 / 32768         |\n',
    },
    {
      name: 'a CSV without header and command',
      vendor: 'nvidia',
      text: '0, NVIDIA L20, 46068 MiB, 3 MiB, 0 %, 49, 00000000:16:00.0\n',
    },
    {
      name: 'an XML cut short',
      vendor: 'nvidia',
      text: '<?xml version="1.0" ?>\n<nvidia_smi_log>\n<gpu id="00000000:04:00.0"></gpu>\n',
    },
    { name: 'nothing at all', vendor: 'nvidia', text: '' },
    { name: 'a web page', vendor: 'ascend', text: '<html><body>404</body></html>' },
  ])('$name is refused', async ({ vendor, text }) => {
    expect(await vendorEntry(vendor)?.parse(text, null)).toMatchObject({
      error: { code: 'tool_output_unreadable' },
      devices: [],
    })
  })
})
