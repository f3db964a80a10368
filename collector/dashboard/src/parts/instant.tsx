/**
 * The two instants every page may speak of, kept in its address: `as_of`, the time spoken of, and
 * `known_at`, what the ledger knew then. Without them pages follow the present.
 */
import { Alert, Button, DatePicker, Flex, Popover, Typography } from 'antd'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'wouter'
import { instantText } from '../format.ts'
import { instantOf, pickerOf } from './civil.ts'

export interface Instant {
  readonly as_of: string | null
  readonly known_at: string | null
}

export function useInstant(): readonly [Instant, (next: Instant) => void] {
  const [params, setParams] = useSearchParams()
  const instant = { as_of: params.get('as_of'), known_at: params.get('known_at') }
  const set = (next: Instant) =>
    setParams((before) => {
      const after = new URLSearchParams(before)
      for (const name of ['as_of', 'known_at'] as const) {
        const value = next[name]
        if (value === null) after.delete(name)
        else after.set(name, value)
      }
      return after
    })
  return [instant, set]
}

export function isPast({ as_of, known_at }: Instant): boolean {
  return as_of !== null || known_at !== null
}

export function InstantPicker() {
  const { t } = useTranslation()
  const [instant, setInstant] = useInstant()
  const fields = (['as_of', 'known_at'] as const).map((name) => (
    <InstantField
      key={name}
      name={name}
      value={instant[name]}
      onChange={(value) => setInstant({ ...instant, [name]: value })}
    />
  ))
  const label = instant.as_of === null ? t('pedigree.now') : instantText(instant.as_of)
  return (
    <Popover
      trigger="click"
      placement="bottomRight"
      content={
        <Flex vertical gap={12}>
          {fields}
        </Flex>
      }
    >
      <Button aria-haspopup="dialog" className="tabular">
        {`${t('pedigree.as_of')}：${label}`}
      </Button>
    </Popover>
  )
}

function InstantField(props: {
  readonly name: keyof Instant
  readonly value: string | null
  readonly onChange: (value: string | null) => void
}) {
  const { t } = useTranslation()
  const id = useId()
  return (
    <div style={{ maxWidth: 300 }}>
      <label htmlFor={id}>{t(`pedigree.${props.name}`)}</label>
      <DatePicker
        id={id}
        showTime
        value={props.value === null ? null : pickerOf(props.value)}
        onChange={(picked) => props.onChange(picked === null ? null : instantOf(picked))}
        disabledDate={(day) => day.isAfter(pickerOf(Date.now()))}
        style={{ width: '100%' }}
      />
      <Typography.Text type="secondary">{t(`pedigree.${props.name}_help`)}</Typography.Text>
    </div>
  )
}

/** Says plainly that the page stands still. */
export function PastNotice() {
  const { t } = useTranslation()
  const [instant, setInstant] = useInstant()
  if (!isPast(instant)) return null
  const back = (
    <Button size="small" onClick={() => setInstant({ as_of: null, known_at: null })}>
      {t('pedigree.reset')}
    </Button>
  )
  return <Alert type="info" banner title={t('pedigree.past')} action={back} />
}
