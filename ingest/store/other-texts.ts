// Texts that left our number, but not from the outbox: Twilio's own replies to STOP and HELP, what a
// person sent from Twilio's console, an answer that went out twice. They cost, so they are booked;
// their words are not kept, and they belong to no task.
import { type Connection, query } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { estimateText } from '../texts/rates.ts';
import { countSegments } from '../texts/segments.ts';
import type { ListedMessage } from '../twilio/api.ts';
import { callingCode } from '../twilio/phone.ts';

/**
 * Books those of the listed texts that the books do not know, each once, and counts them. What
 * Twilio tells of their state and price is noted like that of any other text.
 */
export async function bookOtherTexts(
  connection: Connection,
  clientId: string,
  listed: readonly ListedMessage[],
  now: Date,
): Promise<number> {
  const sent = listed.filter(({ direction }) => direction === 'outbound').map(toRow);
  if (sent.length === 0) return 0;
  const columns = COLUMNS.map((column) => sent.map((row) => row[column]));
  const sql = loadSql('postgres/queries/insert_other_texts');
  return (await query(connection, sql, [clientId, now, ...columns])).length;
}

type OtherText = ReturnType<typeof toRow>;

/** In the order of insert_other_texts's parameters. */
const COLUMNS: readonly (keyof OtherText)[] = [
  ...(['messageSid', 'from', 'to', 'encoding', 'segments'] as const),
  ...(['currency', 'price', 'carrierFee', 'happenedAt'] as const),
];

function toRow({ messageSid, from, to, body, mediaCount, happenedAt, ...told }: ListedMessage) {
  const { encoding, segments } = countSegments(body);
  const estimate = estimateText({
    direction: 'outbound',
    callingCode: callingCode(to),
    segments: told.segments || segments,
    hasMedia: mediaCount > 0,
  });
  return { messageSid, from, to, encoding, segments, ...estimate, happenedAt };
}
