/**
 * What a package is made of, as CycloneDX 1.5: npm's own list of the workspace's production
 * dependencies, without the serial number and the date that would make two builds differ.
 */
import { execFileSync } from 'node:child_process'
import { type Architecture, ROOT } from './root.ts'

export function sbomOf(workspace: 'agent' | 'collector', architecture: Architecture): string {
  const args = ['sbom', '--sbom-format=cyclonedx', '--omit=dev', `--workspace=${workspace}`]
  const text = execFileSync('npm', args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { serialNumber: _, metadata, ...rest } = JSON.parse(text)
  const { timestamp: __, ...facts } = metadata
  const properties = [{ name: 'yiben:architecture', value: architecture }]
  return `${JSON.stringify({ ...rest, metadata: { ...facts, properties } }, null, 2)}\n`
}
