/** The seven states of time in the order in which every picture and table shows them. */
export const STATES = [
  'busy',
  'lent',
  'allocated',
  'occupied',
  'free',
  'faulty',
  'unknown',
] as const
export type StateName = (typeof STATES)[number]
