/** A Biren GPU as the parsers of brsmi make it, with the keys that `parse --json` prints. */
import type { SmiXmlDevice } from '../formats/smi-xml.ts'

export interface BirenDevice extends SmiXmlDevice {
  /** `Disabled`: the card is in one piece. Any other word: cut into instances. */
  readonly svi_mode?: string | null
  /** The vendor's own word, from `brsmi gpu query -d health`. */
  readonly health?: string | null
}
