/** Parts of a page under addresses of their own: links in one line, more lines where it is narrow. */
import { Link, useSearch } from 'wouter'

export interface TabLink {
  readonly name: string
  readonly label: string
}

export interface TabLinksProps {
  readonly label: string
  /** Each tab is `root/name`. */
  readonly root: string
  readonly tabs: readonly TabLink[]
  readonly current: string
}

/** The instants in the address go along; what else is there belongs to one tab. */
export function TabLinks({ label, root, tabs, current }: TabLinksProps) {
  const kept = new URLSearchParams()
  const asked = new URLSearchParams(useSearch())
  for (const name of ['as_of', 'known_at']) {
    const value = asked.get(name)
    if (value !== null) kept.set(name, value)
  }
  const search = kept.size === 0 ? '' : `?${kept}`
  return (
    <nav aria-label={label} className="tab-links no-print">
      {tabs.map((tab) => (
        <Link
          key={tab.name}
          href={`${root}/${tab.name}${search}`}
          {...(tab.name === current ? { 'aria-current': 'page' as const } : {})}
        >
          {tab.label}
        </Link>
      ))}
    </nav>
  )
}
