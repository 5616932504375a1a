import { describe, expect, it } from 'vitest'
import { withoutSecrets } from './without-secrets.ts'

describe('what a log may hold of a text', () => {
  it.each([
    ['connect nats://vigil:pa/ss@word@127.0.0.1:4222 refused', 'connect nats://…@127.0.0.1:4222 refused'],
    ['header Bearer abc.def-1 was refused', 'header … was refused'],
    ['key vk_Ab-9_x is not known', 'key … is not known'],
    ['password=hunter2, user=vigil', 'password=…, user=vigil'],
    ['card 4111 1111 1111 1111 declined', 'card … declined'],
    ['card 5500005555555559', 'card …'],
  ])('%s', (text, shown) => {
    expect(withoutSecrets(text)).toBe(shown)
  })

  it.each(['at 1732212345678 the log had 4111111111111112 records', 'partition 0 at 1:1041', 'nats://127.0.0.1:4222'])(
    'leaves %s as it is',
    (text) => {
      expect(withoutSecrets(text)).toBe(text)
    },
  )

  it('is bounded, and takes no longer for a hostile text', () => {
    expect(withoutSecrets('1 '.repeat(100_000)).length).toBeLessThan(9_000)
    expect(withoutSecrets(`a://${'a'.repeat(100_000)}`).length).toBeLessThan(9_000)
  })
})
