import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { missing } from './missing.ts'

/** Reference data lives beside the checkout, as it is too large for it. */
const sharedFolder = join(import.meta.dirname, '..', '..', '..', 'shared')

/** The path of a file or folder of the reference data, whether it exists or not. */
export function sharedPath(...parts: ReadonlyArray<string>): string {
  return join(sharedFolder, ...parts)
}

/** True if the reference data is there; with `parts`, if that file or folder of it is. */
export function sharedAvailable(...parts: ReadonlyArray<string>): boolean {
  return existsSync(sharedPath(...parts))
}

/**
 * True if this part of the reference data is absent, in which case that is recorded too:
 * `describe.skipIf(sharedMissing('reference vectors', 'vectors', 'cep'))('reference vectors', ...)`.
 */
export function sharedMissing(suite: string, ...parts: ReadonlyArray<string>): boolean {
  if (sharedAvailable(...parts)) return false
  missing(suite, `no ${['..', 'shared', ...parts].join('/')} beside the checkout`)
  return true
}
