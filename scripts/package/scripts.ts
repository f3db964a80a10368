/**
 * The shell scripts of a package, put together: what a program has of its own lies in its folder, what
 * all of them share in `shared/`. `# LIFECYCLE` and `# INSTALLER` stand for the files of those names.
 */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PackageDescription } from './description.ts'

const SHARED = join(import.meta.dirname, 'shared')
const TARBALL_SCRIPTS = ['install.sh', 'uninstall.sh'] as const
const LIFECYCLE = 'lifecycle.sh'
const INSTALLER = 'installer.sh'

/** `null`: this package has none of that name. */
export function scriptOf({ folder }: PackageDescription, name: string): string | null {
  const path = [folder, SHARED].map((place) => join(place, name)).find((one) => existsSync(one))
  if (path === undefined) return null
  return readFileSync(path, 'utf8')
    .replaceAll('# LIFECYCLE\n', () => lifecycleOf(folder))
    .replaceAll('# INSTALLER\n', () => readFileSync(join(SHARED, INSTALLER), 'utf8'))
}

/** `install.sh`, `uninstall.sh` and what both source, into the folder of the archive. */
export function placeScripts(description: PackageDescription, root: string): void {
  for (const name of TARBALL_SCRIPTS) {
    writeFileSync(join(root, name), scriptOf(description, name) ?? '')
    chmodSync(join(root, name), 0o755)
  }
  writeFileSync(join(root, LIFECYCLE), lifecycleOf(description.folder))
  chmodSync(join(root, LIFECYCLE), 0o644)
}

function lifecycleOf(folder: string): string {
  return [folder, SHARED].map((place) => readFileSync(join(place, LIFECYCLE), 'utf8')).join('')
}
