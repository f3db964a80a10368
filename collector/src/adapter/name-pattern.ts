/** Patterns of file names, as a template writes them. Pure. */

/** `{name}`, `{name:format}`. */
export const NAME_TOKEN = /\{([a-z_][a-z0-9_]*)(?::([^{}]+))?\}/g

const OWN_TOKENS = new Set(['as_of', 'made', 'sequence', 'use', 'run_code'])

/** What is wrong with a pattern; `null`: nothing. */
export function patternFault(
  pattern: string,
  constants: Readonly<Record<string, string>>,
  restarts: boolean,
): string | null {
  const tokens = [...pattern.matchAll(NAME_TOKEN)].map(([, token = '']) => token)
  const stranger = tokens.find((token) => !OWN_TOKENS.has(token) && constants[token] === undefined)
  if (stranger !== undefined) return `names {${stranger}}, which is no constant`
  if (!tokens.includes('sequence')) return 'must hold {sequence}: no two files have one name'
  if (restarts && !tokens.includes('made')) {
    return 'must hold {made:…}: the sequence begins again, and names must not'
  }
  return null
}
