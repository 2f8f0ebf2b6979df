// Preloaded into npm, which leaves out optional packages that it holds unfit for the Node it runs on: they are for the Node
// that the repository brings, and native code is among them.
Object.defineProperty(process, 'version', { value: `v${process.env.SKERRY_OWN_NODE}` });

// npm 9.6.4, which comes with Node 20.0, asks for the libc of the system under a name that Node does not have
const getReport = process.report.getReport.bind(process.report);
process.report.getReport = (...words) => {
  const report = getReport(...words);
  report.header.glibcRuntimeVersion ??= report.header.glibcVersionRuntime;
  return report;
};
