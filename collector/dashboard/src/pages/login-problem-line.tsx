/** What went wrong with a login, in words. */
import { Alert } from 'antd'
import { useTranslation } from 'react-i18next'
import { problemName } from './login-problem.ts'

/** Screen readers hear it at once. */
export function ProblemLine({ of }: { readonly of: unknown }) {
  const { t } = useTranslation('login')
  if (of === null) return null
  const detail = of instanceof Error ? of.message : String(of)
  return (
    <Alert
      type="error"
      showIcon
      style={{ marginBottom: 16 }}
      title={t(`problem.${problemName(of)}`, { detail })}
    />
  )
}
