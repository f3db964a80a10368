/** What a page was asked stands in its address, so that it can be linked, reloaded and gone back from. */
import { useSearchParams } from 'wouter'

/** Reads the named parameters; setting them leaves all others as they are. */
export function useAsked<Name extends string>(
  names: readonly Name[],
): readonly [
  Readonly<Record<Name, string | null>>,
  (next: Partial<Record<Name, string | null>>) => void,
] {
  const [params, setParams] = useSearchParams()
  const asked = Object.fromEntries(names.map((name) => [name, params.get(name)])) as Record<
    Name,
    string | null
  >
  const set = (next: Partial<Record<Name, string | null>>) =>
    setParams((before) => {
      const after = new URLSearchParams(before)
      for (const name of names) {
        const value = next[name]
        if (value === undefined) continue
        if (value === null || value === '') after.delete(name)
        else after.set(name, value)
      }
      return after
    })
  return [asked, set]
}
