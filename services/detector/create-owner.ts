import type { OwnerOptions } from '#shared/protocol/owner-options'
import { PartitionOwner } from '#shared/protocol/partition-owner'
import { sha256Hex } from '../cli/sha256.ts'
import { OutboxWriter } from './outbox-entry.ts'
import { relaxedCodec } from './relaxed-codec.ts'

/** What all owners of a service have in common: data, so that it can go to another thread. */
export type OwnerSettings = Pick<
  OwnerOptions,
  'name' | 'ruleFiles' | 'newHashKey' | 'latenessMs' | 'tenant' | 'memoryBytesMax' | 'hasSnapshots'
>

export const createOwner = (partition: number, settings: OwnerSettings): PartitionOwner =>
  new PartitionOwner({
    ...settings,
    partition,
    sha256Hex,
    clock: () => performance.now(),
    decoderOf: relaxedCodec,
    entries: new OutboxWriter(),
  })
