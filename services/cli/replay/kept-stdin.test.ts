import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { KeptStdin } from './kept-stdin.ts'

const stdinOf = (...chunks: readonly string[]): KeptStdin =>
  new KeptStdin(Readable.from(chunks.map((chunk) => Buffer.from(chunk))))

async function textOf(stdin: KeptStdin): Promise<string> {
  let text = ''
  for await (const chunk of stdin) text += Buffer.from(chunk).toString()
  return text
}

it('can be read again from the beginning after a look at it', async () => {
  const stdin = stdinOf('ab', 'cd', 'ef')
  const header = stdin[Symbol.asyncIterator]()
  await header.next()
  expect(await stdin.peek(3)).toBe(4)
  stdin.stopKeeping()
  expect(await textOf(stdin)).toBe('abcdef')
})

it('goes on where it was begun', async () => {
  const stdin = stdinOf('ab', 'cd', 'ef')
  const chunks = stdin[Symbol.asyncIterator]()
  await chunks.next()
  expect(await stdin.peek(100)).toBe(6)
  stdin.stopKeeping()
  let text = ''
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
    text += Buffer.from(next.value).toString()
  expect(text).toBe('cdef')
})

it('says when it cannot be begun again', async () => {
  const stdin = stdinOf('ab', 'cd')
  stdin.stopKeeping()
  expect(await stdin.peek(3)).toBeUndefined()
  expect(await textOf(stdin)).toBe('abcd')
})
