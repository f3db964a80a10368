/** What the storage port promises of sums kept over buckets. */
// biome-ignore lint/suspicious/noEmptyInterface: filled with the first sum
export interface SumStore {}
