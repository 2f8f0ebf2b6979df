// Exits with 0 while the process in this container answers on /health.
const port = process.env.SKERRY_HTTP_PORT ?? '8080';
const url = process.argv[2] ?? `http://127.0.0.1:${port}/health`;
try {
  const response = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  process.exitCode = response.ok ? 0 : 1;
} catch (fault) {
  process.stderr.write(`${url} does not answer: ${fault.message}\n`);
  process.exitCode = 1;
}
