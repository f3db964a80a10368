/** `yiben-agent offer [ACCELERATOR…]`: gives cards again that were taken back; without a name all. */
import { cards, giveOrder, type OrderOptions } from './order.ts'
import type { CommandResult } from './parse.ts'

export function runOffer(
  options: OrderOptions & { readonly names: readonly string[] },
): Promise<CommandResult> {
  return giveOrder(
    options,
    { command: 'offer', names: [...options.names] },
    (units) =>
      `Offered again: ${cards(units)}; \`status\` says what still stands against a deposit.`,
  )
}
