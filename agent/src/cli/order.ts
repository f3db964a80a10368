/** What the commands that order a running agent share: ask it, and say what became of it. */
import type { Clock } from '@yiben/shared'
import * as z from 'zod/mini'
import { askAgent } from '../control/client.ts'
import type { ControlRequest } from '../control/protocol.ts'
import type { CommandResult } from './parse.ts'

const doneSchema = z.object({
  units: z.array(z.int()),
  // Agents before 0.2 know of no leases.
  leasesEnded: z._default(z.int(), 0),
  isDurable: z.boolean(),
})

export interface OrderOptions {
  readonly runDir: string
  readonly clock: Clock
  readonly json: boolean
}

/** `said` is the sentence for a person, given the units and those of them whose lease ends. */
export async function giveOrder(
  options: OrderOptions,
  request: ControlRequest,
  said: (units: number, leasesEnded: number) => string,
): Promise<CommandResult> {
  const answer = await askAgent(options.runDir, request, options.clock)
  if (answer.status === 'refused') return refusal(answer, options.json)
  const done = doneSchema.parse(answer.answer)
  if (options.json) {
    return { exitCode: 0, stdout: `${JSON.stringify({ status: 'done', ...done })}\n` }
  }
  const warning = done.isDurable
    ? ''
    : ' The disk takes nothing now: the order holds, and is lost if the agent stops before it does.'
  return { exitCode: 0, stdout: `${said(done.units.length, done.leasesEnded)}${warning}\n` }
}

/** A name that fits no card is wrong usage; everything else is a failure. */
export function refusal(
  { code, sentence }: { readonly code: string; readonly sentence: string },
  json: boolean,
): CommandResult {
  const stdout = json
    ? `${JSON.stringify({ status: 'refused', code, sentence })}\n`
    : `${code}: ${sentence}\n`
  return { exitCode: code === 'unit_unknown' || code === 'request_invalid' ? 2 : 1, stdout }
}

export function cards(count: number): string {
  return count === 1 ? '1 accelerator' : `${count} accelerators`
}
