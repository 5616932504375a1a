import { isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SnapshotPlace } from '#shared/store/snapshot-place'
import { FolderSnapshotPlace } from '#shared/store/snapshot-place-folder'
import { S3SnapshotPlace, s3Address } from '#shared/store/snapshot-place-s3'
import { FoundErrors } from '../failure.ts'
import { Unfit } from './setting.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** What is written for the folder `snapshots` of the data folder. */
export const embeddedSnapshots = 'file:'
/** What is written for none. */
const noSnapshots = 'none'

/** Reads where snapshots go; what the text means is told by `openSnapshots`. */
export function readSnapshotAddress(text: string): string | Unfit {
  const remedy = `write a folder, file:///PATH, s3://BUCKET/PREFIX?endpoint=URL&region=NAME, or ${noSnapshots}`
  try {
    if (text.startsWith('s3:')) s3Address(text, {})
    else if (text.startsWith('file://')) fileURLToPath(text)
    else if (text === '' || (/^[a-z][a-z0-9+.-]*:/i.test(text) && text !== embeddedSnapshots))
      return new Unfit('not a place for snapshots', remedy)
    return text
  } catch (error) {
    return new Unfit(error instanceof Error ? error.message : String(error), remedy)
  }
}

/** @returns undefined: there are none. Throws FoundErrors where credentials are missing. */
export function openSnapshots(text: string, dataDir: string, environment: Environment): SnapshotPlace | undefined {
  if (text === noSnapshots) return undefined
  if (text === embeddedSnapshots) return new FolderSnapshotPlace(join(dataDir, 'snapshots'))
  if (text.startsWith('file://')) return new FolderSnapshotPlace(fileURLToPath(text))
  if (!text.startsWith('s3:')) return new FolderSnapshotPlace(isAbsolute(text) ? text : join(process.cwd(), text))
  try {
    return new S3SnapshotPlace(s3Address(text, environment), environment)
  } catch (error) {
    throw new FoundErrors(`VIGIL_SNAPSHOTS: ${error instanceof Error ? error.message : String(error)}`)
  }
}
