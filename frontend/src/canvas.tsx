// A canvas that is sharp on every screen, follows its box and redraws once a frame at most.
import { type Ref } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { colourOf, isDark } from "./colours";

export type Draw = (c: CanvasRenderingContext2D, width: number, height: number) => void;

interface Props {
  draw: Draw;
  height: number;
  /** What the drawing shows, for those who cannot see it. */
  label: string;
  class?: string;
  /** What the drawing depends on; without it each render draws anew. */
  needs?: readonly unknown[];
  canvasRef?: Ref<HTMLCanvasElement>;
  /** Interactive canvases take the keyboard. */
  onKey?: (event: KeyboardEvent) => void;
  onPointerDown?: (event: PointerEvent) => void;
  onPointerMove?: (event: PointerEvent) => void;
  onPointerUp?: (event: PointerEvent) => void;
  onPointerLeave?: (event: PointerEvent) => void;
  onClick?: (event: MouseEvent) => void;
  onDblClick?: (event: MouseEvent) => void;
  onWheel?: (event: WheelEvent) => void;
}

export function Canvas(props: Props) {
  const own = useRef<HTMLCanvasElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const frame = useRef(0);

  const redraw = useRef(() => {
    if (frame.current) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      const canvas = own.current;
      const box = canvas?.parentElement;
      if (!canvas || !box) return;
      const scale = devicePixelRatio || 1;
      const width = box.clientWidth;
      const height = latest.current.height;
      const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
      if (canvas.width !== w || canvas.height !== h) {
        canvas.width = w;
        canvas.height = h;
      }
      const c = canvas.getContext("2d");
      if (!c) return;
      c.setTransform(scale, 0, 0, scale, 0, 0);
      c.clearRect(0, 0, width, height);
      latest.current.draw(c, width, height);
    });
  }).current;

  useEffect(() => redraw(), props.needs && [...props.needs, props.height]);
  useEffect(() => {
    const canvas = own.current as HTMLCanvasElement;
    const sizes = new ResizeObserver(redraw);
    sizes.observe(canvas.parentElement as HTMLElement);
    addEventListener("themechange", redraw);
    // A wheel listener that may stop the page from scrolling cannot be passive, and preact's are.
    const wheel = (event: WheelEvent) => latest.current.onWheel?.(event);
    canvas.addEventListener("wheel", wheel, { passive: false });
    return () => {
      sizes.disconnect();
      removeEventListener("themechange", redraw);
      canvas.removeEventListener("wheel", wheel);
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, []);

  const attach = (canvas: HTMLCanvasElement | null) => {
    own.current = canvas;
    const ref = props.canvasRef;
    if (typeof ref === "function") ref(canvas);
    else if (ref) ref.current = canvas;
  };
  const focusable = props.onKey ? { tabIndex: 0, role: "application" } : { role: "img" };
  return (
    <div class={`canvas ${props.class ?? ""}`}>
      <canvas
        ref={attach}
        {...(focusable as object)}
        aria-label={props.label}
        style={{ height: `${props.height}px` }}
        onKeyDown={props.onKey}
        onPointerDown={props.onPointerDown}
        onPointerMove={props.onPointerMove}
        onPointerUp={props.onPointerUp}
        onPointerCancel={props.onPointerUp}
        onPointerLeave={props.onPointerLeave}
        onClick={props.onClick}
        onDblClick={props.onDblClick}
      />
    </div>
  );
}

export type Layers = (key: readonly unknown[], w: number, h: number, paint: Draw) => HTMLCanvasElement;

/** A picture that is painted again only when its key, its size or the colours change; drawing it costs one copy. */
export function useLayer(): Layers {
  const kept = useRef<{ key: readonly unknown[]; canvas: HTMLCanvasElement } | null>(null);
  return (key, w, h, paint) => {
    const scale = devicePixelRatio || 1;
    const whole = [...key, w, h, scale, isDark()];
    const old = kept.current;
    if (old && whole.length === old.key.length && whole.every((one, at) => one === old.key[at])) return old.canvas;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.max(1, w * scale), Math.max(1, h * scale)];
    const c = canvas.getContext("2d") as CanvasRenderingContext2D;
    c.scale(scale, scale);
    paint(c, w, h);
    kept.current = { key: whole, canvas };
    return canvas;
  };
}

/** Saves what a canvas shows as a PNG, on the page's own ground instead of a transparent one. */
export function savePng(canvas: HTMLCanvasElement, name: string): void {
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  const c = copy.getContext("2d");
  if (!c) return;
  c.fillStyle = colourOf("panel");
  c.fillRect(0, 0, copy.width, copy.height);
  c.drawImage(canvas, 0, 0);
  copy.toBlob((blob) => blob && saveBlob(blob, name), "image/png");
}

export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
