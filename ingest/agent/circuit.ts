// Which of our numbers may not send, because of the account and not of a text: nothing is sent from them
// for a while, then one text tries for all. Held by each process for itself.

/** By number: until when it rests, and whether a text is trying. */
export type Circuit = Map<string, { until: number; isTried: boolean }>;

/** How long a number rests after each refusal. */
export const REST_MS = 5 * 60_000;

/** The numbers that nothing is taken for now. */
export function restingNumbers(circuit: Circuit, now: Date): string[] {
  return [...circuit]
    .filter(([, { until, isTried }]) => isTried || now.getTime() < until)
    .map(([number]) => number);
}

/** A text of the number is on its way: where the number rested, it tries for all. */
export function beginTry(circuit: Circuit, number: string): void {
  const fault = circuit.get(number);
  if (fault !== undefined) fault.isTried = true;
}

/** The try is over; the number is free again if it was sent. */
export function endTry(circuit: Circuit, number: string, isSent: boolean): void {
  const fault = circuit.get(number);
  if (fault?.isTried && isSent) circuit.delete(number);
  else if (fault !== undefined) fault.isTried = false;
}

/** The number may not send. True where that is news. */
export function rest(circuit: Circuit, number: string, now: Date): boolean {
  const known = circuit.get(number);
  circuit.set(number, { until: now.getTime() + REST_MS, isTried: known?.isTried ?? false });
  return known === undefined;
}
