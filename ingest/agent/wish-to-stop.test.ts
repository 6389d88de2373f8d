// Free-text wishes to be left alone, against texts that only hold the same words.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { wishesToStop } from './wish-to-stop.ts';

test.each([
  'STOP 12345',
  'please stop',
  'Stop texting me',
  'STOP SENDING ME THIS',
  'stop the messages now',
  "Please don't text me anymore.",
  'Don’t contact me again',
  'do not ever call this number again',
  'I want to unsubscribe',
  'unsubscribe me',
  'Take me off your list!',
  'remove me from this list',
  'No more texts please',
  'Lose my number',
  'leave me alone',
  'opt me out',
  'No me escriban más',
  'dejen de enviarme mensajes',
  "Arrêtez de m'envoyer des messages",
  'Ne m’écrivez plus',
  'Keine SMS mehr!',
  'Hören Sie auf mir zu schreiben',
  'Pare de me enviar mensagens',
  'Smettetela di scrivermi',
])('%j is a wish', (text) => {
  expect(wishesToStop(text)).toBe(true);
});

test.each([
  '',
  'Where is the bus stop?',
  'How do I stop a docker container?',
  'My nose does not stop bleeding',
  'when does the shop stop selling bread',
  'How do I cancel my Netflix subscription?',
  "Don't call it a comeback",
  'write me a message for my mom',
  'Take me off-road driving tips',
  'How to unsubscribe from a mailing list in Python',
  'What does opt out mean?',
])('%j is none', (text) => {
  expect(wishesToStop(text)).toBe(false);
});

test('of 3,600 real texts between friends and from advertisers, few are flagged', () => {
  const file = new URL('../../test/uci-sms/messages.tsv.gz', import.meta.url);
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
  const texts = lines.map((line) => line.slice(line.indexOf('\t') + 1));
  const flagged = texts.filter(wishesToStop);
  expect(flagged.some((text) => text.startsWith("Please don't text me anymore."))).toBe(true);
  expect(flagged.length).toBeLessThanOrEqual(5);
});
