/**
 * Answers out of several calls of a tool: one command after the other until one is known, and the
 * cards of one answer with what another one tells of them. What is lent to a card was printed for
 * that card: by its address, or by its number where nothing speaks against it.
 */
import { type CardDevice, fillFrom } from './card.ts'
import type { Answer, ToolSession } from './card-vendor.ts'
import type { ProbeFailure } from './probe.ts'

type Command = readonly string[]

type Join<Device extends CardDevice> = (
  first: readonly Device[],
  second: readonly Device[],
) => readonly Device[]

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

export interface MoreOfCards<Device extends CardDevice> {
  /** Called only where there are cards. */
  readonly ask: () => Promise<Answer<Device>>
  readonly join: Join<Device>
  /**
   * Which failures of this call fail the whole: with fewer ids than it has, a card would seem to be
   * another one. Default: one that takes too long; a version that does not know the question leaves
   * the cards as they are.
   */
  readonly isFatal?: (failure: ProbeFailure) => boolean
}

/** For a question that every version knows: only words that nobody knows are passed over. */
export function isAnyButUnknownWords({ code }: ProbeFailure): boolean {
  return code !== 'tool_output_unreadable'
}

export function isTooSlow(answer: Answer<CardDevice>): answer is ProbeFailure {
  return answer.status === 'failed' && answer.code === 'tool_timeout'
}

/** The cards of an answer with what another call tells of them. */
export async function withMore<Device extends CardDevice>(
  cards: Answer<Device>,
  { ask, join, isFatal = isTooSlow }: MoreOfCards<Device>,
): Promise<Answer<Device>> {
  if (cards.status === 'failed') return cards
  const more = await ask()
  if (more.status === 'failed') return isFatal(more) ? more : cards
  return changedCards(cards, (devices) => join(devices, more.output.devices))
}

/** The call that sampling repeats, and one that tells the ids of its cards. */
export async function inventoryWithIds<Device extends CardDevice>(
  session: ToolSession<Device>,
  cardsCommand: Command,
  idCommands: readonly [Command, ...Command[]],
): Promise<Answer<Device>> {
  const ask = () => askFirst(session, idCommands)
  return withMore(await session.ask(cardsCommand), { ask, join: joinByNumber })
}

/** The same answer with its cards changed; a failure stays what it is. */
export function changedCards<Device extends CardDevice>(
  answer: Answer<Device>,
  change: (devices: readonly Device[]) => readonly Device[],
): Answer<Device> {
  if (answer.status === 'failed') return answer
  const { output } = answer
  return { status: 'ok', output: { ...output, devices: change(output.devices) } }
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

/** By the address of the card; one without an address stays as it is. */
export function joinByAddress<Device extends CardDevice>(
  first: readonly Device[],
  second: readonly Device[],
): Device[] {
  return joinByPlace(first, second, ({ pci_bdf }) => pci_bdf)
}

/** By any place that both outputs spell the same; a device that only the second has is left out. */
export function joinByPlace<Device extends CardDevice>(
  first: readonly Device[],
  second: readonly Device[],
  placeOf: (device: Device) => string | null,
): Device[] {
  const byPlace = new Map(second.map((device) => [placeOf(device), device]))
  return first.map((device) => {
    const place = placeOf(device)
    const other = place === null ? undefined : byPlace.get(place)
    return other === undefined ? device : fillFrom(device, other)
  })
}

function isOther(one: CardDevice, other: CardDevice, areAsMany: boolean): boolean {
  if (one.pci_bdf === null || other.pci_bdf === null) return !areAsMany
  return one.pci_bdf !== other.pci_bdf
}
