// Holds documents of XML against a schema: node schema.mjs SCHEMA FILE...; prints what does not fit, and exits with 1
// when something does not.
import { readFileSync } from "node:fs";
import { XmlDocument, XsdValidator } from "libxml2-wasm";

const parsed = (file) => XmlDocument.fromBuffer(readFileSync(file), { url: file });
const [schema, ...files] = process.argv.slice(2);
const validator = XsdValidator.fromDoc(parsed(schema));

for (const file of files) {
  try {
    validator.validate(parsed(file));
  } catch (error) {
    console.log(`${file}: ${error.message.trim()}`);
    process.exitCode = 1;
  }
}
