/** The project's own programs, started as an administrator starts them, for the benchmarks. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const children: ChildProcess[] = []
const folders: string[] = []

export function scratchFolder(): string {
  const folder = mkdtempSync(join(process.env.YIBEN_BENCH_DIR ?? tmpdir(), 'yiben-bench-'))
  folders.push(folder)
  return folder
}

export function runProgram(args: readonly string[]): string {
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  return execFileSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: [...stdio],
  }).trim()
}

export function startProgram(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  return child
}

/** A collector on loopback with a site; answers its address and an enrollment token. */
export async function startCollector(
  uses: number,
): Promise<{ url: string; token: string; dataDir: string }> {
  const dataDir = scratchFolder()
  const child = startProgram([
    'collector/src/main.ts',
    'serve',
    '--data-dir',
    dataDir,
    '--port',
    '0',
  ])
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    child.once('exit', () => reject(new Error('the collector could not start')))
  })
  const { url } = JSON.parse(line)
  const common = ['--data-dir', dataDir]
  runProgram([
    'collector/src/main.ts',
    'site',
    'put',
    'BENCH-01',
    '--name',
    'Bench',
    '--region',
    '110000',
    ...common,
  ])
  const token = runProgram([
    'collector/src/main.ts',
    'token',
    'create',
    '--site',
    'BENCH-01',
    '--uses',
    String(uses),
    ...common,
  ])
  return { url, token, dataDir }
}

/** Ends what was started and removes what was written. */
export async function cleanUp(): Promise<void> {
  for (const child of children.toReversed()) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}
