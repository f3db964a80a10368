import type { UnknownCause } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { ResumeInput } from '../../../agent/src/timeline/resume.ts'
import { resumeTimeline } from '../../../agent/src/timeline/resume.ts'

const LAST_MS = Date.UTC(2026, 2, 1, 10)

function resume(changes: Partial<ResumeInput> = {}) {
  return resumeTimeline({
    wallMs: LAST_MS + 30_000,
    bootId: 'boot-1',
    lastEndMs: LAST_MS,
    lastBootId: 'boot-1',
    goodbye: null,
    ...changes,
  })
}

describe('where a timeline goes on', () => {
  test.each<[string, Partial<ResumeInput>, UnknownCause]>([
    ['the same boot: a restart', {}, 'restart'],
    ['the same boot after a goodbye', { goodbye: 'stop' }, 'stopped'],
    ['the same boot, stopped to be upgraded', { goodbye: 'upgrade' }, 'upgrade'],
    ['the same boot, as the machine was to boot again', { goodbye: 'reboot' }, 'reboot'],
    ['another boot: a reboot', { bootId: 'boot-2' }, 'reboot'],
    ['another boot after a goodbye', { bootId: 'boot-2', goodbye: 'upgrade' }, 'reboot'],
  ])('%s', (_name, changes, cause) => {
    expect(resume(changes)).toEqual({
      startMs: LAST_MS + 30_000,
      gap: {
        startMs: LAST_MS,
        endMs: LAST_MS + 30_000,
        cause,
        bootId: changes.bootId ?? 'boot-1',
      },
      aheadMs: 0,
    })
  })

  test('a wall clock behind what is booked moves nothing back; how far is told', () => {
    expect(resume({ wallMs: LAST_MS - 5_000 })).toEqual({
      startMs: LAST_MS,
      gap: { startMs: LAST_MS, endMs: LAST_MS, cause: 'restart', bootId: 'boot-1' },
      aheadMs: 5_000,
    })
  })

  test('a new epoch begins now, with a gap of no length', () => {
    expect(resume({ wallMs: LAST_MS + 0.6, lastEndMs: null, lastBootId: null })).toEqual({
      startMs: LAST_MS + 1,
      gap: { startMs: LAST_MS + 1, endMs: LAST_MS + 1, cause: 'epoch', bootId: 'boot-1' },
      aheadMs: 0,
    })
  })
})
