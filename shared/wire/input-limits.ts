/** Bounds of reading files, beside those of rows in `domain/limits.ts`. */
export const inputLimits = {
  /**
   * How far an open quote of CSV may reach before it is taken for a slip. Fields with line ends are shorter; a longer reach would need
   * a larger buffer to go back in.
   */
  openQuoteBytesMax: 512 * 1024,
  /** One read of a file. Larger ones gain nothing; smaller ones cost a promise for fewer rows. */
  readBytes: 1024 * 1024,
  /** What zlib hands over at once. */
  inflateChunkBytes: 256 * 1024,
  /** A Parquet file is read from its end, so one that comes compressed or by a pipe has to be held as a whole. */
  parquetInMemoryBytesMax: 256 * 1024 * 1024,
  /** Uncompressed bytes of the needed columns of one row group, which is held as a whole. Writers stay below 128 MiB by default. */
  rowGroupBytesMax: 512 * 1024 * 1024,
} as const
