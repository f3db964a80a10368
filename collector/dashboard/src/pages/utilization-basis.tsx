/** How time is counted: by P·h over all models, or by the card time of one. Kept in the address. */
import { Flex, Segmented, Select, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'wouter'

export function BasisPicker({
  model,
  models,
}: {
  readonly model: string | null
  readonly models: readonly string[]
}) {
  const { t } = useTranslation('utilization')
  const [, setSearch] = useSearchParams()
  const set = (next: string | null) =>
    setSearch((before) => {
      const after = new URLSearchParams(before)
      if (next === null) after.delete('model')
      else after.set('model', next)
      return after
    })
  return (
    <Flex wrap gap={8} align="center" className="no-print">
      <Segmented<'p' | 'cards'>
        aria-label={t('basis.label')}
        value={model === null ? 'p' : 'cards'}
        onChange={(kind) => set(kind === 'p' ? null : (models[0] ?? null))}
        options={[
          { value: 'p', label: t('basis.p') },
          { value: 'cards', label: t('basis.cards'), disabled: models.length === 0 },
        ]}
      />
      {model === null ? null : (
        <>
          <Select<string>
            aria-label={t('basis.model')}
            value={model}
            onChange={set}
            style={{ minWidth: 180 }}
            options={models.map((name) => ({ value: name, label: name }))}
          />
          <Typography.Text type="secondary">{t('basis.note')}</Typography.Text>
        </>
      )}
    </Flex>
  )
}
