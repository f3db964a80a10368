/** The other language and the other shade, one press away. */
import { Button } from 'antd'
import { useTranslation } from 'react-i18next'
import { languageOf, setLanguage } from '../text/index.ts'
import { useShade } from '../theme.ts'

export function Switches() {
  const { t, i18n } = useTranslation()
  const [shade, setShade] = useShade()
  const other = languageOf(i18n.language) === 'zh' ? 'en' : 'zh'
  const otherShade = shade === 'dark' ? 'light' : 'dark'
  return (
    <>
      <Button size="small" onClick={() => void setLanguage(other)} lang={other}>
        {t('language')}
      </Button>
      <Button size="small" title={t('theme.switch')} onClick={() => setShade(otherShade)}>
        {t(`theme.${otherShade}`)}
      </Button>
    </>
  )
}
