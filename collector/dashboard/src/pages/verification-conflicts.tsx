/** Cards that two nodes claim: both claims side by side, counted once, decided by a person. */

import { useQueryClient } from '@tanstack/react-query'
import { App, Button, Card, Flex, Modal, Segmented, Tag, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { ConflictAnswer } from '../../../src/api/answers/conflicts.ts'
import { getJson, sendJson } from '../api/client.ts'
import type { Session } from '../api/session.ts'
import { instantText } from '../format.ts'
import { Term } from '../parts/figure.tsx'
import { Paged, usePages } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useNames } from './ledger-names.ts'
import { Fact, Facts } from './verification-facts.tsx'

interface ConflictsAnswer {
  readonly conflicts: readonly ConflictAnswer[]
  readonly next_cursor: string | null
}
interface EntriesAnswer {
  readonly head: { readonly seq: number }
  readonly entries: readonly {
    readonly seq: number
    readonly kind: string
    readonly canonical: string
  }[]
}

type Claim = ConflictAnswer['claims'][number]

/** Entries are numbered within a second or two; the newest ones are looked through for ours. */
const LOOK_BACK = 200
const TRIES = 5
const TRY_EVERY_MS = 1_000

export function ConflictsTab({ session }: { readonly session: Session }) {
  const { t } = useTranslation('verification')
  const [isOpenOnly, setOpenOnly] = useState(true)
  const query = { open: isOpenOnly }
  const pages = usePages<ConflictsAnswer>('/v1/conflicts', query)
  return (
    <Section
      title={t('conflicts.title')}
      exported={{ table: 'conflicts', query }}
      actions={
        <Segmented
          className="no-print"
          value={isOpenOnly ? 'open' : 'all'}
          onChange={(value) => setOpenOnly(value === 'open')}
          options={[
            { value: 'open', label: t('conflicts.open') },
            { value: 'all', label: t('conflicts.all') },
          ]}
        />
      }
    >
      <Typography.Paragraph type="secondary">
        {t('conflicts.help')} <Term id="conflict">{t('conflicts.title')}</Term>
      </Typography.Paragraph>
      <Paged
        of={pages}
        rowsOf={({ conflicts }) => conflicts}
        {...(isOpenOnly ? { emptyText: t('conflicts.none') } : {})}
      >
        {(conflicts) => (
          <Flex vertical gap={16}>
            {conflicts.map((conflict) => (
              <ConflictCard key={conflict.conflict_id} conflict={conflict} session={session} />
            ))}
          </Flex>
        )}
      </Paged>
    </Section>
  )
}

function ConflictCard(props: { readonly conflict: ConflictAnswer; readonly session: Session }) {
  const { t } = useTranslation('verification')
  const { conflict, session } = props
  const [chosen, setChosen] = useState<Claim | null>(null)
  const { resolved_at, resolved_by } = conflict
  const mayResolve =
    resolved_at === null &&
    (session.role === 'admin' || session.role === 'operator') &&
    conflict.claims.every(({ node_id }) => node_id !== null)
  return (
    <Card
      size="small"
      className="print-block"
      title={
        <Flex wrap gap="4px 16px" align="center" style={{ whiteSpace: 'normal' }}>
          <h3 style={{ margin: 0, fontSize: 14 }}>
            {`#${conflict.conflict_id} · ${t('conflicts.accelerator')} `}
            <Link
              href={`/utilization/accelerators/${conflict.accelerator_id}`}
              style={{ textDecoration: 'underline' }}
            >
              {conflict.accelerator_id}
            </Link>
          </h3>
          <Typography.Text type="secondary" style={{ fontWeight: 400 }}>
            {`${t('conflicts.overlap')} ${instantText(conflict.from)} – ${
              conflict.to === null ? t('conflicts.ongoing') : instantText(conflict.to)
            } · ${t('conflicts.opened')} ${instantText(conflict.opened_at)}`}
          </Typography.Text>
        </Flex>
      }
    >
      <div
        style={{
          display: 'grid',
          gridTemplateColumns: 'repeat(auto-fit, minmax(260px, 1fr))',
          gap: 12,
        }}
      >
        {conflict.claims.map((claim) => (
          <ClaimFacts
            key={claim.unit_id}
            claim={claim}
            isKept={claim.unit_id === conflict.kept_unit_id}
            onKeep={mayResolve ? () => setChosen(claim) : null}
          />
        ))}
      </div>
      {resolved_at === null ? null : (
        <Typography.Paragraph style={{ margin: '12px 0 0' }}>
          {t('conflicts.resolved', { at: instantText(resolved_at), by: resolved_by ?? '–' })}
        </Typography.Paragraph>
      )}
      {chosen === null ? null : (
        <Resolve
          conflict={conflict}
          claim={chosen}
          session={session}
          onClose={() => setChosen(null)}
        />
      )}
    </Card>
  )
}

function ClaimFacts(props: {
  readonly claim: Claim
  readonly isKept: boolean
  readonly onKeep: (() => void) | null
}) {
  const { t } = useTranslation('verification')
  const names = useNames()
  const { claim, isKept, onKeep } = props
  const unseen = t('conflicts.unseen')
  const facts = [
    [t('conflicts.node'), claim.node_id ?? unseen],
    [
      t('conflicts.site'),
      claim.site_code === null ? unseen : `${names.of('site', claim.site_code)} ${claim.site_code}`,
    ],
    [t('conflicts.model'), claim.printed_name ?? unseen],
    [
      t('conflicts.valid'),
      claim.valid_from === null
        ? unseen
        : `${instantText(claim.valid_from)} – ${
            claim.valid_to === null ? t('conflicts.ongoing') : instantText(claim.valid_to)
          }`,
    ],
    [t('conflicts.unit'), String(claim.unit_id)],
  ] as const
  return (
    <Card
      size="small"
      type="inner"
      title={t(isKept ? 'conflicts.claim_kept' : 'conflicts.claim_other')}
      extra={
        claim.counted === null ? null : (
          <Tag color={claim.counted ? 'blue' : 'default'}>
            {t(claim.counted ? 'conflicts.counted' : 'conflicts.not_counted')}
          </Tag>
        )
      }
    >
      <Facts>
        {facts.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </Facts>
      {onKeep === null ? null : (
        <Button className="no-print" style={{ marginTop: 12 }} onClick={onKeep}>
          {t('conflicts.keep')}
        </Button>
      )}
    </Card>
  )
}

function Resolve(props: {
  readonly conflict: ConflictAnswer
  readonly claim: Claim
  readonly session: Session
  readonly onClose: () => void
}) {
  const { t } = useTranslation('verification')
  const { modal } = App.useApp()
  const queries = useQueryClient()
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const { claim, conflict, onClose, session } = props
  const id = conflict.conflict_id
  const resolve = async () => {
    setBusy(true)
    setProblem(null)
    try {
      const body = { keep_unit_id: claim.unit_id }
      await sendJson('POST', `/v1/conflicts/${id}/resolve`, body)
      const seq = readsJournal(session) ? await entryOf(id) : null
      onClose()
      modal.success({
        title: t('conflicts.title'),
        content: seq === null ? t('conflicts.done_pending') : <Done seq={seq} />,
      })
      void queries.invalidateQueries()
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal
      open
      title={t('conflicts.confirm_title', { id })}
      okText={t('conflicts.confirm')}
      cancelText={t('conflicts.cancel')}
      okButtonProps={{ danger: true }}
      confirmLoading={isBusy}
      onOk={resolve}
      onCancel={onClose}
    >
      <Typography.Paragraph>
        {t('conflicts.confirm_text', {
          node: claim.node_id,
          site: claim.site_code,
          unit: claim.unit_id,
        })}
      </Typography.Paragraph>
      {problem === null ? null : (
        <Typography.Paragraph type="danger" role="alert">
          {t('conflicts.failed', { detail: problem })}
        </Typography.Paragraph>
      )}
    </Modal>
  )
}

function Done({ seq }: { readonly seq: number }) {
  const { t } = useTranslation('verification')
  return (
    <>
      <Typography.Paragraph>{t('conflicts.done', { seq })}</Typography.Paragraph>
      <a href={`/verification/journal?seq=${seq}`}>{t('conflicts.proof')}</a>
    </>
  )
}

function readsJournal({ role, region_code, site_code }: Session): boolean {
  return role === 'admin' && region_code === null && site_code === null
}

/** The number of the entry that says it; `null` where it could not be found in time. */
async function entryOf(conflictId: number): Promise<number | null> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const path = '/v1/journal/entries'
    const { head } = await getJson<EntriesAnswer>(path, { limit: 1 })
    const after = Math.max(0, head.seq - LOOK_BACK)
    const { entries } = await getJson<EntriesAnswer>(path, { after, limit: LOOK_BACK })
    const found = entries.find(
      ({ canonical, kind }) =>
        kind === 'conflict_resolved' && canonical.includes(`"conflict_id":${conflictId},`),
    )
    if (found !== undefined) return found.seq
    await new Promise((resolve) => window.setTimeout(resolve, TRY_EVERY_MS))
  }
  return null
}
