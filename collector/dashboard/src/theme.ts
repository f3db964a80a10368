/** Colours, light and dark: one for each state of time everywhere, told apart without red and green. */
import { type ThemeConfig, theme } from 'antd'
import { useSyncExternalStore } from 'react'
import { flushSync } from 'react-dom'
import type { StateName } from './states.ts'

export type Shade = 'light' | 'dark'

/** 3:1 and more against the card they stand on. */
export const STATE_COLORS: Readonly<Record<Shade, Readonly<Record<StateName, string>>>> = {
  light: {
    busy: '#1d66a8',
    lent: '#7d4cb3',
    allocated: '#5b84a6',
    occupied: '#a8761c',
    free: '#1f8a63',
    faulty: '#b8383b',
    unknown: '#7b858d',
  },
  dark: {
    busy: '#4f9be0',
    lent: '#a983dc',
    allocated: '#86a9c7',
    occupied: '#d3a34a',
    free: '#45b98c',
    faulty: '#e0696b',
    unknown: '#8f9aa3',
  },
}

/** Quiet texts that are still read easily: 4.5:1 and more. */
const LIGHT_TOKENS = {
  colorTextPlaceholder: '#6a737b',
  colorTextDescription: '#59636b',
  colorTextTertiary: '#59636b',
  colorError: '#c92a2e',
} as const

const BRAND = { light: '#0b5c8e', dark: '#4aa3d8' } as const

export function themeOf(shade: Shade): ThemeConfig {
  return {
    algorithm: shade === 'dark' ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      colorPrimary: BRAND[shade],
      colorLink: BRAND[shade],
      borderRadius: 6,
      fontFamily: 'inherit',
      ...(shade === 'light'
        ? LIGHT_TOKENS
        : {
            colorError: '#ff7073',
            colorTextDescription: '#98a3ab',
            colorTextPlaceholder: '#98a3ab',
          }),
    },
    components: {
      Layout: {
        headerBg: shade === 'dark' ? '#151c22' : '#ffffff',
        bodyBg: shade === 'dark' ? '#0f1418' : '#f4f6f8',
        headerPadding: '0 20px',
      },
      Menu: { itemBg: 'transparent' },
      Table: { cellPaddingBlock: 8 },
      // 4.5:1 and more on their own colour, which is lighter where the page is dark.
      Button: shade === 'dark' ? { primaryColor: '#06121b', dangerColor: '#1c0404' } : {},
    },
  }
}

const KEPT_AS = 'yiben.shade'
const listeners = new Set<() => void>()
let shade: Shade = keptShade()

/** As chosen here, else as the system has it. */
export function useShade(): readonly [Shade, (next: Shade) => void] {
  return [
    useSyncExternalStore(
      (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      () => shade,
    ),
    setShade,
  ]
}

function setShade(next: Shade): void {
  localStorage.setItem(KEPT_AS, next)
  show(next)
}

function show(next: Shade): void {
  shade = next
  document.documentElement.dataset.shade = next
  for (const listener of listeners) listener()
}

/** Told when the page stands as it is to be printed, its colours changed. */
export const PAPER_EVENT = 'yiben-paper'

/** Paper is white, whatever the screen is. The page stands in light colours when it is printed. */
export function printInLight(): void {
  let before: Shade = shade
  window.addEventListener('beforeprint', () => {
    before = shade
    flushSync(() => show('light'))
    window.dispatchEvent(new Event(PAPER_EVENT))
  })
  window.addEventListener('afterprint', () => show(before))
}

function keptShade(): Shade {
  const asked = new URLSearchParams(location.search).get('theme') ?? localStorage.getItem(KEPT_AS)
  const isDark =
    asked === null ? matchMedia('(prefers-color-scheme: dark)').matches : asked === 'dark'
  const kept = isDark ? 'dark' : 'light'
  document.documentElement.dataset.shade = kept
  return kept
}
