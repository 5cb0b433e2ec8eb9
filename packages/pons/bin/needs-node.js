// Ends the process with one line on a Node that cannot run Pons. JavaScript of any age and without types: older ones must be able to read it.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 7)) {
  process.stderr.write(
    `pons: needs Node 24.7 or newer, this is ${process.versions.node}; from a checkout run it through pnpm, which brings one: npx -y pnpm@12.21.0 pons …\n`,
  );
  process.exit(2);
}
