/**
 * Splits bytes into lines at newlines and nothing else: a line may hold any other character that
 * some readers take for an end, and a hash is over exactly these bytes.
 */

/** An entry of the largest size, escaped in every character, and what stands around it. */
export const LINE_BYTES_MAX = 4 * 1024 * 1024
const NEWLINE = 0x0a

export interface RawLine {
  /** From 1. */
  readonly number: number
  /** Without the newline. */
  readonly bytes: Uint8Array
  /** `unended`: the last, cut off; `too_long`: nothing is read after it. */
  readonly form: 'whole' | 'unended' | 'too_long'
}

export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RawLine> {
  let number = 0
  let rest: Uint8Array[] = []
  let restLength = 0
  for await (const chunk of chunks) {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from)
      const part = chunk.subarray(from, end === -1 ? chunk.length : end)
      rest.push(part)
      restLength += part.length
      if (restLength > LINE_BYTES_MAX) {
        yield { number: number + 1, bytes: new Uint8Array(), form: 'too_long' }
        return
      }
      if (end === -1) break
      number += 1
      yield { number, bytes: Buffer.concat(rest), form: 'whole' }
      rest = []
      restLength = 0
      from = end + 1
    }
  }
  if (restLength > 0) yield { number: number + 1, bytes: Buffer.concat(rest), form: 'unended' }
}
