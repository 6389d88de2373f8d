// Pure: how a text travels as SMS, that is its encoding and the segments that are billed (3GPP TS
// 23.038 and 23.040). Neither changes a text nor cuts it.

export type SmsEncoding = 'GSM-7' | 'UCS-2';

export interface SegmentCount {
  encoding: SmsEncoding;
  /** Septets of GSM-7 or 16-bit units of UCS-2; a GSM-7 extension character counts two. */
  units: number;
  /** At least one: also a message without text, a picture alone, is billed as one. */
  segments: number;
}

const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ' +
  'ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const EXTENSION = '\f^{}\\[~]|€';
const GSM_UNITS = new Map([
  ...[...BASIC].map((character) => [character, 1] as const),
  ...[...EXTENSION].map((character) => [character, 2] as const),
]);

/** Units that fit a message of one segment, and each segment of a longer one. */
const CAPACITY = {
  'GSM-7': { alone: 160, joined: 153 },
  'UCS-2': { alone: 70, joined: 67 },
} as const;

/** No segment holds more UTF-16 code units than this, whatever the text. */
export const SEGMENT_LENGTH_MAX = CAPACITY['GSM-7'].alone;

/** Encoding, units and segments of a text as it is, without Twilio's smart encoding. */
export function countSegments(text: string): SegmentCount {
  const characters = [...text];
  const gsmUnits = characters.map((character) => GSM_UNITS.get(character));
  const encoding = gsmUnits.includes(undefined) ? 'UCS-2' : 'GSM-7';
  const sizes = characters.map((character, index) =>
    encoding === 'GSM-7' ? (gsmUnits[index] ?? 0) : character.length,
  );
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const { alone, joined } = CAPACITY[encoding];
  return { encoding, units, segments: units <= alone ? 1 : fillSegments(sizes, joined) };
}

/** A character of two units is never split, so a segment may end one unit early. */
function fillSegments(sizes: readonly number[], capacity: number): number {
  let segments = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > capacity) {
      segments += 1;
      used = 0;
    }
    used += size;
  }
  return segments;
}
