import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** SHA-256 of the text's UTF-8 bytes, 64 hex digits. Pure, so that replays and browsers agree with the server. */
export const sha256Hex = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)))
