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

  it.each(['a', '1 ', 'a.a.a.', 'a://a://', 'password '])('is the start of 100,000 letters of %j', (letters) => {
    const text = letters.repeat(100_000 / letters.length)
    expect(withoutSecrets(text)).toBe(`${text.slice(0, 2_000)}…`)
  })

  it('has no password of an address behind a long word', () => {
    expect(withoutSecrets(`${'a'.repeat(1_000)}://vigil:word@host`)).toBe(`${'a'.repeat(1_000)}://…@host`)
  })
})
