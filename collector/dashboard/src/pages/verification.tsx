/** 核验: whether the ledger's figures can be trusted, one question a tab. */

import { Flex } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { type Role, type Session, useSession } from '../api/session.ts'
import { PageHead } from '../parts/page-head.tsx'
import { TabLinks } from '../parts/tab-links.tsx'
import { addTexts } from '../text/index.ts'
import { AnomaliesTab } from './verification-anomalies.tsx'
import { BalanceTab } from './verification-balance.tsx'
import { ConflictsTab } from './verification-conflicts.tsx'
import { CorrectionsTab } from './verification-corrections.tsx'
import { CoverageTab } from './verification-coverage.tsx'
import { JournalTab } from './verification-journal.tsx'
import { verificationText } from './verification-text.ts'

addTexts('verification', verificationText)

const ROOT = '/verification'
const PEOPLE: readonly Role[] = ['admin', 'operator', 'regulator', 'auditor']

interface Tab {
  readonly name: string
  readonly roles: readonly Role[]
  /** The journal is not cut by region: it is read by who may see everything. */
  readonly wholeLedgerOnly?: boolean
  readonly page: (session: Session) => ReactNode
}

/** As `collector/src/api/access.ts` has it. */
const TABS: readonly Tab[] = [
  { name: 'coverage', roles: PEOPLE, page: () => <CoverageTab /> },
  {
    name: 'conflicts',
    roles: [...PEOPLE, 'security'],
    page: (session) => <ConflictsTab session={session} />,
  },
  {
    name: 'anomalies',
    roles: [...PEOPLE, 'security'],
    page: (session) => <AnomaliesTab session={session} />,
  },
  { name: 'corrections', roles: PEOPLE, page: () => <CorrectionsTab /> },
  { name: 'balance', roles: PEOPLE, page: () => <BalanceTab /> },
  {
    name: 'journal',
    roles: ['admin', 'regulator', 'auditor', 'security'],
    wholeLedgerOnly: true,
    page: () => <JournalTab />,
  },
]

export function VerificationPage() {
  const { t } = useTranslation('verification')
  const [path] = useLocation()
  const { data: session } = useSession()
  if (session === undefined || session === null) return null
  const open = TABS.filter(({ roles, wholeLedgerOnly }) => {
    const seesAll = session.region_code === null && session.site_code === null
    return roles.includes(session.role) && (seesAll || wholeLedgerOnly !== true)
  })
  const asked = path.slice(ROOT.length + 1)
  const current = open.find(({ name }) => name === asked) ?? open[0]
  if (current === undefined) return null
  return (
    <Flex vertical gap={12}>
      <PageHead title={t('title')} intro={t('intro')} />
      <TabLinks
        label={t('title')}
        root={ROOT}
        tabs={open.map(({ name }) => ({ name, label: t(`tabs.${name}`) }))}
        current={current.name}
      />
      {current.page(session)}
    </Flex>
  )
}
