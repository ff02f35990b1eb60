// Colours that stay apart with the common kinds of colour blindness (Okabe and Ito 2008, and six more that
// differ from them); the same twelve as in the figures of the reports. From the thirteenth on, stripes
// are laid over the colour, so that colour is never the only difference.
export const CATEGORIES = [
  "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9",
  "#F0E442", "#6A3D9A", "#8C510A", "#B2DF8A", "#E31A6F", "#17202A",
] as const;
const IN_THE_DARK: Record<string, string> = {
  "#0072B2": "#3d9bd6", "#6A3D9A": "#a584d6", "#8C510A": "#b9783a", "#17202A": "#dfe5ea", "#E31A6F": "#f2609c",
};
const NONE = { light: "#d9dee4", dark: "#3a434d" };

export interface Paint {
  colour: string;
  striped: boolean;
}

/** The element that holds the colours: the page, or the place of a widget in a page of others. */
let ground: HTMLElement = document.documentElement;

export function setTheme(dark: boolean, on = ground): void {
  ground = on;
  ground.dataset.theme = dark ? "dark" : "light";
  dispatchEvent(new Event("themechange"));
}

export function isDark(): boolean {
  return ground.dataset.theme === "dark";
}

/** A colour of the page by its name in app.css. */
export const colourOf = (name: string): string => getComputedStyle(ground).getPropertyValue(`--${name}`).trim();

/** Colour of the category at a place in the home's own list; no category is grey. */
export function paintOf(index: number): Paint {
  if (index < 0) return { colour: isDark() ? NONE.dark : NONE.light, striped: false };
  const colour = CATEGORIES[index % CATEGORIES.length] as string;
  return { colour: isDark() ? (IN_THE_DARK[colour] ?? colour) : colour, striped: index >= CATEGORIES.length };
}

/** Laid under what happens at night. */
export const nightColour = (): string => (isDark() ? "#00000059" : "#2f5bd01f");

/** Names that stand for no activity: grey, whatever their place in the list. */
const NO_ACTIVITY = new Set(["unknown", "no_activity", "other", "other_activity"]);

/** Place of an activity in the home's list, -1 for none: what gives it its colour in every view. */
export function activityIndex(activities: readonly string[], name: string): number {
  return NO_ACTIVITY.has(name) ? -1 : activities.indexOf(name);
}

/** Black or white, whichever reads better on a colour. */
export function inkOn(colour: string): string {
  const [r, g, b] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.2 ? "#10161d" : "#ffffff";
}

export interface Theme {
  ink: string;
  soft: string;
  faint: string;
  line: string;
  wall: string;
  paper: string;
  panel: string;
  accent: string;
  warm: string;
}

/** The colours of the page, for canvases: read anew before each drawing, so that a change of theme shows. */
export function theme(): Theme {
  const style = getComputedStyle(ground);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"), soft: of("soft"), faint: of("faint"), line: of("line"), wall: of("wall"),
    paper: of("paper"), panel: of("panel"), accent: of("accent"), warm: of("warm"),
  };
}

export function fillPaint(c: CanvasRenderingContext2D, paint: Paint, x: number, y: number, w: number, h: number): void {
  c.fillStyle = paint.colour;
  c.fillRect(x, y, w, h);
  if (!paint.striped || w < 8 || h < 8) return; // In smaller pieces stripes are only noise.
  c.save();
  c.beginPath();
  c.rect(x, y, w, h);
  c.clip();
  c.strokeStyle = isDark() ? "#0008" : "#fff9";
  c.lineWidth = 1.5;
  c.beginPath();
  for (let at = x - h; at < x + w; at += 6) {
    c.moveTo(at, y + h);
    c.lineTo(at + h, y);
  }
  c.stroke();
  c.restore();
}
