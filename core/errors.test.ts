// Rules of how an error is told to a person at a terminal.
import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { AppError, describeError } from './errors.ts';

test('an error is its message, what caused it, and what to do', () => {
  const cause = new Error('the disk is full');
  const error = new AppError('ERR_ARCHIVE', 'nothing was kept', { cause, fix: 'make room' });
  expect(describeError(error)).toBe('nothing was kept\n  cause: the disk is full\n  do: make room');
});

test('a cause that the message repeats is said once', () => {
  const cause = new Error('listen EADDRINUSE: address already in use 127.0.0.1:80');
  const error = new AppError('ERR_CONFIG', `cannot listen: ${cause.message}`, { cause });
  expect(describeError(error)).toBe(error.message);
});

test('that a named file is not there is said once', async () => {
  const cause: unknown = await stat('no/such.file').catch((error: unknown) => error);
  const told = (message: string) => describeError(new AppError('ERR_INPUT', message, { cause }));
  expect(told('there is no file no/such.file')).toBe('there is no file no/such.file');
  expect(told('the list cannot be read')).toContain('cause: ENOENT');
});
