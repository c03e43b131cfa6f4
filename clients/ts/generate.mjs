// Generates the TypeScript client: node generate.mjs <idl.json> <folder>
import { readFile } from 'node:fs/promises';
import { rootNodeFromAnchor } from '@codama/nodes-from-anchor';
import { renderVisitor } from '@codama/renderers-js';
import { createFromRoot } from 'codama';

const [idl, folder] = process.argv.slice(2);
if (!idl || !folder) throw new Error('usage: node generate.mjs <idl.json> <folder>');
const codama = createFromRoot(rootNodeFromAnchor(JSON.parse(await readFile(idl, 'utf8'))));
await codama.accept(renderVisitor(folder, { generatedFolder: '.', syncPackageJson: false }));
