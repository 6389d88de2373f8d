// One JSON line per fact, on standard error. Callers pass identifiers and counts, never message
// bodies, tokens or connection strings.

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof LEVELS)[number];
export type LogFields = Record<string, unknown>;

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export interface LogOptions {
  level: LogLevel;
  now?: () => Date;
  write?: (line: string) => void;
}

/** Makes a logger; `event` is noun.verb_past, such as `report.archived`. */
export function createLog({
  level,
  now = () => new Date(),
  write = writeToStderr,
}: LogOptions): Log {
  const emit = (at: LogLevel, event: string, fields: LogFields) => {
    if (LEVELS.indexOf(at) < LEVELS.indexOf(level)) return;
    write(`${JSON.stringify({ at: now().toISOString(), level: at, event, ...fields })}\n`);
  };
  return {
    debug: (event, fields = {}) => emit('debug', event, fields),
    info: (event, fields = {}) => emit('info', event, fields),
    warn: (event, fields = {}) => emit('warn', event, fields),
    error: (event, fields = {}) => emit('error', event, fields),
  };
}

function writeToStderr(line: string): void {
  process.stderr.write(line);
}
