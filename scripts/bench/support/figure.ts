/**
 * How a figure is said: one line for people, then one line of JSON for programs. Nothing is asserted:
 * a machine that is slow today is no reason for a red build, and a bar that is missed is said.
 */

import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release } from 'node:os'

export interface Figure {
  /** What was measured, in words that stand alone. */
  readonly what: string
  readonly figure: number
  readonly unit: string
  /** `null`: no bar is set for this figure. */
  readonly bar: { readonly atMost: number } | { readonly atLeast: number } | null
  /** What one needs to know to trust the figure: sizes, counts, the figures it was made of. */
  readonly details?: Readonly<Record<string, unknown>>
}

export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly system: string
  readonly kernel: string
  readonly architecture: string
  readonly node: string
}

export function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    system: systemName(),
    kernel: release(),
    architecture: process.arch,
    node: process.versions.node,
  }
}

/** `null` where no bar is set. */
export function isHeld({ bar, figure }: Figure): boolean | null {
  if (bar === null) return null
  return 'atMost' in bar ? figure <= bar.atMost : figure >= bar.atLeast
}

export function sayFigure(figure: Figure): void {
  const { what, bar, unit, details = {} } = figure
  const held = isHeld(figure)
  const limit = bar === null ? 'no bar' : 'atMost' in bar ? `≤ ${bar.atMost}` : `≥ ${bar.atLeast}`
  const verdict = held === null ? '' : held ? ', held' : ', MISSED'
  const machine = describeMachine()
  const place = `${machine.cores} cores, ${machine.system}, Node ${machine.node}`
  console.log(`${what}: ${figure.figure} ${unit} (${limit}${verdict}) on ${place}`)
  console.log(JSON.stringify({ what, figure: figure.figure, unit, bar, held, machine, details }))
}

/** Three significant digits, so that noise does not look like knowledge. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

/** Of the sorted values, the one below which this share lies; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

function systemName(): string {
  try {
    const [, name, version] =
      /^NAME="?([^"\n]*)"?[\s\S]*^VERSION_ID="?([^"\n]*)"?/m.exec(osRelease()) ?? []
    return name === undefined ? process.platform : `${name} ${version}`.replace('GNU/Linux ', '')
  } catch {
    return process.platform
  }
}

/** The two lines in one order, whatever order the file has. */
function osRelease(): string {
  const lines = readFileSync('/etc/os-release', 'utf8').split('\n')
  return lines
    .filter((line) => /^(NAME|VERSION_ID)=/.test(line))
    .sort()
    .join('\n')
}
