/** Texts that name no card: whose tool printed them, what failed, or nothing known. */
import { describe, expect, test } from 'vitest'
import { refused, refusedForeign } from '../../../agent/src/probes/refusal.ts'

const BRSMI = { vendor: 'biren', tool: 'brsmi' } as const

describe('what a tool reports', () => {
  test.each([
    ['open /dev/biren-m: Permission denied', 'permission', 'permission_denied'],
    ['This command must be run as root.', 'permission', 'permission_denied'],
    ['Error: the kernel driver is not loaded', 'init_failed', 'tool_failed'],
    ['No devices were found', 'no_devices', 'tool_failed'],
    ['no MLU device', 'no_devices', 'tool_failed'],
    ['Failed to initialize BRML', 'init_failed', 'tool_failed'],
    ['ERROR_UNINITIALIZED', 'init_failed', 'tool_failed'],
    ['Unknown option: --query-gpu', 'usage', 'tool_failed'],
    ['No running processes found', 'unreadable', 'tool_output_unreadable'],
    ['', 'unreadable', 'tool_output_unreadable'],
  ])('%j is %s', (line, className, code) => {
    const { failure } = refused(`a line before\n  ${line}\n`, BRSMI)
    expect(failure).toMatchObject({ class: className, code })
    if (className !== 'unreadable') expect(failure.text).toBe(line)
  })

  test('a line that tells both rights and a failed start is about rights', () => {
    const text = 'Failed to open /dev/biren-m\ncannot init: Permission denied\n'
    expect(refused(text, BRSMI)).toMatchObject({ failure: { code: 'permission_denied' } })
  })

  test('the tool’s own wording goes before the usual one', () => {
    const texts = [
      {
        pattern: /No devices/,
        class: 'card_lost',
        code: 'tool_failed',
        advice: 'Reboot.',
      } as const,
    ]
    expect(refused('No devices were found\n', { ...BRSMI, texts })).toMatchObject({
      failure: { class: 'card_lost', advice: 'Reboot.' },
    })
  })

  test('the reason of the parser is kept where the text reports nothing', () => {
    expect(refused('x', BRSMI, 'The XML names no GPU.').failure.text).toBe('The XML names no GPU.')
  })
})

describe('whose tool it is', () => {
  test.each([
    ['| NVIDIA-SMI 550.54.15    Driver Version: 550.54.15    CUDA Version: 12.4 |', 'NVIDIA'],
    ['| npu-smi 25.0.rc1.1       Version: 25.0.rc1.1 |', 'Huawei Ascend'],
    ['| CNMON v5.10.22                        Driver v5.10.22 |', 'Cambricon'],
    ['    mthreads-gmi:2.4.1           Driver Version:5.1.0-server', 'Moore Threads'],
    ['mx-smi  version: 2.2.9', 'MetaX'],
    ['| HT-SMI 2.3.1          Kernel Mode Driver Version: 3.8.1 |', 'MetaX'],
    ['|EFSMI    V1.2.0.301       Driver Ver: 1.2.0.301 |', 'Enflame'],
    ['| PPU-SMI 1.28          Driver Version: 2.1.0-dbda51 |', 'T-Head'],
    ['==============XPUSMI LOG==============', 'Kunlunxin'],
    ['| XPU-SMI        Driver Version: 5.0.21.26    XPU-RT Version: 5.0.21   |', 'Kunlunxin'],
    ['|      Intel XPU-SMI v2.0    Driver: 96E1802BAF7F7118    Level Zero: 1.32.0 |', 'Intel'],
    ['|  IX-ML: 4.3.0       Driver Version: 4.3.0       CUDA Version: 10.2 |', 'Iluvatar'],
    ['│MOFFETT-SMI 2.3.0       Driver Version 3.5.2  │', 'Moffett'],
    ['<dlsmi_log>', 'Denglin'],
  ])('%s', (line, maker) => {
    expect(refusedForeign(line, BRSMI)).toMatchObject({
      failure: { class: 'wrong_tool', code: 'tool_wrong_vendor' },
    })
    expect(refusedForeign(line, BRSMI)?.failure.text).toContain(maker)
  })

  test('its own banner is not foreign, whatever else the text says', () => {
    const text = '| BR-SMI 1.11.0 |\n| NVIDIA-SMI 550.54.15 |\n'
    expect(refusedForeign(text, BRSMI)).toBeNull()
  })

  test('a text without a banner is nobody’s', () => {
    expect(refusedForeign('GPU 0: something', BRSMI)).toBeNull()
  })
})
