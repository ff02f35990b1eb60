// Builds the viewer: `node build.mjs [OUT]`; without OUT into the package, ../src/discover/app/static.
// The same sources and lock file give the same bytes, so a test can compare what ships with what they build.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "..", "src", "discover", "app", "static");
mkdirSync(out, { recursive: true });

const options = {
  absWorkingDir: here,
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};
await build({ ...options, entryPoints: [{ in: "src/main.tsx", out: "app" }, { in: "src/app.css", out: "app" }] });
// A notebook loads one file, so the styles stand in it.
const styles = JSON.stringify(readFileSync(join(out, "app.css"), "utf8"));
await build({ ...options, entryPoints: [{ in: "src/widget.tsx", out: "widget" }], define: { STYLES: styles } });
for (const name of ["index.html", "icon.svg"]) copyFileSync(join(here, "src", name), join(out, name));
copyFileSync(join(here, "node_modules", "preact", "LICENSE"), join(out, "LICENSE.preact.txt"));

// One hash of everything the bundle is made from: what a test compares where node is not installed.
const sources = readdirSync(join(here, "src"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(here.length + 1).replaceAll("\\", "/"))
  .concat("build.mjs", "package.json", "package-lock.json", "tsconfig.json")
  .sort();
const hash = createHash("sha256");
for (const name of sources) hash.update(`${name}\n`).update(readFileSync(join(here, name)));
writeFileSync(join(out, "sources.sha256"), `${hash.digest("hex")}\n`);
