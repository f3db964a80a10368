/** JSON from a file or a socket, before its shape is checked. */

/** `null` for text that is no JSON: a schema then refuses it like any other wrong shape. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
