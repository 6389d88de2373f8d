// What a report says, independent of how it is shown. Every format is made from one ReportContent,
// so no two of them can show different figures.
import type { PeriodKind } from '../core/calendar.ts';

/** How a value is written: the unit and with it the number format of a cell. */
export type FigureFormat =
  | 'money'
  | 'unit-price'
  | 'integer'
  | 'decimal'
  | 'percent'
  | 'points'
  /** In seconds. */
  | 'duration';

/** A figure: the exact value as decimal text (null: unknown) and the text that people read. */
export interface Figure {
  value: string | null;
  format: FigureFormat;
  text: string;
}

/** Whether a change is welcome; shown by colour, and never by colour alone. */
export type Tone = 'good' | 'bad' | 'neutral';

export interface KeyFigure {
  id: string;
  label: string;
  figure: Figure;
  previous: Figure;
  change: Figure;
  tone: Tone;
  /** The comparison in words, such as "$4.33 less than W10". */
  comparison: string;
  /** The last twelve periods, oldest first; null where there was nothing to divide. */
  history: (string | null)[];
}

export type BarState = 'past' | 'current' | 'open';

export interface Bar {
  label: string;
  figure: Figure;
  state: BarState;
  /** The same place in the period before, drawn pale behind. */
  behind?: Figure;
}

export interface BarChart {
  id: string;
  title: string;
  subtitle: string;
  bars: Bar[];
}

export interface StripItem {
  label: string;
  text: string;
}

/** A label with a quieter second part, such as a model and its provider. */
export interface Label {
  name: string;
  detail: string;
  /** The identifier as it was booked. */
  id: string;
}

export interface ChangeRow {
  label: Label;
  previous: Figure;
  current: Figure;
  change: Figure;
  tone: Tone;
  isTotal: boolean;
}

export interface ChangeTable {
  title: string;
  subtitle: string;
  previousName: string;
  currentName: string;
  rows: ChangeRow[];
}

export interface TableRow {
  label: Label;
  cells: Figure[];
  isTotal: boolean;
}

/** A table of the report; `rows` are for the page, `allRows` for the workbook. */
export interface Table {
  id: string;
  title: string;
  subtitle: string;
  labelHead: string;
  heads: string[];
  rows: TableRow[];
  allRows: TableRow[];
  /** Said in place of the rows where there are none. */
  empty: string;
}

export interface DailyRow {
  date: string;
  cells: Figure[];
}

/** Where the rows of the report are, and that none is missing. */
export interface Completeness {
  inPostgres: Figure;
  inWarehouse: Figure;
  inReport: Figure;
  difference: Figure;
  /** Amounts in other currencies than the client's: booked, shown, and never converted. */
  otherCurrencies: string[];
}

export interface ReportClient {
  id: string;
  name: string;
  timeZone: string;
  currency: string;
  locale: string;
}

export interface ReportPeriod {
  kind: PeriodKind;
  key: string;
  start: string;
  end: string;
  /** "Week 11". */
  name: string;
  /** "Week 11", "Tuesday, 18 March 2025": as in the head of the page. */
  title: string;
  /** "10–16 March 2025", "28 days", or nothing for a day. */
  range: string;
  /** "W10", as in "$4.33 less than W10". */
  previousName: string;
}

/** A figure with its change, without a history. */
export type Measure = Omit<KeyFigure, 'history'>;

/** What became of texts and what the answers cost; of a client with texts in or before the period. */
export interface SmsSection {
  /** What the texts are billed in; it need not be the client's. */
  currency: string;
  title: string;
  /** The message, a full sentence. */
  headline: string;
  summary: string;
  /** The first six are for the page's head, the others stand in a line beneath. */
  measures: Measure[];
  tables: Table[];
  notes: { lead: string; rest: string }[];
}

/** A figure that is another than when its period closed. */
export interface RestatedRow {
  period: string;
  label: string;
  previous: Figure;
  current: Figure;
  change: Figure;
  /** "3 late calls". */
  why: string;
}

export interface Restated {
  title: string;
  subtitle: string;
  rows: RestatedRow[];
}

export interface ReportContent {
  report: string;
  title: string;
  client: ReportClient;
  period: ReportPeriod;
  headline: string;
  lede: string;
  /** What the reader must know before any figure: that the data end early. Absent where they do not. */
  notice?: { lead: string; rest: string };
  keyFigures: KeyFigure[];
  weeks: BarChart;
  months: BarChart;
  days: BarChart;
  strip: StripItem[];
  changes: ChangeTable;
  attention: { lead: string; rest: string }[];
  tables: Table[];
  daily: { heads: string[]; rows: DailyRow[] };
  status: string;
  completeness: Completeness;
  definitions: { term: string; meaning: string }[];
  /** Absent where there were no texts. */
  sms?: SmsSection;
  /** Absent where nothing was restated. */
  restated?: Restated;
}

/** How and when the content came about; not part of its identity. */
export interface Provenance {
  runId: string;
  revision: number;
  /** The instant of the snapshot that the figures come from. */
  asOf: string;
  createdAt: string;
}

/** A content with its provenance: what is frozen in the archive and rendered. */
export interface Report {
  content: ReportContent;
  provenance: Provenance;
}

/** True for a revision that follows another because late data came. */
export function isRestated({ content, provenance }: Report): boolean {
  return provenance.revision > 1 && content.restated !== undefined;
}
