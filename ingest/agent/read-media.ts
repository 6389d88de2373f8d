// What comes with a text: pictures are fetched for the model to see, voice is written down, and what
// is neither is named.
import { isAppError } from '../../core/errors.ts';
import type { TwilioApi } from '../twilio/api.ts';
import type { InboundMedia } from '../twilio/inbound-fields.ts';
import type { Model, Transcription } from './model.ts';

export interface ReadMedia {
  images: { contentType: string; bytes: Buffer }[];
  transcriptions: Transcription[];
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
  model: Model;
  signal: AbortSignal;
  /** Told of each transcription, also if a later one fails. */
  onCall(spoken: Transcription): void;
  /** Told of one that failed; throws. */
  onFailure(error: unknown): never;
}

/** Fetches and reads the media of a text. Throws ModelError when a transcription fails. */
export async function readMedia(
  media: readonly InboundMedia[],
  { twilio, model, signal, onCall, onFailure }: MediaReader,
): Promise<ReadMedia> {
  const read: ReadMedia = { images: [], transcriptions: [], unreadable: [] };
  for (const { url, contentType: told } of media.slice(0, FILES_MAX)) {
    const type = plainType(told);
    const format = AUDIO[type];
    const bytes = format === undefined && !IMAGES.has(type) ? null : await fetchOrNull(twilio, url);
    if (bytes === null) read.unreadable.push(type);
    else if (format === undefined) read.images.push({ contentType: type, bytes });
    else {
      const audio = { contentType: type, bytes, fileName: `voice.${format}` };
      const spoken = await model.transcribe(audio, signal).catch(onFailure);
      read.transcriptions.push(spoken);
      onCall(spoken);
    }
  }
  return read;
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
