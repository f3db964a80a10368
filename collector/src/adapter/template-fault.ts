/** What is wrong with a template, and where; becomes `config_invalid` in template.ts. */

export class TemplateFault extends Error {
  readonly place: string

  constructor(place: string, sentence: string) {
    super(sentence)
    this.place = place
  }
}

/** An unknown told as a figure would be taken for one that was measured. */
export function refuseFigure(place: string, unknown: string | null): void {
  if (unknown === null || !/^\s*[-+]?[\d.,]+\s*%?\s*$/.test(unknown)) return
  throw new TemplateFault(place, 'must not be a figure: what is not known was not measured')
}
