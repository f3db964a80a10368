/** One definition as people read it: name, plain words and formula, in both languages. */
import { z } from 'zod'

const wordsSchema = z.object({
  name: z.string(),
  text: z.string(),
  formula: z
    .string()
    .nullable()
    .meta({ description: 'null where it is a rule, not a calculation' }),
})

export const definitionSchema = z.object({
  id: z.string(),
  version: z.string(),
  zh: wordsSchema,
  en: wordsSchema,
})

export type Definition = Readonly<z.infer<typeof definitionSchema>>
