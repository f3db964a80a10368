/** Options of a benchmark: whole numbers and switches, with `--help` made from the same table. */
import { parseArgs } from 'node:util'

export interface NumberOption {
  readonly default: number
  readonly min: number
  readonly max: number
  readonly sentence: string
}

export interface Usage<Numbers extends string, Switches extends string> {
  readonly script: string
  readonly sentence: string
  readonly numbers: Readonly<Record<Numbers, NumberOption>>
  readonly switches: Readonly<Record<Switches, string>>
}

export type Options<Numbers extends string, Switches extends string> = Readonly<
  Record<Numbers, number> & Record<Switches, boolean>
>

/** Prints the help and ends with 0, or says what is wrong and ends with 2. */
export function readOptions<Numbers extends string, Switches extends string>(
  usage: Usage<Numbers, Switches>,
): Options<Numbers, Switches> {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean' },
        ...eachOf(Object.keys(usage.numbers), { type: 'string' as const }),
        ...eachOf(Object.keys(usage.switches), { type: 'boolean' as const }),
      },
    })
    const given = new Map(Object.entries(values))
    if (given.get('help') === true) {
      console.log(helpOf(usage))
      process.exit(0)
    }
    const numbers = entriesOf(usage.numbers).map(([name, option]) => [
      name,
      numberOf(name, given.get(name), option),
    ])
    const switches = entriesOf(usage.switches).map(([name]) => [name, given.get(name) === true])
    return Object.fromEntries([...numbers, ...switches])
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return process.exit(2)
  }
}

function numberOf(name: string, text: unknown, { default: usual, min, max }: NumberOption): number {
  if (text === undefined) return usual
  const value = Number(text)
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new Error(`--${name} takes a whole number from ${min} to ${max}, not "${text}".`)
  }
  return value
}

function helpOf({ script, sentence, numbers, switches }: Usage<string, string>): string {
  const rows = [
    ...entriesOf(numbers).map(([name, { default: usual, min, max, sentence: what }]) => [
      `--${name} N`,
      `${what} (default ${usual}, ${min} to ${max})`,
    ]),
    ...entriesOf(switches).map(([name, what]) => [`--${name}`, what]),
    ['--help', 'this text'],
  ]
  const width = Math.max(...rows.map(([left = '']) => left.length)) + 2
  const lines = rows.map(([left = '', right]) => `  ${left.padEnd(width)}${right}`)
  return `node scripts/bench/${script} [OPTIONS]\n\n${sentence}\n\n${lines.join('\n')}`
}

function eachOf<Value>(names: readonly string[], value: Value): Record<string, Value> {
  return Object.fromEntries(names.map((name) => [name, value]))
}

function entriesOf<Value>(table: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(table)
}
