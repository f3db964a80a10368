/** What a scraper is given: text that reads back as what was told, and nothing from before. */
import { DurationTally } from '@yiben/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Vital } from '../../../collector/src/api/context.ts'
import { Metrics } from '../../../collector/src/api/metrics.ts'
import { metricFamilies, metricFaults } from '../../support/metrics-text.ts'

function fresh(): Metrics {
  const metrics = new Metrics()
  onTestFinished(() => metrics.close())
  return metrics
}

const LAG: Vital = { name: 'yiben_lag_seconds', help: 'how late', kind: 'gauge', value: 1.5 }

function skill(horizon: string, value: number): Vital {
  return { name: 'yiben_skill', help: 'how good', kind: 'gauge', value, labels: { horizon } }
}

describe('vitals', () => {
  test('are shown with their help, type and labels as they are told', async () => {
    const ended = { name: 'yiben_ended_total', help: 'why', kind: 'counter' as const }
    const families = metricFamilies(
      await fresh().text([
        LAG,
        { ...ended, value: 3, labels: { phase: 'open', code: 'goodbye' } },
        { ...ended, value: 0, labels: { phase: 'handshake', code: 'node_clone' } },
      ]),
    )
    expect(families.get('yiben_lag_seconds')).toEqual({
      name: 'yiben_lag_seconds',
      help: 'how late',
      type: 'gauge',
      samples: [{ name: 'yiben_lag_seconds', labels: {}, value: 1.5 }],
    })
    expect(families.get('yiben_ended_total')?.samples.map(({ value }) => value)).toEqual([3, 0])
  })

  test('that are not told any more are not shown any more, nor is one label of several', async () => {
    const metrics = fresh()
    await metrics.text([LAG, skill('30min', 0.1), skill('60min', 0.2)])
    const families = metricFamilies(await metrics.text([skill('60min', 0.3)]))
    expect(families.has('yiben_lag_seconds')).toBe(false)
    expect(families.get('yiben_skill')?.samples).toEqual([
      { name: 'yiben_skill', labels: { horizon: '60min' }, value: 0.3 },
    ])
  })

  test('that are counted are shown as they stand, not added up over scrapes', async () => {
    const metrics = fresh()
    const counted = (value: number): Vital => ({
      name: 'yiben_x_total',
      help: 'x',
      kind: 'counter',
      value,
    })
    await metrics.text([counted(5)])
    const families = metricFamilies(await metrics.text([counted(7)]))
    expect(families.get('yiben_x_total')?.samples.map(({ value }) => value)).toEqual([7])
  })

  test('that are durations are a histogram in seconds, whose buckets add up', async () => {
    const tally = new DurationTally([5, 250, 1_000])
    for (const ms of [5, 6, 250, 900, 70_000]) tally.note(ms)
    const told: Vital = {
      name: 'yiben_ack_duration_seconds',
      help: 'how long',
      kind: 'histogram',
      durations: tally.view(),
    }
    const families = metricFamilies(await fresh().text([told]))
    const family = families.get('yiben_ack_duration_seconds')
    expect(family?.type).toBe('histogram')
    expect(family?.samples.map(({ labels, value }) => [labels.le, value])).toEqual([
      ['0.005', 1],
      ['0.25', 3],
      ['1', 4],
      ['+Inf', 5],
      [undefined, 71.161],
      [undefined, 5],
    ])
  })
})

describe('what the library and the interface add', () => {
  test('keeps the rules of names and units, and lists no open sockets', async () => {
    const metrics = fresh()
    metrics.answered({ method: 'GET', route: '/v1/nodes/:id', status: 200, durationMs: 12 })
    const families = metricFamilies(await metrics.text([LAG]))
    expect(metricFaults(families.values())).toEqual([])
    expect([...families.keys()].filter((name) => name.includes('active'))).toEqual([])
    expect(families.has('nodejs_eventloop_lag_p99_seconds')).toBe(true)
    expect(families.has('yiben_http_request_duration_seconds')).toBe(true)
  })
})

describe('the rules', () => {
  const text = (name: string, type: string) =>
    `# HELP ${name} x\n# TYPE ${name} ${type}\n${name} 1\n`

  test.each([
    ['yiben_records', 'counter', 'is a counter whose name does not end in _total'],
    ['yiben_handles_total', 'gauge', 'is no counter, but its name ends in _total'],
    ['yiben_lag_ms', 'gauge', 'has a unit that is no base unit'],
    ['yiben_hours_due', 'gauge', 'has a unit that is no base unit'],
    ['yibenLag', 'gauge', 'has a name that is not lower case words'],
    ['yiben_x', 'untyped', 'has no known type'],
  ])('find that %s, a %s, %s', (name, type, says) => {
    expect(metricFaults(metricFamilies(text(name, type)).values())).toEqual([`${name} ${says}`])
  })

  test('find a sample that is told twice, and labels that differ', () => {
    const head = '# HELP a x\n# TYPE a gauge\n'
    const faults = (body: string) => metricFaults(metricFamilies(head + body).values())
    expect(faults('a{b="1"} 1\na{b="1"} 2\n')).toEqual(['a tells one sample twice'])
    expect(faults('a{b="1"} 1\na{c="1"} 2\n')).toEqual(['a has samples of different labels'])
  })

  test.each([
    ['a family that is told twice', '# HELP a x\n# TYPE a gauge\na 1\n# HELP a x\n'],
    ['a type without help', '# TYPE a gauge\na 1\n'],
    ['a sample of no family', '# HELP a x\n# TYPE a gauge\nb 1\n'],
    ['a line that is no sample', '# HELP a x\n# TYPE a gauge\na one two\n'],
  ])('refuse %s', (_name, told) => {
    expect(() => metricFamilies(told)).toThrow()
  })
})
