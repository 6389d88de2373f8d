// JSON of any depth without loss of its other items: what nests beyond the stack is cut off, at a
// place that is still too deep for the item that holds it to be taken. Pure.
import { DEPTH_MAX, parseExactJson } from './exact-json.ts';

/** More than any format's envelope around its items, which holds up to six levels. */
const ENVELOPE_DEPTH_MAX = 10;

/** Parses JSON exactly. Throws SyntaxError for what is no JSON, and nothing for what is deep. */
export function parseShallowJson(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return parseExactJson(cutDeepJson(text, DEPTH_MAX + ENVELOPE_DEPTH_MAX));
  }
}

/** Valid JSON text with null in place of every array and object from the given depth on. */
function cutDeepJson(text: string, depthMax: number): string {
  const kept: string[] = [];
  let depth = 0;
  let isText = false;
  let keptFrom = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isText && character === '\\') at += 1;
    else if (character === '"') isText = !isText;
    else if (isText) continue;
    else if (character === '[' || character === '{') {
      depth += 1;
      if (depth === depthMax) kept.push(text.slice(keptFrom, at), 'null');
    } else if (character === ']' || character === '}') {
      if (depth === depthMax) keptFrom = at + 1;
      depth -= 1;
    }
  }
  return [...kept, text.slice(keptFrom)].join('');
}
