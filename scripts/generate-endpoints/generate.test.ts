// The committed descriptors are the specification's: always against the committed digest, and against the OpenAPI files
// themselves where MATRIX_SPEC_DIR names them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  appserviceEndpoints,
  type Endpoint,
  endpoints,
  federationEndpoints,
  ponsEndpoints,
  pushGatewayEndpoints,
  synapseEndpoints,
} from '../../packages/spec/src/endpoints/index.ts';
import { generate } from './generate.ts';
import { digestLine } from './print.ts';

const generated = join(import.meta.dirname, '../../packages/spec/src/endpoints/generated');
const lists = [endpoints, federationEndpoints, appserviceEndpoints, pushGatewayEndpoints];
const specified: Endpoint[] = lists.flatMap((list) => Object.values(list));

describe('the endpoint descriptors', () => {
  test('every descriptor is the one that the digest names, and none is missing', () => {
    const [, ...lines] = readFileSync(join(generated, 'digest.tsv'), 'utf8').trim().split('\n');
    const modules = lines.map((line) => line.split('\t')[1] ?? '');
    expect(specified.map((endpoint, index) => digestLine(modules[index] ?? '', endpoint))).toEqual(lines);
  });

  test('version 1.19 has 212 endpoints in four APIs', () => {
    expect(specified).toHaveLength(212);
  });

  test('no two endpoints have the same method and path, but for two ways to invite and to peek', () => {
    const all: Endpoint[] = [...specified, ...Object.values(ponsEndpoints), ...Object.values(synapseEndpoints)];
    const places = all.map(({ method, path }) => `${method} ${path}`);
    const twice = places.filter((place, index) => places.indexOf(place) !== index);
    expect(twice).toEqual(['GET /_matrix/client/v3/events', 'POST /_matrix/client/v3/rooms/{roomId}/invite']);
  });

  test('the operation of a descriptor is its name in the list', () => {
    for (const list of [...lists, ponsEndpoints, synapseEndpoints]) {
      for (const [name, endpoint] of Object.entries(list)) expect(endpoint.operation).toBe(name);
    }
  });

  const { MATRIX_SPEC_DIR } = process.env;
  test.each(MATRIX_SPEC_DIR === undefined ? [] : [MATRIX_SPEC_DIR])(
    'regenerating from %s changes nothing',
    (folder) => {
      const made = Object.fromEntries(generate(folder));
      const committed = Object.keys(made).map((name) => [name, readFileSync(join(generated, name), 'utf8')]);
      expect(Object.fromEntries(committed)).toEqual(made);
    },
  );
});
