import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { confValue, readConf } from '../../../agent/src/owners/slurm-conf.ts'
import { tempDir } from '../../support/temp-dir.ts'

async function linesOf(files: Readonly<Record<string, string>>, path = '/etc/slurm/a.conf') {
  const root = tempDir()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return readConf(path, root)
}

test('comments, blank lines, continued lines, quotes and the case of keys', async () => {
  const conf = await linesOf({
    'etc/slurm/a.conf': `# Name=gpu
NAME=gpu  Type=a100 \\
  File=/dev/nvidia[0-3]   # the first four

Name=gpu Flags="a b" Count = 2
`,
  })
  expect(conf).toEqual({
    status: 'ok',
    lines: [
      [
        ['name', 'gpu'],
        ['type', 'a100'],
        ['file', '/dev/nvidia[0-3]'],
      ],
      [
        ['name', 'gpu'],
        ['flags', 'a b'],
        ['count', '2'],
      ],
    ],
  })
})

test('includes are read in their place, relative to the file that names them', async () => {
  const conf = await linesOf({
    'etc/slurm/a.conf': 'A=1\nInclude part/b.conf\nC=3\n',
    'etc/slurm/part/b.conf': 'include /etc/slurm/c.conf\n',
    'etc/slurm/c.conf': 'B=2\n',
  })
  const keys = conf.status === 'ok' ? conf.lines.map((line) => line[0]?.[0]) : null
  expect(keys).toEqual(['a', 'b', 'c'])
})

test.each([
  ['that is missing', { 'etc/slurm/other.conf': '' }, '/etc/slurm/a.conf', 'ENOENT'],
  [
    'that is included and missing',
    { 'etc/slurm/a.conf': 'Include b.conf' },
    '/etc/slurm/b.conf',
    'ENOENT',
  ],
  [
    'that includes itself',
    { 'etc/slurm/a.conf': 'Include a.conf' },
    '/etc/slurm/a.conf',
    'too many includes',
  ],
])('a file %s is told with its reason', async (_name, files, path, reason) => {
  expect(await linesOf(files as Record<string, string>)).toEqual({
    status: 'unreadable',
    path,
    reason,
  })
})

test('a key that is not there has no value', () => {
  expect(confValue([['name', 'gpu']], 'type')).toBeNull()
})
