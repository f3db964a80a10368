/**
 * The hash of a report made where it is read. It is over the bytes of `answer` as they came; the
 * answer of the interface carries them unchanged, so that they are cut out of its text, not made
 * again from what a parser made of them.
 */
import { hexOf, sha256 } from './verification-proof.ts'

const MEMBER = ',"answer":'

/** The canonical JSON within an answer's text; `null` for a text of another form. */
export function answerTextOf(body: string): string | null {
  // Texts before it cannot hold these characters: JSON escapes their quotes.
  const at = body.indexOf(MEMBER)
  return at < 0 || !body.endsWith('}') ? null : body.slice(at + MEMBER.length, -1)
}

/** Lower-case hex. */
export async function sha256Of(text: string): Promise<string> {
  return hexOf(await sha256(new TextEncoder().encode(text)))
}
