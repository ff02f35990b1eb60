// What the routes take and give: the twin of src/discover/app/contract.py. Times are milliseconds (time.ts).
export type Ms = number;
export type Point = [number, number];

export interface Span {
  begin: Ms;
  end: Ms;
}

export interface Job {
  id: string;
  home: string;
  what: string;
  state: "waiting" | "working" | "ready" | "failed";
  title: string;
  done: number;
  total: number | null;
  note: string;
  error: string;
}

export interface HomeLine {
  id: string;
  name: string;
  title: string;
  source: string;
  trained: boolean;
  state: Job["state"];
  error: string;
}

export interface AppFacts {
  version: string;
  writable: boolean;
  uploads: boolean;
  max_upload_bytes: number;
  homes: HomeLine[];
}

export interface Room {
  room: string;
  name: string;
  x: number;
  y: number;
  outline: Point[];
  events: number;
}

export interface SensorFacts {
  sensor: string;
  type: string;
  room: string;
  object: string | null;
  x: number | null;
  y: number | null;
  placed: boolean;
  events: number;
  is_activity: boolean;
}

export interface HomeFacts {
  id: string;
  name: string;
  title: string;
  source: string;
  trained: boolean;
  time_zone: string;
  residents: number;
  span: Span;
  holes: Span[];
  events: number;
  windows: number;
  plan: "known" | "drawn" | "graph";
  plan_aspect: number;
  rooms: Room[];
  edges: { a: string; b: string; count: number }[];
  sensors: SensorFacts[];
  states: string[];
  activities: string[];
  notes: string[];
  rows_by: string[];
}

export interface Chip {
  id: string;
  words: string;
  meaning: string;
  kind: string;
  active: boolean;
}

export interface Hit {
  rank: number;
  row: number;
  window: string;
  begin: Ms;
  end: Ms;
  score: number;
  met: number;
  why: { chip: string; met: number }[];
  captions: string[];
  rooms: string[];
  objects: string[];
  lines: string[];
  split: string;
  activity: string;
  unit: "window" | "windows" | "episode";
  reason: string;
}

export interface Hits {
  query: string;
  how: string;
  compared: string;
  note: string;
  ranked_by_words: boolean;
  chips: Chip[];
  hits: Hit[];
  windows: number;
  took_ms: number;
}

/** `Answered` of the server: what a question of how often, how long or when is answered with. */
export interface Reply {
  asks: string;
  understood: string[];
  said: string;
  refusal: string;
  read_from: string[];
  notes: string[];
  moments: { begin: Ms; end: Ms }[];
}

export interface MomentEvent {
  t: Ms;
  sensor: number;
  state: string;
  value: number | null;
  kind: "begin" | "end" | "reading";
  person: boolean;
  row: number;
}

export interface Stay {
  room: string;
  begin: Ms;
  end: Ms;
  events: number;
}

export interface Moment {
  begin: Ms;
  end: Ms;
  row: number | null;
  rows: number[];
  events: MomentEvent[];
  total: number;
  path: Stay[];
  lines: string[];
  captions: string[];
  activities: string[];
}

export interface Day {
  day: string;
  begin: Ms;
  events: number;
  windows: number;
  first: Ms | null;
  last: Ms | null;
  rise: Ms | null;
  rest: Ms | null;
  hours: Record<string, number>;
}

export interface Cluster {
  id: number;
  title: string;
  sentence: string;
  windows: number;
  share: number;
  when: string;
  hours: number[];
  examples: number[];
}

export interface Clusters {
  available: boolean;
  reason: string;
  name: string;
  clusters: Cluster[];
}

export interface Change {
  thing: string;
  measure: string;
  found: boolean;
  direction: string;
  words: string;
  baseline: number;
  period: number;
  difference: number;
  low: number;
  high: number;
  q_value: number;
}

export interface Changes {
  baseline: string;
  period: string;
  by: string;
  baseline_days: number;
  period_days: number;
  changes: Change[];
  note: string;
}

export interface TypicalDay {
  by: string;
  bins: number;
  days: number;
  rows: { thing: string; share: number[] }[];
}

export interface UnusualDays {
  available: boolean;
  reason: string;
  days: { day: string; score: number; stays: boolean; reasons: string[] }[];
}

export interface Correction {
  id: string;
  made: string;
  kind: "activity" | "name";
  text: string;
  begin: Ms;
  end: Ms;
  windows: string[];
  note: string;
}

export interface NewCorrection {
  kind: "activity" | "name";
  text: string;
  begin?: Ms;
  end?: Ms;
  rows?: number[];
  note?: string;
}

export interface Corrections {
  corrections: Correction[];
  learned: boolean;
  note: string;
}

export interface Plan {
  sensors: Record<string, { x: number; y: number }>;
  outlines: Record<string, Point[]>;
}
