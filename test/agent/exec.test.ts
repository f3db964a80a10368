/** Real children that misbehave: the runner ends every call, and nothing of it stays behind. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ToolBox } from '../support/fake-tool.ts'

const CALL = { args: [], deadlineMs: 5_000, outputBytesMax: 1_000_000 }

/** Polls the process table; the bound is the test's own time limit. */
async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      if (/\) Z /.test(stat)) return
    } catch {
      return
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('a tool that answers', () => {
  test('gives its exit code, both outputs and its CPU time', async () => {
    using box = new ToolBox()
    box.script('npu-smi', 'echo table; echo warning >&2; exit 3')
    const result = await box.runner().run({ ...CALL, tool: 'npu-smi' })
    expect(result).toMatchObject({
      status: 'exited',
      exitCode: 3,
      stdout: 'table\n',
      stderr: 'warning\n',
    })
    expect(result.status === 'exited' && typeof result.cpuMs).toBe('number')
  })

  test('runs with the C locale, the configured path first, and no standard input', async () => {
    using box = new ToolBox()
    box.script('npu-smi', 'echo "$LC_ALL $PATH"; cat')
    const result = await box.runner().run({ ...CALL, tool: 'npu-smi' })
    expect(result.status === 'exited' && result.stdout).toMatch(
      new RegExp(`^C ${box.toolPath}:/usr/bin:/bin:`),
    )
  })

  test('is not waited for when a grandchild keeps its output open', async () => {
    using box = new ToolBox()
    box.script('npu-smi', 'echo table\nsleep 1000 &\nexit 0')
    const result = await box.runner().run({ ...CALL, tool: 'npu-smi', deadlineMs: 60_000 })
    expect(result).toMatchObject({ status: 'exited', exitCode: 0, stdout: 'table\n' })
  })
})

describe('a tool that misbehaves', () => {
  test('is killed at its deadline although it ignores SIGTERM, with its children', async () => {
    using box = new ToolBox()
    const pidFile = join(box.folder, 'pids')
    box.script(
      'npu-smi',
      `trap '' TERM INT HUP\nsleep 1000 & echo $! > ${pidFile}\necho $$ >> ${pidFile}\nwhile :; do sleep 1000; done`,
    )
    const result = await box.runner().run({ ...CALL, tool: 'npu-smi', deadlineMs: 500 })
    expect(result.status).toBe('timeout')
    for (const pid of readFileSync(pidFile, 'utf8').trim().split('\n')) await untilGone(Number(pid))
  })

  test('is killed when it prints 100 MB', async () => {
    using box = new ToolBox()
    box.script('npu-smi', 'exec head -c 100000000 /dev/zero')
    const result = await box.runner().run({ ...CALL, tool: 'npu-smi', deadlineMs: 60_000 })
    expect(result).toMatchObject({ status: 'too_large' })
  })

  test('may print bytes that are no text', async () => {
    using box = new ToolBox()
    box.script('npu-smi', 'head -c 4096 /dev/urandom')
    const result = await box.runner().run({ ...CALL, tool: 'npu-smi' })
    expect(result.status).toBe('exited')
  })

  test('is missing, may not be executed, or has no interpreter: each is a result', async () => {
    using box = new ToolBox()
    const runner = box.runner()
    expect(await runner.run({ ...CALL, tool: 'yiben-no-such-tool' })).toMatchObject({
      status: 'missing',
    })
    box.script('npu-smi', 'exit 0', 0o644)
    expect(await runner.run({ ...CALL, tool: 'npu-smi' })).toMatchObject({ status: 'denied' })
    expect(runner.locate('npu-smi')).toBeNull()
    box.remove('npu-smi')
    expect(await runner.run({ ...CALL, tool: 'npu-smi' })).toMatchObject({ status: 'missing' })
  })

  test('dies by a signal: that is told', async () => {
    using box = new ToolBox()
    box.script('npu-smi', 'kill -9 $$')
    expect(await box.runner().run({ ...CALL, tool: 'npu-smi' })).toMatchObject({ status: 'killed' })
  })

  test('ends with the agent: stop() ends every call under way', async () => {
    using box = new ToolBox()
    box.script('npu-smi', 'exec sleep 1000')
    const runner = box.runner()
    const call = runner.run({ ...CALL, tool: 'npu-smi', deadlineMs: 60_000 })
    runner.stop()
    expect(await call).toMatchObject({ status: 'killed' })
  })
})

describe('a stream', () => {
  const STREAM = { args: [], outputBytesMax: 1_000_000, lineBytesMax: 1_000, linesMax: 100 }

  test('hands on whole lines only, and says that it has ended', async () => {
    using box = new ToolBox()
    box.script('nvidia-smi', "printf 'one\\r\\ntw'; printf 'o\\nrest without end'")
    const lines: string[] = []
    const stream = box.runner().stream({ ...STREAM, tool: 'nvidia-smi' })
    const sentence = await new Promise<string>((resolve) => {
      stream?.onLine((line) => lines.push(line))
      stream?.onEnd(resolve)
    })
    expect(lines).toEqual(['one', 'two'])
    expect(sentence).toContain('ended by itself')
  })

  test.each([
    { name: 'a line without end', script: 'exec head -c 100000 /dev/zero', said: 'too long' },
    { name: 'too much', script: 'exec yes', said: 'more than it should' },
    {
      name: 'too much of what is wrong',
      script: 'exec head -c 2000000 /dev/zero >&2',
      said: 'more than it should',
    },
  ])('is ended when it prints $name', async ({ script, said }) => {
    using box = new ToolBox()
    box.script('nvidia-smi', script)
    const stream = box.runner().stream({ ...STREAM, tool: 'nvidia-smi' })
    const sentence = await new Promise<string>((resolve) => stream?.onEnd(resolve))
    expect(sentence).toContain(said)
  })

  test('is ended when it prints too many lines, however short, and hands on no more', async () => {
    using box = new ToolBox()
    box.script('nvidia-smi', `yes '' | head -n 101; exec sleep 1000`)
    const stream = box.runner().stream({ ...STREAM, tool: 'nvidia-smi' })
    let lines = 0
    const sentence = await new Promise<string>((resolve) => {
      stream?.onLine(() => {
        lines += 1
      })
      stream?.onEnd(resolve)
    })
    expect(sentence).toContain('more than it should')
    expect(lines).toBe(100)
  })

  test('is null when the tool is missing', () => {
    using box = new ToolBox()
    expect(box.runner().stream({ ...STREAM, tool: 'yiben-no-such-tool' })).toBeNull()
  })
})
