/**
 * The dashboard's words, Chinese first. Every page has its own file of texts (`pages/…-text.ts`),
 * a namespace of that name; English has exactly the keys of Chinese, by its type.
 */
import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import { commonText } from './common.ts'

export const LANGUAGES = ['zh', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

const KEPT_AS = 'yiben.language'

/** Words of one page in both languages; `en` is checked against `zh` where it is written. */
export interface PageText {
  readonly zh: object
  readonly en: object
}

const TEXTS: Readonly<Record<string, PageText>> = { common: commonText }

export async function startTexts(): Promise<void> {
  const resources = Object.fromEntries(
    LANGUAGES.map((language) => [
      language,
      Object.fromEntries(Object.entries(TEXTS).map(([name, text]) => [name, text[language]])),
    ]),
  )
  await i18next.use(initReactI18next).init({
    resources,
    lng: keptLanguage(),
    fallbackLng: 'zh',
    defaultNS: 'common',
    interpolation: { escapeValue: false },
  })
  say(languageOf(i18next.language))
}

/** Registers the words of a page that is loaded when it is opened. */
export function addTexts(name: string, text: PageText): void {
  for (const language of LANGUAGES) {
    i18next.addResourceBundle(language, name, text[language], true, true)
  }
}

export async function setLanguage(language: Language): Promise<void> {
  localStorage.setItem(KEPT_AS, language)
  await i18next.changeLanguage(language)
  say(language)
}

export function languageOf(text: string): Language {
  return text.startsWith('en') ? 'en' : 'zh'
}

function keptLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('lang')
  return languageOf(asked ?? localStorage.getItem(KEPT_AS) ?? 'zh')
}

function say(language: Language): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
}
