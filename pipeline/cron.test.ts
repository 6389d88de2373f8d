// Cron expressions: what is read, and what is refused by field, value and example.
import { describe, expect, test } from 'vitest';
import { addDays } from '../core/calendar.ts';
import { isCronDate, parseCron } from './cron.ts';

const NONE: ReadonlySet<string> = new Set();

/** The dates of a month, as numbers of days. */
function datesOf(text: string, month: string, holidays = NONE): number[] {
  const cron = parseCron(text);
  const found: number[] = [];
  for (let date = `${month}-01`; date.startsWith(month); date = addDays(date, 1))
    if (isCronDate(cron, date, holidays)) found.push(Number(date.slice(8)));
  return found;
}

describe('the dates of', () => {
  test.each([
    ['0 7 * * mon', '2025-03', [3, 10, 17, 24, 31]],
    ['0 7 * * 0', '2025-03', [2, 9, 16, 23, 30]],
    ['0 7 * * 7', '2025-03', [2, 9, 16, 23, 30]],
    ['0 7 * * FRI-7', '2025-03', [1, 2, 7, 8, 9, 14, 15, 16, 21, 22, 23, 28, 29, 30]],
    ['0 7 1,15 * *', '2025-03', [1, 15]],
    ['0 7 */10 * *', '2025-03', [1, 11, 21, 31]],
    ['0 7 5-25/10 mar *', '2025-03', [5, 15, 25]],
    ['0 7 1 jan,apr-jun *', '2025-03', []],
    ['0 7 L * *', '2025-02', [28]],
    ['0 7 L * *', '2024-02', [29]],
    ['0 7 1,L * *', '2025-04', [1, 30]],
    ['0 7 LW * *', '2025-05', [30]],
    ['0 7 LW * *', '2025-08', [29]],
    ['0 7 LW * *', '2025-09', [30]],
    // Where both days are given, either is enough, as cron has always had it.
    ['0 7 13 * fri', '2025-06', [6, 13, 20, 27]],
    ['0 7 13 * fri', '2025-05', [2, 9, 13, 16, 23, 30]],
  ])('%s in %s are %j', (text, month, expected) => {
    expect(datesOf(text, month)).toEqual(expected);
  });

  test('the last business day are before the holidays at the end of the month', () => {
    const holidays = new Set(['2025-12-31', '2025-12-30']);
    expect(datesOf('0 18 LW * *', '2025-12', holidays)).toEqual([29]);
    expect(datesOf('0 18 LW * *', '2025-12')).toEqual([31]);
  });
});

test.each([
  ['', 'has no field and not five'],
  ['0 7 * *', 'has 4 fields and not five'],
  ['0 0 7 * * *', 'has 6 fields and not five'],
  ['@daily', 'has 1 fields and not five'],
  ['60 * * * *', 'has the minute "60", which is not from 0 to 59'],
  ['-1 * * * *', 'has the minute "-1", which is not'],
  ['0 24 * * *', 'has the hour "24", which is not from 0 to 23'],
  ['0 7 0 * *', 'has the day of the month "0", which is not from 1 to 31'],
  ['0 7 32 * *', 'has the day of the month "32"'],
  ['0 7 * 13 *', 'has the month "13", which is not from 1 to 12 or a name from jan to dec'],
  ['0 7 * janu *', 'has the month "janu"'],
  ['0 7 * * 8', 'has the day of the week "8"'],
  ['0 7 * * 1-2-3', 'has the day of the week "1-2-3"'],
  ['0 7 * * fri-mon', 'has the day of the week "fri-mon", which runs backwards'],
  ['0 7 LX * *', 'has the day of the month "lx"'],
  ['*/0 * * * *', 'has the minute "*/0", whose step does not fit its range'],
  ['*/90 * * * *', 'has the minute "*/90", whose step does not fit its range'],
  ['5/10 * * * *', 'has the minute "5/10", whose step does not fit its range'],
  ['*/x * * * *', 'has the minute "*/x", which cannot be read'],
  ['1,,2 * * * *', 'has the minute "", which cannot be read'],
  ['0 7 30 2 *', 'names a day that no month of it has'],
  ['0 7 31 apr,jun *', 'names a day that no month of it has'],
])('%j is refused: it %s', (text, problem) => {
  const refused = () => parseCron(text);
  expect(refused).toThrow(`the cron expression "${text}" ${problem}`);
  try {
    refused();
  } catch (error) {
    expect(error).toMatchObject({
      code: 'ERR_USAGE',
      details: { field: 'cron', value: text },
      fix: expect.stringMatching(/such as/),
    });
  }
});
