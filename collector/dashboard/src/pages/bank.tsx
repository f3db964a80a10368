/**
 * 存取: what is deposited, what can be drawn and for how long, draws, promises, statements. Everything
 * here is told to the bank too, which knows lots by opaque ids: nodes are named only where the
 * interface names them to the asker.
 */

import { Alert, Flex } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { useAnswer } from '../api/client.ts'
import { instantText } from '../format.ts'
import { InstantPicker, isPast, useInstant } from '../parts/instant.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { TabLinks } from '../parts/tab-links.tsx'
import { addTexts } from '../text/index.ts'
import { CapacityTab } from './bank-capacity.tsx'
import { DepositsTab } from './bank-deposits.tsx'
import { OneDraw } from './bank-draw.tsx'
import { DrawsTab } from './bank-draws.tsx'
import { OutlookTab } from './bank-outlook.tsx'
import { PromisesTab } from './bank-promises.tsx'
import { StatementTab } from './bank-statement.tsx'
import { bankText } from './bank-text.ts'

addTexts('bank', bankText)

const ROOT = '/bank'

/** `below`: what the address names within the tab. */
const TABS: readonly { readonly name: string; readonly page: (below: string) => ReactNode }[] = [
  { name: 'deposits', page: () => <DepositsTab /> },
  { name: 'capacity', page: () => <CapacityTab /> },
  { name: 'outlook', page: () => <OutlookTab /> },
  { name: 'draws', page: (id) => (id === '' ? <DrawsTab /> : <OneDraw id={id} />) },
  { name: 'promises', page: () => <PromisesTab /> },
  { name: 'statements', page: () => <StatementTab /> },
]
const OF_ANY_TIME = ['promises', 'statements']

export function BankPage() {
  const { t } = useTranslation('bank')
  const [path] = useLocation()
  const [chosen] = useInstant()
  const [asked = '', ...below] = path.slice(ROOT.length + 1).split('/')
  const current = TABS.find(({ name }) => name === asked) ?? TABS[0]
  if (current === undefined) return null
  return (
    <Flex vertical gap={12}>
      <Flex wrap gap={12} justify="space-between" align="start">
        <PageHead title={t('title')} intro={t('intro')} />
        {OF_ANY_TIME.includes(current.name) ? <InstantPicker /> : null}
      </Flex>
      <RecoveryNotice />
      {isPast(chosen) && !OF_ANY_TIME.includes(current.name) ? (
        <Alert type="info" showIcon title={t('present_only')} />
      ) : null}
      <TabLinks
        label={t('title')}
        root={ROOT}
        tabs={TABS.map(({ name }) => ({ name, label: t(`tabs.${name}`) }))}
        current={current.name}
      />
      {current.page(decodeURIComponent(below.join('/')))}
    </Flex>
  )
}

interface Recovery {
  readonly recovering: boolean
  readonly generation: number
  readonly since: string
  readonly bank: string
  readonly nodes_told: number
  readonly nodes_missing: number
}

/** While a restored ledger grants nothing, everybody who looks at the bank should know. */
function RecoveryNotice() {
  const { t } = useTranslation('bank')
  const { data } = useAnswer<Recovery>('/v1/recovery')
  if (data?.recovering !== true) return null
  const text = t('recovering.text', {
    generation: data.generation,
    since: instantText(data.since),
    told: data.nodes_told,
    missing: data.nodes_missing,
    bank: t(`recovering.bank.${data.bank}`),
  })
  return <Alert type="error" showIcon title={t('recovering.title')} description={text} />
}
