// What comes with a text: pictures are fetched for the model to see, voice is written down, and what
// is neither is named.
import { isAppError } from '../../core/errors.ts';
import type { Transcripts } from '../store/tasks.ts';
import type { TwilioApi } from '../twilio/api.ts';
import type { InboundMedia } from '../twilio/inbound-fields.ts';
import type { Audio } from './model.ts';

export interface ReadMedia {
  images: { contentType: string; bytes: Buffer }[];
  /** What was said, recording by recording. */
  said: string[];
  /** Content types of what cannot be read. */
  unreadable: string[];
}

const BYTES_MAX = 5 * 1024 * 1024;
const FILES_MAX = 10;
const IMAGES = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif']);
/** What Whisper takes, by the name that it knows the format by. */
const AUDIO: Record<string, string> = {
  'audio/mpeg': 'mp3',
  'audio/mp3': 'mp3',
  'audio/mp4': 'mp4',
  'audio/m4a': 'm4a',
  'audio/x-m4a': 'm4a',
  'audio/wav': 'wav',
  'audio/x-wav': 'wav',
  'audio/vnd.wave': 'wav',
  'audio/webm': 'webm',
  'audio/ogg': 'ogg',
  'audio/flac': 'flac',
};

export interface MediaReader {
  twilio: Pick<TwilioApi, 'fetchMedia'>;
  /** What an earlier try wrote down; what this one does is added. */
  heard: Transcripts;
  /** The words of a recording, in the form in which they may be kept. */
  hear(audio: Audio): Promise<string>;
}

/** The most that the files of a text may take of the memory. */
export function mostBytesOf(media: readonly InboundMedia[], heard: Transcripts): number {
  const isToFetch = ({ contentType }: InboundMedia, place: number) =>
    heard[place] === undefined && isReadable(plainType(contentType));
  return media.slice(0, FILES_MAX).filter(isToFetch).length * BYTES_MAX;
}

/** Fetches and reads the media of a text. Throws what `hear` throws. */
export async function readMedia(
  media: readonly InboundMedia[],
  { twilio, heard, hear }: MediaReader,
): Promise<ReadMedia> {
  const read: ReadMedia = { images: [], said: [], unreadable: [] };
  for (const [place, { url, contentType: told }] of media.slice(0, FILES_MAX).entries()) {
    const type = plainType(told);
    const known = heard[place];
    const isWanted = known === undefined && isReadable(type);
    const bytes = isWanted ? await fetchOrNull(twilio, url) : null;
    const format = AUDIO[type];
    if (known !== undefined) read.said.push(known);
    else if (bytes === null) read.unreadable.push(type);
    else if (format === undefined) read.images.push({ contentType: type, bytes });
    else {
      const said = await hear({ contentType: type, bytes, fileName: `voice.${format}` });
      heard[place] = said;
      read.said.push(said);
    }
  }
  return read;
}

function isReadable(type: string): boolean {
  return IMAGES.has(type) || AUDIO[type] !== undefined;
}

/** Null for a file that may not be fetched: too large, or elsewhere than at Twilio. */
async function fetchOrNull(
  twilio: Pick<TwilioApi, 'fetchMedia'>,
  url: string,
): Promise<Buffer | null> {
  try {
    return (await twilio.fetchMedia(url, BYTES_MAX)).bytes;
  } catch (error) {
    const isFinal = isAppError(error, 'ERR_MEDIA') && error.details.isTransient !== true;
    if (isFinal) return null;
    throw error;
  }
}

function plainType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}
