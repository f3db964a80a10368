/** Entries of the journal, and the walk from one entry's bytes to the root of the checkpoint. */

import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Flex, InputNumber, type TableColumnsType, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'wouter'
import { getJson, useAnswer } from '../api/client.ts'
import { countText, instantText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { Fact, Facts, Mark } from './verification-facts.tsx'
import type { CheckpointNote } from './verification-note.ts'
import { checkInclusion, type InclusionCheck, type ProofStep } from './verification-proof.ts'

const ENTRIES_PATH = '/v1/journal/entries'
const ROWS = 20

interface Entry {
  readonly seq: number
  readonly kind: string
  readonly at: string
  readonly canonical: string
  readonly hash: string
}
interface EntriesAnswer {
  readonly head: { readonly seq: number }
  readonly entries: readonly Entry[]
}

interface Proven {
  readonly entry: Entry
  readonly check: InclusionCheck
}

interface Parts {
  readonly checkpoint: CheckpointNote
  readonly canCheck: boolean
}

/** Which entry is proven stands in the address, so that a proof can be sent to somebody. */
export function EntriesSection({ checkpoint, canCheck }: Parts) {
  const { t } = useTranslation('verification')
  const [params, setParams] = useSearchParams()
  const asked = Number(params.get('seq'))
  const seq = Number.isSafeInteger(asked) && asked > 0 ? asked : null
  const prove = (chosen: number) =>
    setParams((before) => {
      const after = new URLSearchParams(before)
      after.set('seq', String(chosen))
      return after
    })
  return (
    <>
      {canCheck ? (
        <Section title={t('journal.proof')}>
          <Typography.Paragraph type="secondary">{t('journal.proof_help')}</Typography.Paragraph>
          <ProofForm key={seq} seq={seq} max={checkpoint.size} onProve={prove} />
          {seq === null ? null : <Proof seq={seq} checkpoint={checkpoint} />}
        </Section>
      ) : null}
      <NewestEntries checkpoint={checkpoint} onProve={canCheck ? prove : null} />
    </>
  )
}

function ProofForm(props: {
  readonly seq: number | null
  readonly max: number
  readonly onProve: (seq: number) => void
}) {
  const { t } = useTranslation('verification')
  const [value, setValue] = useState<number | null>(props.seq ?? props.max)
  return (
    <form
      className="no-print"
      onSubmit={(event) => {
        event.preventDefault()
        if (value !== null) props.onProve(value)
      }}
    >
      <Flex gap={8} wrap align="center" style={{ marginBottom: 12 }}>
        <span>{t('journal.seq')}</span>
        <InputNumber
          aria-label={t('journal.seq')}
          min={1}
          max={props.max}
          precision={0}
          value={value}
          onChange={setValue}
          style={{ width: 140 }}
        />
        <Button type="primary" htmlType="submit">
          {t('journal.prove')}
        </Button>
      </Flex>
    </form>
  )
}

function Proof({ seq, checkpoint }: { readonly seq: number; readonly checkpoint: CheckpointNote }) {
  const { size, root } = checkpoint
  const proven = useQuery<Proven>({
    queryKey: ['inclusion', seq, size, root],
    queryFn: async ({ signal }) => await proofOf(seq, checkpoint, signal),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (proven.error !== null) return <Alert type="error" showIcon title={proven.error.message} />
  return (
    <Answer of={proven} rows={6}>
      {(known) => <Walk seq={seq} proven={known} root={root} />}
    </Answer>
  )
}

async function proofOf(seq: number, { size, root }: CheckpointNote, signal: AbortSignal) {
  const [{ entries }, { proof }] = await Promise.all([
    getJson<EntriesAnswer>(ENTRIES_PATH, { after: seq - 1, limit: 1 }, signal),
    getJson<{ readonly proof: readonly string[] }>(
      '/v1/journal/proof/inclusion',
      { seq, size },
      signal,
    ),
  ])
  const entry = entries.find((one) => one.seq === seq)
  if (entry === undefined) throw new Error(`#${seq}`)
  const { canonical } = entry
  return { entry, check: await checkInclusion({ canonical, index: seq - 1, size, root, proof }) }
}

function Walk(props: { readonly seq: number; readonly proven: Proven; readonly root: string }) {
  const { t } = useTranslation('verification')
  const { check, entry } = props.proven
  const seq = countText(props.seq)
  const columns: TableColumnsType<ProofStep & { readonly step: number }> = [
    { title: t('journal.step'), dataIndex: 'step', align: 'right' },
    { title: t('journal.side'), render: (_, { side }) => t(`journal.${side}`) },
    { title: t('journal.sibling'), render: (_, { sibling }) => <code>{sibling}</code> },
    { title: t('journal.result'), render: (_, { hash }) => <code>{hash}</code> },
  ]
  return (
    <Flex vertical gap={12}>
      <Mark
        isGood={check.verified}
        text={
          check.verified
            ? t('journal.verified', { seq, steps: check.steps.length })
            : t('journal.not_verified', { seq })
        }
      />
      <Facts>
        <Fact name={t('journal.kind')}>{`${entry.kind} · ${instantText(entry.at)}`}</Fact>
        <Fact name={t('journal.entry')}>
          <Typography.Paragraph copyable={{ text: entry.canonical }} style={{ margin: 0 }}>
            <code style={{ overflowWrap: 'anywhere' }}>{entry.canonical}</code>
          </Typography.Paragraph>
        </Fact>
        <Fact name={t('journal.leaf')}>
          <code>{check.leafHash}</code>
        </Fact>
        <Fact name={t('journal.computed')}>
          <code>{check.root ?? '–'}</code>
        </Fact>
        <Fact name={t('journal.expected')}>
          <code>{props.root}</code>
        </Fact>
      </Facts>
      <Rows
        label={t('journal.proof')}
        rows={check.steps.map((step, index) => ({ ...step, step: index + 1 }))}
        columns={columns}
        rowKey={({ step }) => String(step)}
      />
    </Flex>
  )
}

function NewestEntries(props: {
  readonly checkpoint: CheckpointNote
  readonly onProve: ((seq: number) => void) | null
}) {
  const { t } = useTranslation('verification')
  const { checkpoint, onProve } = props
  const [back, setBack] = useState(0)
  const after = Math.max(0, checkpoint.size - ROWS * (back + 1))
  const limit = Math.min(ROWS, checkpoint.size - ROWS * back)
  const answer = useAnswer<EntriesAnswer>(ENTRIES_PATH, { after, limit })
  const columns: TableColumnsType<Entry> = [
    { title: t('journal.seq'), align: 'right', render: (_, { seq }) => countText(seq) },
    { title: t('journal.at'), render: (_, { at }) => instantText(at) },
    { title: t('journal.kind'), dataIndex: 'kind' },
    { title: t('journal.hash'), render: (_, { hash }) => <code>{`${hash.slice(0, 16)}…`}</code> },
    {
      title: '',
      className: 'no-print',
      render: (_, { seq }) =>
        onProve === null ? null : (
          <Button
            size="small"
            aria-label={`${t('journal.check_one')} ${seq}`}
            onClick={() => onProve(seq)}
          >
            {t('journal.check_one')}
          </Button>
        ),
    },
  ]
  return (
    <Section
      title={t('journal.entries')}
      // From the first that is shown to the newest. Whole bytes are in CSV alone: cells are bounded.
      exported={{ table: 'journal-entries', query: { after }, formats: ['csv', 'xlsx'] }}
      actions={
        <Flex gap={8} className="no-print">
          <Button size="small" disabled={back === 0} onClick={() => setBack(back - 1)}>
            {t('journal.newer_entries')}
          </Button>
          <Button size="small" disabled={after === 0} onClick={() => setBack(back + 1)}>
            {t('journal.older_entries')}
          </Button>
        </Flex>
      }
    >
      <Answer of={answer} isEmpty={({ entries }) => entries.length === 0}>
        {({ entries }) => (
          <Rows
            label={t('journal.entries')}
            rows={[...entries].reverse()}
            columns={columns}
            rowKey={({ seq }) => String(seq)}
          />
        )}
      </Answer>
    </Section>
  )
}
