/** What the storage port promises of what sites state of themselves, and of codes issued elsewhere. */
// biome-ignore lint/suspicious/noEmptyInterface: filled with the first fact
export interface SiteFactsStore {}
