// Validates pages: node check.mjs FILE...; prints each problem, and exits with 1 when there is one.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { FileSystemConfigLoader, HtmlValidate } from "html-validate";
import { JSDOM, VirtualConsole } from "jsdom";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const html = new HtmlValidate(
  new FileSystemConfigLoader({
    root: true,
    extends: ["html-validate:recommended", "html-validate:document", "html-validate:a11y"],
    // The length of a bar is data.
    rules: { "no-inline-style": "off" },
  }),
);
const problems = [];

for (const file of process.argv.slice(2)) {
  const report = await html.validateFile(file);
  for (const { messages } of report.results) {
    problems.push(...messages.map(({ line, ruleId, message }) => `${file}:${line}: ${ruleId}: ${message}`));
  }
  // Scripts run, handlers fire, and nothing is fetched: what a page could do by itself, it does here.
  const page = new JSDOM(readFileSync(file, "utf8"), { runScripts: "dangerously", virtualConsole: new VirtualConsole() });
  const { window } = page;
  window.alert = () => problems.push(`${file}: a script of the page was run`);
  if (window.document.scripts.length > 0) problems.push(`${file}: it has a script`);
  window.eval(axe);
  // Contrast needs a screen.
  const { violations } = await window.axe.run({ rules: { "color-contrast": { enabled: false } } });
  for (const { id, help, nodes } of violations) problems.push(`${file}: ${id}: ${help}: ${nodes[0].html}`);
  window.close();
}

for (const problem of problems) console.log(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
