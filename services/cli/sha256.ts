import { hash } from 'node:crypto'

/** SHA-256 of a text's UTF-8 bytes in hex, by the platform: several times faster than a pure one. */
export const sha256Hex = (text: string): string => hash('sha256', text, 'hex')
