// Builds the page into ../static/built: one entry, views and the player split off and loaded when they are wanted.
// MOST_BYTES holds what is loaded without the player to the promise of docs/decisions/0014-the-page.md.

import { build } from "esbuild";
import { rmSync } from "node:fs";

const OUT = "../static/built";
const MOST_BYTES = 300_000;

rmSync(OUT, { recursive: true, force: true });
const result = await build({
  entryPoints: { page: "src/main.tsx" },
  outdir: OUT,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  charset: "utf8", // else each Russian letter is six bytes; modules are read as UTF-8 always
  sourcemap: false,
  legalComments: "linked",
  metafile: true,
  chunkNames: "[name]-[hash]",
  logLevel: "warning",
});

const scripts = Object.entries(result.metafile.outputs).filter(([name]) => name.endsWith(".js"));
const isPlayer = ([, output]) => Object.keys(output.inputs).some((input) => input.includes("node_modules/hls.js/"));
const bytes = scripts.filter((script) => !isPlayer(script)).reduce((sum, [, output]) => sum + output.bytes, 0);
console.log(`page: ${Math.round(bytes / 1000)} kB of script without the player`);
if (bytes > MOST_BYTES) {
  console.error(`page: that is more than ${MOST_BYTES / 1000} kB; leave something out, or say why in docs/decisions/`);
  process.exit(1);
}
