/** A die of a Vastai card as the parsers of vasmi make it, with the keys `parse --json` prints. */
import type { CardDevice } from '../card.ts'
import type { SharedSerial } from '../shared-serials.ts'

export interface VastaiDevice extends CardDevice, SharedSerial {
  /** The card (add-in card) the die sits on, as the tool numbers it. */
  readonly aic?: number | null
  readonly dev_id?: number | null
  readonly die_id?: number | null
  /** The card's power, printed on each of its dies or on the first: not the die's. */
  readonly board_power_w?: number | null
  readonly board_power_cap_w?: number | null
  readonly graphics_pct?: number | null
  readonly encoder_pct?: number | null
  readonly decoder_pct?: number | null
  /** Fill of the memory in percent, where no amount is told. */
  readonly memory_used_pct?: number | null
  readonly memory_utilization_pct?: number | null
}
