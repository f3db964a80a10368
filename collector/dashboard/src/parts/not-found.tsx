/** An address that names no page. */
import { Result } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'

export function NotFound() {
  const { t } = useTranslation()
  return <Result status="404" title={t('not_found')} extra={<Link href="/">{t('back')}</Link>} />
}
