/**
 * A number in [0, 1) that depends on the seed, a name and a count alone, not on what was drawn before. So a run in which something is left
 * out keeps all its other draws, and what failed can be made smaller.
 */
export function draw(seed: number, name: string, count: number): number {
  let a = seed ^ 0x9e3779b9
  let b = Math.floor(seed / 2 ** 32) ^ Math.imul(count + 1, 0x85ebca6b)
  for (let i = 0; i < name.length; i++) {
    a = Math.imul(a ^ name.charCodeAt(i), 0x9e3779b1)
    a ^= a >>> 15
  }
  a = Math.imul(a ^ b, 0xcc9e2d51)
  b = Math.imul(b ^ (a >>> 16), 0x1b873593)
  a = Math.imul(a ^ (b >>> 13) ^ (b << 7), 0xc2b2ae35)
  return ((a ^ (a >>> 16) ^ b) >>> 0) / 2 ** 32
}
