/**
 * A keyed 52-bit hash of a text, for distinct counts: equal texts give equal numbers.
 * The chance that n different texts in one window count too few is about n² ∕ 2^53: below one in a billion for 1,000 texts, one in
 * 700,000 for 100,000. The key is part of the rule set's record, so no sender can prepare texts that collide.
 */
export function hash52(text: string, key: number): number {
  let a = 0xdeadbeef ^ key
  let b = 0x41c6ce57 ^ Math.imul(key, 0x9e3779b1)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x9e3779b1)
    b = Math.imul(b ^ unit, 0x5f356495)
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  return (b & 0xfffff) * 2 ** 32 + (a >>> 0)
}
