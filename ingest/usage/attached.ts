// What an application attached to its call by names of its own (metadata, properties, association
// properties): who called is taken out of it, the rest is kept as metadata.
import type { EventFields } from './event-fields.ts';
import { listOf, textOf } from './values/told-values.ts';

/** Keys of what an application attached that say who called; the first that is told counts. */
const ATTACHED: [field: keyof EventFields, keys: string[]][] = [
  ['user_id', ['user_id', 'userId']],
  ['conversation_id', ['conversation_id', 'conversationId', 'session_id', 'sessionId']],
  ['chatbot_id', ['chatbot_id', 'chatbotId']],
  ['phone', ['phone']],
];

/** Completes the fields from what was attached; what the fields tell already stands. */
export function addAttached(fields: EventFields, attached: Map<string, unknown>): void {
  const rest = new Map(attached);
  for (const [field, keys] of ATTACHED) {
    for (const key of keys) {
      const value = textOf(rest.get(key));
      if (value === undefined) continue;
      fields[field] ??= value;
      rest.delete(key);
    }
  }
  const tags = listOf(rest.get('tags'));
  if (tags !== undefined) {
    fields.tags ??= tags;
    rest.delete('tags');
  }
  if (rest.size > 0) fields.metadata = Object.fromEntries(rest);
}
