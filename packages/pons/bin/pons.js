#!/usr/bin/env node
// What `pons` runs: src/ in a checkout, dist/ where it was installed, once it is known that this Node can load it.
import { existsSync } from 'node:fs';
import './needs-node.js';

const source = new URL('../src/main.ts', import.meta.url);
await import(existsSync(source) ? source.href : '../dist/main.js');
