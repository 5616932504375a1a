import { ArenaFullError } from '#shared/memory/words'
import { InputFailed, InputRefused } from '#shared/wire/input-failure'
import { HeaderChanged } from './fed-input.ts'
import type { Failure } from './thread-messages.ts'

/** An error in a form that goes from thread to thread. */
export function failureOf(error: unknown): Failure {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  return { kind: kindOf(error), name, message, stack }
}

/** The error that one thread alone would have met. @param memoryBytesMax of all threads together */
export function errorOf({ kind, name, message, stack }: Failure, memoryBytesMax: number): Error {
  if (kind === 'arena-full') return new ArenaFullError(memoryBytesMax)
  if (kind === 'input-refused') return new InputRefused(message)
  if (kind === 'input-changed') {
    const cause = new Error('the file was changed after its header was read')
    return new InputFailed({ file: message, at: 'the header', cause })
  }
  const error = new Error(message)
  error.name = name
  if (stack !== undefined) error.stack = stack
  return error
}

function kindOf(error: unknown): Failure['kind'] {
  if (error instanceof ArenaFullError) return 'arena-full'
  if (error instanceof InputRefused) return 'input-refused'
  return error instanceof HeaderChanged ? 'input-changed' : 'other'
}
