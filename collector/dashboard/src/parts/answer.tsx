/** What stands where an answer will stand: reading, refused, failed, empty; or the answer. */
import { Button, Empty, Result, Skeleton } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Problem } from '../api/client.ts'

/** Of a single answer or of one in pages. */
interface Asked<Data> {
  readonly data: Data | undefined
  readonly error: Error | null
  readonly refetch: () => Promise<unknown>
}

export interface AnswerProps<Data> {
  readonly of: Asked<Data>
  readonly isEmpty?: (data: Data) => boolean
  /** Rows of the skeleton: about as high as the answer. */
  readonly rows?: number
  readonly children: (data: Data) => ReactNode
}

export function Answer<Data>({ of, isEmpty, rows = 4, children }: AnswerProps<Data>) {
  const { t } = useTranslation()
  if (of.data !== undefined) {
    return isEmpty?.(of.data) === true ? <Empty description={t('empty')} /> : children(of.data)
  }
  if (of.error !== null) return <Failed error={of.error} onRetry={() => void of.refetch()} />
  return (
    <div role="status" aria-live="polite">
      <span className="visually-hidden">{t('loading')}</span>
      <Skeleton active paragraph={{ rows }} />
    </div>
  )
}

function Failed({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  const { t } = useTranslation()
  const isRefused = error instanceof Problem && error.status === 403
  const title = isRefused ? t('not_allowed') : t('failed')
  const code = error instanceof Problem ? `${error.code}: ` : ''
  return (
    <Result
      status={isRefused ? '403' : 'warning'}
      title={title}
      subTitle={isRefused ? undefined : `${code}${error.message}`}
      extra={isRefused ? undefined : <Button onClick={onRetry}>{t('retry')}</Button>}
    />
  )
}
