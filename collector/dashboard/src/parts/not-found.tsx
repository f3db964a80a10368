/** An address that names no page. */
import { Result } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'

export function NotFound() {
  const { t } = useTranslation()
  return (
    <Result
      status="404"
      title={<h1>{t('not_found')}</h1>}
      extra={<Link href="/">{t('back')}</Link>}
    />
  )
}
