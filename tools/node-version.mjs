/** Ends the process with a message when this Node is older than `major`. Written for very old Nodes to parse. */
export function requireNode(major) {
  var found = process.versions.node;
  if (Number(found.split('.')[0]) >= major) return;
  process.stderr.write(
    'Skerry needs Node.js ' +
      major +
      ' or newer to begin with; found ' +
      found +
      ' at ' +
      process.execPath +
      '.\n',
  );
  process.exit(1);
}
