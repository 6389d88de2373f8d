// Cuts a stream of CSV into files of whole rows, each done before the next begins. Knows quotes, for a
// quoted field may hold line ends; reads nothing else of the rows.
import { open } from 'node:fs/promises';

const QUOTE = 0x22;
const LINE_END = 0x0a;

/** Writes the chunks to files of about `bytesMax` and yields the path of each that is whole. */
export async function* writeParts(
  chunks: AsyncIterable<Buffer>,
  nextPath: () => string,
  bytesMax: number,
): AsyncGenerator<string> {
  let path = nextPath();
  let file = await open(path, 'w');
  let bytes = 0;
  let isQuoted = false;
  try {
    for await (const chunk of chunks) {
      let start = 0;
      const end = bytes + chunk.length > bytesMax ? endOfRow(chunk, isQuoted) : 0;
      if (end > 0) {
        await file.write(chunk, 0, end);
        await file.close();
        yield path;
        path = nextPath();
        file = await open(path, 'w');
        bytes = 0;
        start = end;
      }
      await file.write(chunk, start);
      bytes += chunk.length - start;
      if (hasOddQuotes(chunk)) isQuoted = !isQuoted;
    }
  } finally {
    await file.close();
  }
  if (bytes > 0) yield path;
}

/** The index after the first line end outside quotes, or 0 where there is none. */
function endOfRow(chunk: Buffer, isQuotedBefore: boolean): number {
  let isQuoted = isQuotedBefore;
  for (let index = 0; index < chunk.length; index += 1) {
    if (chunk[index] === QUOTE) isQuoted = !isQuoted;
    else if (chunk[index] === LINE_END && !isQuoted) return index + 1;
  }
  return 0;
}

/** A doubled quote inside a field counts twice, which changes nothing. */
function hasOddQuotes(chunk: Buffer): boolean {
  let isOdd = false;
  for (let at = chunk.indexOf(QUOTE); at >= 0; at = chunk.indexOf(QUOTE, at + 1)) isOdd = !isOdd;
  return isOdd;
}
