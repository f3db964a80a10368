/**
 * 利用率: what the time was used for, of the country, a province, a site; below a site its nodes and
 * their cards. The address says where the page stands, which span it speaks of and how it counts.
 */
import { Breadcrumb, Button, DatePicker, Flex, Segmented } from 'antd'
import dayjs from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useParams, useSearch, useSearchParams } from 'wouter'
import type { OneNodeAnswer } from '../../../src/api/answers/nodes.ts'
import { useAnswer } from '../api/client.ts'
import { pickerOf } from '../parts/civil.ts'
import { InstantPicker, useInstant } from '../parts/instant.tsx'
import { addTexts } from '../text/index.ts'
import { useNames } from './ledger-names.ts'
import { CardView } from './utilization-card.tsx'
import { NodeView } from './utilization-node.tsx'
import { hrefOf, type Place, partsOf, placeOf } from './utilization-place.ts'
import { customName, RANGES, spanOf } from './utilization-range.ts'
import { SumsView } from './utilization-sums-view.tsx'
import { utilizationText } from './utilization-text.ts'

addTexts('utilization', utilizationText)

const DEFAULT_RANGE = '7d'

export function UtilizationPage() {
  const { t } = useTranslation('utilization')
  const params = useParams()
  const place = placeOf(params['*'])
  const [search] = useSearchParams()
  const [{ as_of, known_at }] = useInstant()
  const names = useNames()
  const range = search.get('range') ?? DEFAULT_RANGE
  const endMs = as_of === null ? Date.now() : Date.parse(as_of)
  const model = search.get('model')
  const hasSums = place.node === null
  return (
    <Flex vertical gap={16}>
      <Flex wrap gap={12} justify="space-between" align="center">
        <div>
          <h1 style={{ margin: 0, fontSize: 24 }}>{t('common:pages.utilization')}</h1>
          <Path place={place} nameOf={names.of} />
        </div>
        <Flex wrap gap={8} className="no-print">
          {hasSums ? <RangePicker value={range} /> : null}
          <InstantPicker />
          <Button onClick={() => window.print()}>{t('common:print')}</Button>
        </Flex>
      </Flex>
      {place.level === 'accelerator' && place.accelerator !== null ? (
        <CardView key={place.accelerator} id={place.accelerator} endMs={endMs} />
      ) : null}
      {place.level === 'node' && place.node !== null ? (
        <NodeView key={place.node} place={place} id={place.node} />
      ) : null}
      {hasSums ? (
        <SumsView
          // Figures of another place are never left standing while these are read.
          key={partsOf(place).join('/')}
          place={place}
          span={spanOf(range, endMs)}
          knownAt={known_at}
          model={model}
          names={names}
        />
      ) : null}
    </Flex>
  )
}

function Path({
  place,
  nameOf,
}: {
  readonly place: Place
  readonly nameOf: (grouping: string, key: string | null) => string
}) {
  const { t } = useTranslation('utilization')
  const search = useSearch()
  const parts = partsOf(place)
  const groupings = ['region', 'site', 'node', 'accelerator']
  const path = place.node === null ? null : `/v1/nodes/${encodeURIComponent(place.node)}`
  const node = useAnswer<OneNodeAnswer>(path).data
  const partName = (index: number, part: string) =>
    index === 2 && node !== undefined ? node.name : nameOf(groupings[index] ?? '', part)
  const steps = [
    { name: t('country'), href: hrefOf([], search) },
    ...parts.map((part, index) => ({
      name: partName(index, part),
      href: hrefOf(parts.slice(0, index + 1), search),
    })),
  ]
  return (
    <nav aria-label={t('path')}>
      <Breadcrumb
        items={steps.map(({ name, href }, index) => ({
          key: href,
          title: index === steps.length - 1 ? name : <Link href={href}>{name}</Link>,
        }))}
      />
    </nav>
  )
}

function RangePicker({ value }: { readonly value: string }) {
  const { t } = useTranslation('utilization')
  const [, setSearch] = useSearchParams()
  const isNamed = RANGES.some((name) => name === value)
  const [isCustom, setCustom] = useState(!isNamed)
  const set = (name: string) =>
    setSearch((before) => {
      const after = new URLSearchParams(before)
      after.set('range', name)
      return after
    })
  const [first, last] = isNamed ? [] : value.split('..')
  const days =
    first === undefined || last === undefined ? null : ([dayjs(first), dayjs(last)] as const)
  return (
    <Flex gap={8} wrap>
      <Segmented<string>
        aria-label={t('range.label')}
        value={isCustom ? 'custom' : value}
        onChange={(name) => {
          setCustom(name === 'custom')
          if (name !== 'custom') set(name)
        }}
        options={[...RANGES, 'custom'].map((name) => ({ value: name, label: t(`range.${name}`) }))}
      />
      {isCustom ? (
        <DatePicker.RangePicker
          aria-label={t('range.days')}
          value={days === null ? null : [days[0], days[1]]}
          disabledDate={(day) => day.isAfter(pickerOf(Date.now()))}
          onChange={(picked) => {
            const [from, to] = picked ?? []
            if (from !== null && from !== undefined && to !== null && to !== undefined) {
              set(customName(from.format('YYYY-MM-DD'), to.format('YYYY-MM-DD')))
            }
          }}
        />
      ) : null}
    </Flex>
  )
}
