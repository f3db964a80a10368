/**
 * Inventories out of two calls: the one that sampling repeats, which says which cards there are and
 * where, and one that tells their ids, which may be of a version that does not know it.
 */
import { type CardDevice, fillFrom } from './card.ts'
import type { Answer, ToolSession } from './card-vendor.ts'

type Command = readonly string[]

/** One command after the other until one is answered. A tool that hangs is not asked again. */
export async function askFirst<Device extends CardDevice>(
  session: ToolSession<Device>,
  [first, ...others]: readonly [Command, ...Command[]],
): Promise<Answer<Device>> {
  let answer = await session.ask(first)
  for (const command of others) {
    if (answer.status === 'ok' || answer.code === 'tool_timeout') return answer
    answer = await session.ask(command)
  }
  return answer
}

/**
 * A call for ids that takes too long fails the inventory: with fewer ids than it has, a card would
 * seem to be another one. One that the tool does not know leaves the cards without these ids.
 */
export async function inventoryWithIds<Device extends CardDevice>(
  session: ToolSession<Device>,
  cardsCommand: Command,
  idCommands: readonly [Command, ...Command[]],
): Promise<Answer<Device>> {
  const cards = await session.ask(cardsCommand)
  if (cards.status === 'failed') return cards
  const ids = await askFirst(session, idCommands)
  if (ids.status === 'failed') return ids.code === 'tool_timeout' ? ids : cards
  const devices = joinByNumber(cards.output.devices, ids.output.devices)
  return { status: 'ok', output: { ...cards.output, devices } }
}

/**
 * Cards of two outputs of the same moment as one, by the tool's own number of the card. Where the
 * addresses contradict, or without addresses the number of cards, they are not the same cards. The
 * place stays that of the first, by which samples are matched.
 */
export function joinByNumber<Device extends CardDevice>(
  first: readonly Device[],
  second: readonly Device[],
): Device[] {
  const byNumber = new Map(second.map((device) => [device.index, device]))
  return first.map((device) => {
    const other = byNumber.get(device.index)
    if (other === undefined || isOther(device, other, first.length === second.length)) return device
    const { pci, pci_bdf } = device
    return { ...fillFrom(device, other), pci, pci_bdf }
  })
}

function isOther(one: CardDevice, other: CardDevice, areAsMany: boolean): boolean {
  if (one.pci_bdf === null || other.pci_bdf === null) return !areAsMany
  return one.pci_bdf !== other.pci_bdf
}
