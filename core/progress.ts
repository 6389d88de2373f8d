// Says how far a long step is: a bar on a terminal, plain lines elsewhere (logs, CI).

export interface Output {
  isTTY?: boolean;
  write(text: string): unknown;
}

export interface Step {
  /** Moves the bar to `done` of the step's total. */
  advance(done: number): void;
  /** Ends the step with a remark and the time it took. */
  finish(remark?: string): void;
}

const BAR_WIDTH = 24;

/** Starts a step; without a total there is no bar, only its beginning and end. */
export function startStep(output: Output, label: string, total = 0): Step {
  const started = performance.now();
  const shown = label.padEnd(30);
  let lastQuarter = 0;
  const draw = (done: number) => {
    const filled = Math.round((Math.min(done, total) / Math.max(1, total)) * BAR_WIDTH);
    output.write(
      `\r  ${shown} ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${done}/${total}`,
    );
  };
  const clear = () => output.write(`\r${' '.repeat(shown.length + BAR_WIDTH + 24)}\r`);
  if (output.isTTY) output.write(`  ${shown}`);
  return {
    advance: (done) => {
      if (output.isTTY && total > 0) return draw(done);
      // A quarter is often enough for a log; each line is for good.
      const quarter = Math.floor((done / Math.max(1, total)) * 4);
      if (!output.isTTY && total > 0 && quarter > lastQuarter && quarter < 4) {
        lastQuarter = quarter;
        output.write(`  ${shown} ${done}/${total}\n`);
      }
    },
    finish: (remark = 'done') => {
      if (output.isTTY) clear();
      output.write(`  ${shown} ${remark} (${seconds(performance.now() - started)})\n`);
    },
  };
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
