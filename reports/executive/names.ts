// What periods and models are called in a report.
import { addDays, daysBetween, type Period } from '../../core/calendar.ts';
import type { Label } from '../content.ts';
import { formatDate, formatDateRange } from '../format.ts';

const PROVIDER_NAMES: Record<string, string> = {
  anthropic: 'Anthropic',
  'aws-bedrock': 'Amazon Bedrock',
  cohere: 'Cohere',
  deepinfra: 'DeepInfra',
  deepseek: 'DeepSeek',
  fireworks: 'Fireworks',
  github: 'GitHub',
  google: 'Google',
  'google-vertex': 'Google Vertex',
  groq: 'Groq',
  lm_studio: 'LM Studio',
  mistral: 'Mistral',
  ollama: 'Ollama',
  openai: 'OpenAI',
  openrouter: 'OpenRouter',
};

/** "Week 11", "18 March 2025", "February 2025". */
export function periodName(period: Period): string {
  if (period.kind === 'day')
    return formatDate(period.start, { day: 'numeric', month: 'long', year: 'numeric' });
  if (period.kind === 'month') return formatDate(period.start, { month: 'long', year: 'numeric' });
  const number = /-W0?(\d+)$/.exec(period.key)?.[1];
  return number === undefined
    ? `Week of ${formatDate(period.start, { day: 'numeric', month: 'long' })}`
    : `Week ${number}`;
}

/** "W10", "17 Mar", "Jan": for a column head or "than W10". */
export function periodShortName(period: Period): string {
  if (period.kind === 'month') return formatDate(period.start, { month: 'short' });
  if (period.kind === 'week' && period.key.includes('-W')) return period.key.slice(5);
  return formatDate(period.start, { day: 'numeric', month: 'short' });
}

/** "Week 11", "Tuesday, 18 March 2025", "February 2025". */
export function periodTitle(period: Period): string {
  if (period.kind !== 'day') return periodName(period);
  return `${formatDate(period.start, { weekday: 'long' })}, ${periodName(period)}`;
}

/** What the title leaves open: "10–16 March 2025", "28 days"; nothing for a day. */
export function periodRange(period: Period): string {
  if (period.kind === 'day') return '';
  if (period.kind === 'month') return `${daysBetween(period.start, period.end)} days`;
  return formatDateRange(period.start, addDays(period.end, -1));
}

/** A provider's name as it writes itself, else as it was booked. */
export function providerName(id: string): string {
  return PROVIDER_NAMES[id] ?? id;
}

/**
 * Short names for models: the part after the last slash and the provider beside it. Where two
 * models would read the same, those with a longer identifier keep it whole.
 */
export function modelLabels(models: { provider: string; model: string }[]): Map<string, Label> {
  const shortOf = ({ provider, model }: { provider: string; model: string }) => {
    const name = model.slice(model.lastIndexOf('/') + 1);
    return { name: name === '' ? model : name, detail: providerName(provider) };
  };
  const seen = new Map<string, number>();
  for (const model of models) {
    const { name, detail } = shortOf(model);
    seen.set(`${name}\n${detail}`, (seen.get(`${name}\n${detail}`) ?? 0) + 1);
  }
  return new Map(
    models.map((model) => {
      const { name, detail } = shortOf(model);
      const isUnique = seen.get(`${name}\n${detail}`) === 1 || name === model.model;
      return [modelKey(model), { name: isUnique ? name : model.model, detail, id: model.model }];
    }),
  );
}

/** One key for a provider's model. */
export function modelKey({ provider, model }: { provider: string; model: string }): string {
  return JSON.stringify([provider, model]);
}
