/**
 * 32-bit checksum of bytes [from, to): tells damage, not forgery. Any change within four aligned bytes is seen; others go unseen once
 * in 2^32. Four bytes a step, as a table of CRC-32 would cost as much as the rest of the encoding.
 * Source: Appleby, MurmurHash3 (x86, 32 bits), seed 0.
 */
export function checksum32(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0
  let i = from
  for (; i + 4 <= to; i += 4) {
    hash ^= mixed(bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24))
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let k = to - 1; k >= i; k--) tail = (tail << 8) | bytes[k]
  hash ^= mixed(tail) ^ (to - from)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function mixed(word: number): number {
  const product = Math.imul(word, 0xcc9e2d51)
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593)
}
