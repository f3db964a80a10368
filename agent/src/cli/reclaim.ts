/** `yiben-agent reclaim [ACCELERATOR…]`: the owner takes cards back now; without a name all. */
import { cards, giveOrder, type OrderOptions } from './order.ts'
import type { CommandResult } from './parse.ts'

export function runReclaim(
  options: OrderOptions & { readonly names: readonly string[] },
): Promise<CommandResult> {
  return giveOrder(
    options,
    { command: 'reclaim', names: [...options.names] },
    (units) => `Taken back: ${cards(units)}. Nothing of them is deposited until \`offer\`.`,
  )
}
