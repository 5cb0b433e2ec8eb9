// Left-overs and links: nothing left to do in the code, one pinned version of the specification, no registry host in the lockfile, a head comment in every file.
import type { Check } from './files.ts';

const pinned = 'v1.19';
const leftOver = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);
const hosts = new RegExp(
  ['registry.npmjs' + '.org', 'proxy.golang' + '.org', 'deb.debian' + '.org']
    .map((host) => host.replaceAll('.', '\\.'))
    .join('|'),
);
const banned = /\/(utils?|helpers?|common|managers?|handlers?|misc)\.ts$/;

/** What must not stand in the project. */
export const words: Check = (files) =>
  files.flatMap((file) => {
    const complaints: string[] = [];
    if (banned.test(file.path))
      complaints.push(`${file.path}:1: a file name says where something is; this one does not`);
    if (file.path.endsWith('.ts') && !file.path.includes('/generated/') && !/^(#!.*\n)?(\/\/|\/\*)/.test(file.text))
      complaints.push(`${file.path}:1: no head comment: what is it, where in the flow, why so`);
    file.lines.forEach((line, index) => {
      const at = `${file.path}:${index + 1}:`;
      if (/\.(ts|tsx|sql)$/.test(file.path) && leftOver.test(line))
        complaints.push(`${at} left-over: ${line.trim().slice(0, 80)}`);
      const link = /spec\.matrix\.org\/(v[\d.]+|latest|unstable)\b/.exec(line);
      if (link !== null && link[1] !== pinned) complaints.push(`${at} spec link to ${link[1]}, pinned is ${pinned}`);
      if (hosts.test(line)) complaints.push(`${at} names a registry host`);
    });
    return complaints;
  });
