/** The house rules as assertions: directions and homes of imports, file sizes, forbidden calls. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import { afterEach, describe, expect, test } from 'vitest'
import rules from '../.dependency-cruiser.mjs'

const ROOT = join(import.meta.dirname, '..')
const SOURCE_FOLDERS = ['agent/src', 'collector/src', 'shared/src']

function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'),
    )
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('/generated/'))
    .sort()
}

const SOURCES = SOURCE_FOLDERS.flatMap(sourceFiles)

async function cruiseSources(): Promise<ICruiseResult> {
  const { default: tsConfig } = await import('dependency-cruiser/config-utl/extract-ts-config')
  const result = await cruise(
    SOURCE_FOLDERS,
    { ...rules.options, ruleSet: { forbidden: rules.forbidden }, validate: true, baseDir: ROOT },
    undefined,
    { tsConfig: tsConfig(join(ROOT, 'tsconfig.json')) },
  )
  return result.output as ICruiseResult
}

/** File → what is planted in it, and the rules that this breaks. */
const PLANTED = {
  'shared/src/planted-violation.ts': {
    text: "import { join } from '../../agent/src/main.ts'\nimport 'koffi'\nexport { join }\n",
    breaks: ['shared knows neither side', 'koffi has one home'],
  },
  'collector/src/storage/postgres/planted-violation.ts': {
    text: "import '../sqlite/driver.ts'\n",
    breaks: ['PostgreSQL does not know SQLite'],
  },
  'collector/src/storage/sqlite/planted-violation.ts': {
    text: "import '../postgres/driver.ts'\n",
    breaks: ['SQLite does not know PostgreSQL'],
  },
  'collector/src/storage/planted-violation.ts': {
    text: "import './sqlite/driver.ts'\n",
    breaks: ['what both stores share knows neither'],
  },
}
afterEach(() => {
  for (const file of Object.keys(PLANTED)) rmSync(join(ROOT, file), { force: true })
})

describe('imports', () => {
  test('every source file is cruised, and no rule is broken', async () => {
    const result = await cruiseSources()
    const cruised = result.modules
      .map((module) => module.source)
      .filter((source) => SOURCES.includes(source))
      .sort()
    expect(cruised).toEqual(SOURCES)
    expect(
      result.summary.violations.map((found) => `${found.rule.name}: ${found.from} -> ${found.to}`),
    ).toEqual([])
  }, 120_000)

  test('a planted violation is found', async () => {
    for (const [file, { text }] of Object.entries(PLANTED)) writeFileSync(join(ROOT, file), text)
    const result = await cruiseSources()
    for (const [file, { breaks }] of Object.entries(PLANTED)) {
      const broken = result.summary.violations
        .filter((found) => found.from === file)
        .map((found) => found.rule.name)
      expect(broken).toEqual(expect.arrayContaining(breaks))
    }
  }, 120_000)
})

/** What reaches past the `World`; each pattern with the files that may. */
const FORBIDDEN_CALLS: readonly { pattern: RegExp; allowed: RegExp; why: string }[] = [
  {
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|process\.hrtime/,
    allowed: /^shared\/src\/real-world\.ts$/,
    why: 'time comes through World.clock',
  },
  {
    pattern: /\bMath\.random\(|\brandomUUID\(|\brandomBytes\(/,
    allowed: /^shared\/src\/real-world\.ts$/,
    why: 'randomness comes through World.random',
  },
  {
    pattern: /\b(setTimeout|setInterval)\(/,
    allowed: /^shared\/src\/real-world\.ts$/,
    why: 'timers come through World.clock',
  },
  { pattern: /\bTODO\b|\bFIXME\b/, allowed: /^$/, why: 'no notes to ourselves in the sources' },
]

describe('sources', () => {
  test.each(FORBIDDEN_CALLS)('$why', ({ pattern, allowed }) => {
    const offenders = SOURCES.filter((file) => !allowed.test(file)).filter((file) =>
      pattern.test(withoutComments(readFileSync(join(ROOT, file), 'utf8'))),
    )
    expect(offenders).toEqual([])
  })

  test('a file is at most 400 lines and opens with a comment that says what it owns', () => {
    const offenders = SOURCES.filter((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8')
      const opening = text.replace(/^#!.*\n/, '')
      return text.split('\n').length > 401 || !opening.startsWith('/**')
    })
    expect(offenders).toEqual([])
  })

  test('file names are kebab-case', () => {
    const offenders = SOURCES.filter(
      (file) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(file.split('/').at(-1) ?? ''),
    )
    expect(offenders).toEqual([])
  })

  test('tests mirror the sources: each test file of a workspace names a source that exists', () => {
    const offenders = ['agent', 'collector', 'shared'].flatMap((workspace) =>
      readdirSync(join(ROOT, 'test', workspace), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => relative(join(ROOT, 'test', workspace), join(entry.parentPath, entry.name)))
        .filter((folder) => !SOURCES.some((file) => file.startsWith(`${workspace}/src/${folder}/`)))
        .map((folder) => `test/${workspace}/${folder}`),
    )
    expect(offenders).toEqual([])
  })
})

describe('the dashboard', () => {
  const folder = 'collector/dashboard/src'
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => ({ file, text: readFileSync(join(ROOT, folder, file), 'utf8') }))

  test('a file is at most 400 lines, opens with a comment, and has a kebab-case name', () => {
    const offenders = files.filter(
      ({ file, text }) =>
        text.split('\n').length > 401 ||
        !text.startsWith('/**') ||
        !/^[a-z0-9]+(-[a-z0-9]+)*\.tsx?$/.test(file.split('/').at(-1) ?? ''),
    )
    expect(offenders.map(({ file }) => file)).toEqual([])
  })

  test('uses the public API only: of the collector it knows the types of answers', () => {
    const offenders = files.flatMap(({ file, text }) => {
      const imports = text.matchAll(/^(?:import|export) (type )?(?:[^'"]*?from )?'([^']+)'/gm)
      return [...imports].flatMap(([, type, to = '']) => {
        if (!to.startsWith('.')) return []
        const target = relative(ROOT, join(ROOT, folder, dirname(file), to))
        if (target.startsWith(`${folder}/`)) return []
        const isAnswer =
          type !== undefined && /^collector\/src\/api\/(answers|routes)\//.test(target)
        return isAnswer ? [] : [`${file}: ${to}`]
      })
    })
    expect(files.length).toBeGreaterThan(20)
    expect(offenders).toEqual([])
  })
})

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}
