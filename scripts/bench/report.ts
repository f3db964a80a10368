/** How every figure is told: one line for people, one line of JSON for programs. */
import { availableParallelism, release } from 'node:os'

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** `null`: stated, without a bar. */
  readonly bar: { readonly most?: number; readonly least?: number } | null
  /** What else a reader needs to judge it. */
  readonly details: Readonly<Record<string, unknown>>
}

export function report(figure: Figure): void {
  const { bar, details, name, unit, value } = figure
  const held = bar === null ? null : value <= (bar.most ?? value) && value >= (bar.least ?? value)
  const bound =
    bar === null ? '' : ` (bar ${bar.most === undefined ? `≥ ${bar.least}` : `≤ ${bar.most}`})`
  const verdict = held === null ? '' : held ? ' held' : ' MISSED'
  console.log(`${name}: ${value} ${unit}${bound}${verdict}`)
  const machine = { cores: availableParallelism(), kernel: release(), node: process.version }
  console.log(JSON.stringify({ name, value, unit, bar, held, machine, ...details }))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

/** `--name VALUE` of the command line as a number; prints `usage` and ends for `--help`. */
export function numberArgument(name: string, fallback: number, usage: string): number {
  if (process.argv.includes('--help')) {
    console.log(usage)
    process.exit(0)
  }
  const at = process.argv.indexOf(`--${name}`)
  const value = at < 0 ? fallback : Number(process.argv[at + 1])
  if (!Number.isFinite(value) || value <= 0) {
    console.error(`--${name} takes a positive number\n${usage}`)
    process.exit(2)
  }
  return value
}
