/** The journal, proven where it is read: checkpoint and signature, growth, entries, and offline. */

import { useQuery } from '@tanstack/react-query'
import { Alert, Flex, Input, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getJson, Problem, useAnswer } from '../api/client.ts'
import { countText, instantText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Section } from '../parts/section.tsx'
import { EntriesSection } from './verification-entries.tsx'
import { Fact, Facts, Mark } from './verification-facts.tsx'
import {
  type CheckpointNote,
  checkSignature,
  readCheckpoint,
  signsWithSm2,
} from './verification-note.ts'
import { canHash } from './verification-proof.ts'
import { type Growth, growthSince } from './verification-seen.ts'

interface CheckpointAnswer {
  readonly origin: string
  readonly size: number
  readonly root: string
  readonly verifier_key: string
  readonly note: string
  readonly cosignatures: readonly {
    readonly witness: string
    readonly key_id: string
    readonly cosigned_at: string
  }[]
}

export function JournalTab() {
  const { t } = useTranslation('verification')
  const checkpoint = useAnswer<CheckpointAnswer>('/v1/journal/checkpoint')
  if (checkpoint.error instanceof Problem && checkpoint.error.status === 404) {
    return <Alert type="info" showIcon title={t('journal.none_signed')} />
  }
  return (
    <Answer of={checkpoint} rows={10}>
      {(answer) => <Journal of={answer} />}
    </Answer>
  )
}

function Journal({ of }: { readonly of: CheckpointAnswer }) {
  const { t } = useTranslation('verification')
  const note = readCheckpoint(of.note)
  const isSm3 = signsWithSm2(of.verifier_key)
  const canCheck = canHash() && !isSm3
  return (
    <Flex vertical gap={16}>
      {canHash() ? null : <Alert type="warning" showIcon title={t('journal.no_crypto')} />}
      {isSm3 ? <Alert type="warning" showIcon title={t('journal.sm3')} /> : null}
      <Section title={t('journal.checkpoint')}>
        <Typography.Paragraph type="secondary">{t('journal.checkpoint_help')}</Typography.Paragraph>
        {note === null ? (
          <Alert type="error" showIcon title={t('journal.signatures.unreadable')} />
        ) : (
          <Checkpoint note={note} answer={of} canCheck={canCheck} />
        )}
      </Section>
      {note === null ? null : <EntriesSection checkpoint={note} canCheck={canCheck} />}
      <Offline />
    </Flex>
  )
}

function Checkpoint(props: {
  readonly note: CheckpointNote
  readonly answer: CheckpointAnswer
  readonly canCheck: boolean
}) {
  const { t } = useTranslation('verification')
  const { answer, canCheck, note } = props
  const [ownKey, setOwnKey] = useState('')
  const key = ownKey.trim() === '' ? answer.verifier_key : ownKey
  return (
    <Facts>
      <Fact name={t('journal.origin')}>{note.origin}</Fact>
      <Fact name={t('journal.size')}>{countText(note.size)}</Fact>
      <Fact name={t(canCheck ? 'journal.root' : 'journal.root_other')}>
        <code>{note.root}</code>
      </Fact>
      <Fact name={t('journal.signature')}>
        {canCheck ? <Signature note={note} verifierKey={key} isOwn={ownKey.trim() !== ''} /> : '–'}
      </Fact>
      <Fact name={t('journal.key')}>
        <Typography.Text copyable code>
          {answer.verifier_key}
        </Typography.Text>
        <Typography.Paragraph type="secondary" style={{ margin: '4px 0' }}>
          {t('journal.key_help')}
        </Typography.Paragraph>
        <Input
          className="no-print"
          aria-label={t('journal.key_own')}
          placeholder={t('journal.key_own')}
          value={ownKey}
          onChange={(event) => setOwnKey(event.target.value)}
          style={{ maxWidth: 640 }}
          spellCheck={false}
        />
      </Fact>
      <Fact name={t('journal.grown')}>
        {canCheck ? <Grown note={note} /> : '–'}
        <Typography.Paragraph type="secondary" style={{ margin: '4px 0 0' }}>
          {t('journal.grown_help')}
        </Typography.Paragraph>
      </Fact>
      <Fact name={t('journal.witnesses')}>
        {answer.cosignatures.length === 0
          ? t('journal.no_witness')
          : answer.cosignatures.map(({ cosigned_at, key_id, witness }) => (
              <div key={`${witness} ${key_id} ${cosigned_at}`}>
                {`${witness} (${key_id}) · ${instantText(cosigned_at)}`}
              </div>
            ))}
      </Fact>
      <Fact name={t('journal.note')}>
        <Typography.Paragraph copyable={{ text: answer.note }} style={{ margin: 0 }}>
          <pre className="table-scroll" style={{ margin: 0, whiteSpace: 'pre-wrap' }}>
            {answer.note}
          </pre>
        </Typography.Paragraph>
      </Fact>
    </Facts>
  )
}

function Signature(props: {
  readonly note: CheckpointNote
  readonly verifierKey: string
  readonly isOwn: boolean
}) {
  const { t } = useTranslation('verification')
  const { isOwn, note, verifierKey } = props
  const { data: verdict = 'checking' } = useQuery({
    queryKey: ['signature', note.text, note.signatures.length, verifierKey],
    queryFn: async () => await checkSignature(note, verifierKey),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const whose = t(isOwn ? 'journal.key_from_user' : 'journal.key_from_server')
  return (
    <Mark
      isGood={verdict === 'checking' ? null : verdict === 'valid'}
      text={`${t(`journal.signatures.${verdict}`)} ${whose}`}
    />
  )
}

function Grown({ note }: { readonly note: CheckpointNote }) {
  const { t } = useTranslation('verification')
  const { data: growth } = useQuery<Growth>({
    queryKey: ['growth', note.origin, note.size, note.root],
    queryFn: async () => await growthSince(note, localStorage, consistencyProof),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (growth === undefined) return <Mark isGood={null} text={t('journal.growth.checking')} />
  const isGood = ['first', 'same', 'consistent'].includes(growth.status)
  const { from, status, detail } = growth
  return (
    <Mark
      isGood={isGood}
      text={t(`journal.growth.${status}`, {
        from: countText(from),
        size: countText(note.size),
        detail,
      })}
    />
  )
}

async function consistencyProof(from: number, to: number): Promise<readonly string[]> {
  const path = '/v1/journal/proof/consistency'
  const { proof } = await getJson<{ readonly proof: readonly string[] }>(path, { from, to })
  return proof
}

function Offline() {
  const { t } = useTranslation('verification')
  const steps = [
    [t('journal.offline_steps.export'), 'yiben-collector export --format jsonl > ledger.jsonl'],
    [
      t('journal.offline_steps.verify'),
      'yiben-collector verify ledger.jsonl --key <PUB> --checkpoint <FILE>',
    ],
    [t('journal.offline_steps.key'), 'yiben-collector key'],
  ] as const
  return (
    <Section title={t('journal.offline')}>
      <Typography.Paragraph>{t('journal.offline_text')}</Typography.Paragraph>
      <ol style={{ paddingInlineStart: 20, margin: 0 }}>
        {steps.map(([text, command]) => (
          <li key={command} style={{ marginBottom: 8, overflowWrap: 'anywhere' }}>
            {text}
            <br />
            <Typography.Text code copyable>
              {command}
            </Typography.Text>
          </li>
        ))}
      </ol>
      <Typography.Paragraph type="secondary" style={{ margin: 0 }}>
        {t('journal.offline_steps.tools')}
      </Typography.Paragraph>
    </Section>
  )
}
