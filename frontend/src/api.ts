// Asks the server. Addresses are relative, so that the viewer works below a prefix (a reverse proxy).
import type { Job } from "./types";

export class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** The answer is still being made: ask again when the job is ready. */
export class Pending extends Error {
  constructor(readonly job: Job | null) {
    super("pending");
  }
}

type Value = string | number | readonly (string | number)[] | null | undefined;

export function address(path: string, params: Record<string, Value> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === null || value === undefined || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one));
  }
  const text = query.toString();
  return `api/${path}${text ? `?${text}` : ""}`;
}

export const ofHome = (home: string, what: string, params: Record<string, Value> = {}) =>
  address(`homes/${encodeURIComponent(home)}${what ? `/${what}` : ""}`, params);

/** How a question reaches the home: over HTTP, or through a notebook's connection to its program. */
let transport: (url: string, options: RequestInit) => Promise<Response> = (url, options) => fetch(url, options);

export function askThrough(way: typeof transport): void {
  transport = way;
}

export async function ask(url: string, options: RequestInit = {}): Promise<Response> {
  const response = await transport(url, {
    ...options,
    headers: { "X-Discover": "1", ...(options.headers as Record<string, string> | undefined) },
  });
  if (response.status === 202) throw new Pending((await response.json().catch(() => ({})))?.job ?? null);
  if (!response.ok) {
    const body = await response.json().catch(() => null);
    throw new Refusal(String(body?.error ?? `HTTP ${response.status}`), response.status);
  }
  return response;
}

export async function get<T>(url: string, signal?: AbortSignal): Promise<T> {
  return (await ask(url, signal ? { signal } : {})).json();
}

export async function send<T>(method: string, url: string, body?: unknown): Promise<T> {
  const json = { "Content-Type": "application/json" };
  const options = body === undefined ? { method } : { method, body: JSON.stringify(body), headers: json };
  return (await ask(url, options)).json();
}

export async function download(url: string, body: unknown): Promise<Blob> {
  const headers = { "Content-Type": "application/json" };
  return (await ask(url, { method: "POST", body: JSON.stringify(body), headers })).blob();
}

/** Sends a file. XMLHttpRequest, because fetch does not tell how much was sent. */
export function upload<T>(file: File, progress: (share: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address("upload", { name: file.name, zone: Intl.DateTimeFormat().resolvedOptions().timeZone }));
    request.setRequestHeader("X-Discover", "1");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = () => reject(new Refusal("network", 0));
    request.onload = () => {
      let body: { error?: string } | null = null;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // An answer that is no JSON is told by its status alone.
      }
      if (request.status < 300) resolve(body as T);
      else reject(new Refusal(body?.error ?? `HTTP ${request.status}`, request.status));
    };
    request.send(file);
  });
}

export type Numbers = Float64Array | Float32Array | Uint32Array | Int32Array | Uint16Array | Uint8Array;
const KINDS = {
  float64: Float64Array, float32: Float32Array, uint32: Uint32Array, int32: Int32Array, uint16: Uint16Array,
  uint8: Uint8Array,
} as const;

export interface Columns<Meta> {
  rows: number;
  meta: Meta;
  /** A column by name; an error where the server sent none of it. */
  of: (name: string) => Numbers;
}

/** Code that stands for nothing in a uint16 column. */
export const NOTHING = 65535;

/** Tables in columns, as docs/reference/app_api.md lays them out: views into the answer, nothing is copied. */
export function readColumns<Meta>(buffer: ArrayBuffer): Columns<Meta> {
  const view = new DataView(buffer);
  if (buffer.byteLength < 8 || view.getUint32(0, false) !== 0x44434f4c) throw new Error("not DCOL");
  const size = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)));
  const columns = new Map<string, Numbers>();
  for (const { name, type, offset } of header.columns as { name: string; type: keyof typeof KINDS; offset: number }[])
    columns.set(name, new KINDS[type](buffer, 8 + size + offset, header.rows));
  return {
    rows: header.rows,
    meta: header.meta,
    of: (name) => {
      const found = columns.get(name);
      if (!found) throw new Error(`no column ${name}`);
      return found;
    },
  };
}

export async function columns<Meta>(url: string, signal?: AbortSignal): Promise<Columns<Meta>> {
  return readColumns<Meta>(await (await ask(url, signal ? { signal } : {})).arrayBuffer());
}
